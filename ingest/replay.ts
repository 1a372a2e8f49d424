/** Quarantined messages back onto their topic, after repair, once they would pass. */
import type { PubSub } from '@google-cloud/pubsub';
import { compileValidator } from '../streams/index.ts';
import type { Stream } from '../streams/index.ts';
import { PAGE_ROWS_MAX } from '../warehouse/index.ts';
import type { StoredQuarantineRecord, Warehouse } from '../warehouse/index.ts';
import { publishable } from './dead-letter.ts';
import { CONTENT_ENCODING, decode, decodeText } from './decode.ts';

export interface ReplayOptions {
  readonly warehouse: Warehouse;
  readonly pubsub: PubSub;
  readonly stream: Stream;
  /** Only these; all where absent. */
  readonly ids?: readonly string[];
  readonly reasonCode?: string;
  /** From the payload's text (unpacked) to the repaired one; a repaired message is published unpacked. */
  readonly repair?: (payloadText: string, quarantineId: string) => string;
  /** Says what would happen and changes nothing. */
  readonly dryRun: boolean;
  readonly nowMs: number;
}

export interface ReplayResult {
  /** Messages published again; with `dryRun`, those that would be. */
  readonly replayedCount: number;
  readonly stillBad: readonly { readonly quarantineId: string; readonly reason: string }[];
}

/** Pub/Sub's largest message. Source: https://cloud.google.com/pubsub/quotas. */
const MESSAGE_BYTES_MAX = 10 * 2 ** 20;
/** Messages published and marked in one go: a crash repeats so many at most, and their event ids deduplicate. */
const REPLAY_PAGE_ROWS = Math.min(200, PAGE_ROWS_MAX);

/**
 * Publishes quarantined messages again with their original attributes, and marks them; those that are marked already
 * are left out. What still would be refused stays in quarantine and is reported.
 */
export async function replayQuarantine(options: ReplayOptions): Promise<ReplayResult> {
  const { warehouse, stream, dryRun, nowMs } = options;
  const wanted = options.ids && new Set(options.ids);
  const validate = compileValidator(stream);
  const stillBad: { quarantineId: string; reason: string }[] = [];
  let replayedCount = 0;
  let afterId: string | undefined;
  for (;;) {
    const page = await warehouse.quarantined(stream.name, {
      limit: REPLAY_PAGE_ROWS,
      isReplayed: false,
      ...(options.reasonCode === undefined ? {} : { reasonCode: options.reasonCode }),
      ...(afterId === undefined ? {} : { afterId }),
    });
    const good: { record: StoredQuarantineRecord; message: ReplayMessage }[] = [];
    for (const record of page) {
      if (wanted && !wanted.has(record.quarantineId)) continue;
      const message = repaired(record, options.repair);
      const decoded = decode(message.data, message.attributes, MESSAGE_BYTES_MAX);
      const validated = decoded.ok ? validate(decoded.event, nowMs) : undefined;
      if (validated?.ok) good.push({ record, message });
      else {
        const refusal = decoded.ok ? validated?.problems[0] : decoded.refusal;
        stillBad.push({ quarantineId: record.quarantineId, reason: refusal?.reason ?? '' });
      }
    }
    if (!dryRun && good.length > 0) {
      await Promise.all(good.map(({ message }) => publish(options, message)));
      const ids = good.map(({ record }) => record.quarantineId);
      await warehouse.markReplayed(stream.name, ids, nowMs * 1_000);
    }
    replayedCount += good.length;
    afterId = page.at(-1)?.quarantineId;
    if (page.length < REPLAY_PAGE_ROWS) return { replayedCount, stillBad };
  }
}

interface ReplayMessage {
  readonly data: Buffer;
  readonly attributes: Record<string, string>;
  readonly orderingKey: string;
}

function repaired(record: StoredQuarantineRecord, repair: ReplayOptions['repair']): ReplayMessage {
  const data = Buffer.from(record.payload);
  const attributes = publishable(record.attributes);
  const { orderingKey } = record;
  if (!repair) return { data, attributes, orderingKey };
  const decoded = decodeText(data, attributes, MESSAGE_BYTES_MAX);
  const text = repair(decoded.ok ? decoded.text : record.payloadText, record.quarantineId);
  const { [CONTENT_ENCODING]: _unpacked, ...rest } = attributes;
  return { data: Buffer.from(text), attributes: rest, orderingKey };
}

function publish(options: ReplayOptions, message: ReplayMessage): Promise<string> {
  const { data, attributes, orderingKey } = message;
  const { pubsub, stream } = options;
  if (orderingKey === '') return pubsub.topic(stream.topic).publishMessage({ data, attributes });
  return pubsub
    .topic(stream.topic, { messageOrdering: true })
    .publishMessage({ data, attributes, orderingKey });
}
