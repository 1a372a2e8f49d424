/** The front page, the list of streams and one stream with all that is known of it. */
import type { Request, Response } from 'express';
import type { Logger } from '../../runtime/index.ts';
import { formatTimestamp } from '../../streams/index.ts';
import type { Column, Stream, Windows } from '../../streams/index.ts';
import { messageOf } from '../../runtime/index.ts';
import type { ServiceDeps, SubscriptionBacklog } from '../deps.ts';
import { readQuery } from '../parameters.ts';
import { negotiate, sendWhole } from '../respond.ts';
import { dataAgeSeconds, freshnessHeaders } from '../stream-resource.ts';
import type { StreamResource } from '../stream-resource.ts';
import { setHeaders } from './events.ts';

export function welcome(deps: ServiceDeps, request: Request, response: Response): void {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const body = {
    message: 'Welcome to Highwater: events in through Pub/Sub, stored once, served here.',
    version: deps.version,
    project: deps.projectId,
    links: {
      self: '/',
      streams: '/v1/streams',
      ...(deps.slos ? { slos: '/v1/slos' } : {}),
      console: '/console',
      docs: '/docs',
      openapi: '/openapi.json',
      health: '/healthz',
      readiness: '/readyz',
    },
  };
  sendWhole(request, response, 'json', JSON.stringify(body));
}

export async function listStreams(
  { clock }: ServiceDeps,
  resources: readonly StreamResource[],
  request: Request,
  response: Response,
): Promise<void> {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const newest = await Promise.all(resources.map((each) => each.newestEvent()));
  const nowMs = clock.nowMs();
  const streams = resources.map(({ stream }, index) => ({
    name: stream.name,
    description: stream.description,
    ...newestMembers(newest[index] ?? null, nowMs),
    links: linksOf(stream),
  }));
  const body = JSON.stringify({ count: streams.length, streams });
  sendWhole(request, response, 'json', body);
}

export async function oneStream(
  deps: ServiceDeps,
  resource: StreamResource,
  request: Request,
  response: Response,
): Promise<void> {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const body = await streamBody(deps, resource);
  const newest = await resource.newestEvent();
  setHeaders(response, freshnessHeaders(newest, deps.clock.nowMs()));
  sendWhole(request, response, 'json', JSON.stringify(body));
}

/** All that is known of a stream, as its route answers. */
export async function streamBody(deps: ServiceDeps, resource: StreamResource) {
  const { stream } = resource;
  const [newest, rowCount, quarantineCount, backlog] = await Promise.all([
    resource.newestEvent(),
    resource.rowCount(),
    resource.quarantineCount(),
    backlogOf(deps, stream, deps.logger),
  ]);
  const nowMs = deps.clock.nowMs();
  return {
    name: stream.name,
    description: stream.description,
    topic: stream.topic,
    subscription: stream.subscription,
    dead_letter_topic: stream.deadLetterTopic,
    event_id: stream.eventId,
    event_time: stream.eventTime,
    columns: stream.columns.map(columnMembers),
    filters: stream.filters,
    windows: stream.windows ? windowsMembers(stream.windows) : null,
    row_count: rowCount,
    quarantine_count: quarantineCount,
    ...newestMembers(newest, nowMs),
    newest_ingest_time: newest ? formatTimestamp(newest.ingestTimeMicros) : null,
    backlog,
    ingest: ingestOf(deps, stream),
    links: linksOf(stream),
  };
}

function linksOf(stream: Stream): Record<string, string> {
  const self = `/v1/streams/${stream.name}`;
  return {
    self,
    events: `${self}/events`,
    ...(stream.windows && { windows: `${self}/windows` }),
    quarantine: `${self}/quarantine`,
  };
}

function newestMembers(newest: Awaited<ReturnType<StreamResource['newestEvent']>>, nowMs: number) {
  return {
    newest_event_time: newest ? formatTimestamp(newest.eventTimeMicros) : null,
    data_age_seconds: newest ? dataAgeSeconds(newest, nowMs) : null,
  };
}

function columnMembers(column: Column) {
  return {
    name: column.name,
    type: column.type,
    mode: column.isRequired ? 'REQUIRED' : 'NULLABLE',
    description: column.description,
    minimum: column.minimum,
    exclusive_minimum: column.exclusiveMinimum,
    maximum: column.maximum,
    exclusive_maximum: column.exclusiveMaximum,
    length_max: column.lengthMax,
    pattern: column.pattern,
    enum: column.enum,
  };
}

function windowsMembers(windows: Windows) {
  return {
    size_seconds: windows.sizeMs / 1_000,
    allowed_lateness_seconds: windows.allowedLatenessMs / 1_000,
    group_by: windows.groupBy,
    measures: windows.measures.map((each) => ({
      name: each.name,
      function: each.function,
      column: each.column ?? null,
    })),
    spike: windows.spike,
  };
}

/** `null` where the backlog is not known here, or cannot be read just now: the rest of the answer stands. */
async function backlogOf(deps: ServiceDeps, stream: Stream, logger: Logger) {
  let all: readonly SubscriptionBacklog[];
  try {
    all = (await deps.backlog?.()) ?? [];
  } catch (error) {
    logger.warn('backlog_unavailable', { stream: stream.name, error: messageOf(error) });
    return null;
  }
  const found = all.find(
    ({ subscription }) =>
      subscription === stream.subscription || subscription.endsWith(`/${stream.subscription}`),
  );
  if (!found) return null;
  return {
    undelivered_count: found.undeliveredCount,
    oldest_unacked_message_age_seconds: found.oldestUnackedMessageAgeSeconds,
  };
}

function ingestOf({ ingestStats }: ServiceDeps, stream: Stream): object | null {
  const all = ingestStats?.() ?? [];
  return all.find((each) => 'stream' in each && each.stream === stream.name) ?? null;
}
