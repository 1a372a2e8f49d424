/** Events that are posted: validated as the ingester will, then published; they are readable once ingested. */
import type { Request, Response } from 'express';
import { messageOf } from '../../runtime/index.ts';
import { itemsOf } from '../body.ts';
import type { Item } from '../body.ts';
import type { OutgoingMessage, ServiceDeps } from '../deps.ts';
import { readQuery } from '../parameters.ts';
import { ServiceError } from '../problem.ts';
import type { ProblemItem } from '../problem.ts';
import { negotiate, sendBody } from '../respond.ts';
import type { StreamResource } from '../stream-resource.ts';

/** Says on every message by which road it came. */
const ATTRIBUTES = { source: 'api' };

interface Checked {
  readonly index: number;
  readonly id: string;
  readonly message: OutgoingMessage;
}

/**
 * 202 where at least one event was valid and all valid ones were published; 400 where none is valid; 503 where any valid
 * one could not be published (posting all again is safe: the event id makes duplicates one row).
 */
export async function publishEvents(
  { publish, clock }: Pick<ServiceDeps, 'publish' | 'clock'>,
  resource: StreamResource,
  request: Request,
  response: Response,
): Promise<void> {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const nowMs = clock.nowMs();
  const valid: Checked[] = [];
  const rejected: ProblemItem[] = [];
  for (const [index, item] of itemsOf(request).entries()) {
    const checked = check(resource, item, index, nowMs);
    if ('message' in checked) valid.push(checked);
    else rejected.push(...checked.problems);
  }
  if (valid.length === 0) {
    throw new ServiceError('invalid_body', 'No event is valid; nothing was published.', {
      errors: rejected,
    });
  }

  const results = await published(publish, resource, valid);
  const accepted = valid.flatMap(({ index, id }, position) => {
    const result = results[position];
    return typeof result === 'string' ? [{ index, id, message_id: result }] : [];
  });
  if (accepted.length < valid.length) throw unavailable(valid, results, accepted, rejected);

  response.statusCode = 202;
  sendBody(response, 'json', JSON.stringify({ stream: resource.stream.name, accepted, rejected }));
}

function check(
  resource: StreamResource,
  item: Item,
  index: number,
  nowMs: number,
): Checked | { readonly problems: readonly ProblemItem[] } {
  if (!item.isJson) {
    return { problems: [{ index, code: 'not_json', field: null, reason: item.reason }] };
  }
  try {
    const result = resource.validate(item.value, nowMs);
    if (!result.ok) {
      return {
        problems: result.problems.map(({ code, field, reason }) => ({
          index,
          code,
          field: field ?? null,
          reason,
        })),
      };
    }
    const data = Buffer.from(JSON.stringify(item.value));
    const id = String(result.row[resource.eventIdIndex]);
    return { index, id, message: { data, attributes: { ...ATTRIBUTES } } };
  } catch (error) {
    // JSON nested some thousand levels deep can be parsed but not printed again.
    if (!(error instanceof RangeError)) throw error;
    const reason = 'nested too deeply to be stored';
    return { problems: [{ index, code: 'too_large', field: null, reason }] };
  }
}

async function published(
  publish: ServiceDeps['publish'],
  { stream }: StreamResource,
  valid: readonly Checked[],
): Promise<readonly (string | Error)[]> {
  try {
    return await publish(
      stream,
      valid.map(({ message }) => message),
    );
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(messageOf(error));
    return valid.map(() => failure);
  }
}

function unavailable(
  valid: readonly Checked[],
  results: readonly (string | Error)[],
  accepted: readonly object[],
  rejected: readonly ProblemItem[],
): ServiceError {
  const failed = valid.filter((_, position) => typeof results[position] !== 'string');
  const cause = results.find((each) => each instanceof Error);
  const errors = failed.map(({ index }) => ({
    index,
    code: 'messages_unavailable',
    field: null,
    reason: 'not published; post it again',
  }));
  return new ServiceError(
    'messages_unavailable',
    `${failed.length} of ${valid.length} valid events could not be published. Posting all of them again is safe.`,
    { errors: [...errors, ...rejected], members: { accepted }, ...(cause && { cause }) },
  );
}
