/** Refused messages of a stream, newest first, each with its payload and the reason. */
import type { Request, Response } from 'express';
import { formatTimestamp } from '../../streams/index.ts';
import type { RefusalCode, Stream } from '../../streams/index.ts';
import type { StoredQuarantineRecord, Warehouse } from '../../warehouse/index.ts';
import { csvLine } from '../csv.ts';
import { decodeCursor, encodeCursor, questionHash, unknown } from '../cursor.ts';
import { LIST_FORMATS, listLimit, sendList } from '../list.ts';
import type { List, ListFormat } from '../list.ts';
import { choiceParameter, cursorParameter, readQuery } from '../parameters.ts';
import type { Parameter } from '../parameters.ts';
import { negotiate } from '../respond.ts';
import type { StreamResource } from '../stream-resource.ts';

/** Bytes of a payload that are shown; a refused message may have 10 MB, and a page 1,000 of them. */
export const PAYLOAD_BYTES_SHOWN_MAX = 16 * 2 ** 10;
/** Records read at once: at 10 MB each, 200 MB at worst. */
const READ_ROWS_MAX = 20;

export const REASON_CODES = [
  'bad_encoding',
  'not_json',
  'not_an_object',
  'missing_field',
  'unknown_field',
  'wrong_type',
  'out_of_range',
  'bad_timestamp',
  'future_timestamp',
  'too_large',
  'refused_by_warehouse',
] as const satisfies readonly RefusalCode[];

const reasonCode = choiceParameter('reason_code', REASON_CODES, 'Only refusals of this kind.');
const replayed = choiceParameter(
  'replayed',
  ['true', 'false'],
  'Only records that were, or were not, published again.',
);

export function quarantineParameters(format: ListFormat): readonly Parameter<unknown>[] {
  return [reasonCode, replayed, listLimit(format), cursorParameter];
}

/** Members of a record, in the order of the CSV columns. */
export const QUARANTINE_MEMBERS = [
  'quarantine_id',
  'quarantine_time',
  'reason_code',
  'reason',
  'message_id',
  'subscription',
  'publish_time',
  'delivery_attempt',
  'ordering_key',
  'attributes',
  'payload',
  'payload_encoding',
  'payload_bytes',
  'replay_time',
] as const;

export async function listQuarantine(
  { warehouse }: { warehouse: Warehouse },
  { stream }: StreamResource,
  request: Request,
  response: Response,
): Promise<void> {
  const format = negotiate(request, response, LIST_FORMATS);
  const list = quarantineList(warehouse, stream, request.url, format);
  await sendList(request, response, format, list);
}

/** The list that the query of `url` asks for. */
export function quarantineList(
  warehouse: Warehouse,
  stream: Stream,
  url: string,
  format: ListFormat,
): List<StoredQuarantineRecord, string> {
  const query = readQuery(url, quarantineParameters(format));
  const code = query.get(reasonCode);
  const isReplayed = query.get(replayed);
  const question = questionHash(['quarantine', stream.name, code ?? null, isReplayed ?? null]);
  const cursor = query.get(cursorParameter);

  return {
    stream: stream.name,
    key: 'quarantine',
    query,
    limit: query.get(listLimit(format)),
    after: cursor === undefined ? undefined : positionFrom(question, cursor),
    readRowsMax: READ_ROWS_MAX,
    async fetch(limit, afterId) {
      const records = await warehouse.quarantined(stream.name, {
        limit: limit + 1,
        ...(code !== undefined && { reasonCode: code }),
        ...(isReplayed !== undefined && { isReplayed: isReplayed === 'true' }),
        ...(afterId !== undefined && { afterId }),
      });
      return { items: records.slice(0, limit), hasMore: records.length > limit };
    },
    positionOf: ({ quarantineId }) => quarantineId,
    cursorOf: (quarantineId) => encodeCursor(question, [quarantineId]),
    json: (record) => JSON.stringify(membersOf(record)),
    csvHeader: csvLine(QUARANTINE_MEMBERS),
    csv(record) {
      const members = membersOf(record);
      return csvLine(
        QUARANTINE_MEMBERS.map((name) =>
          name === 'attributes' ? JSON.stringify(members.attributes) : members[name],
        ),
      );
    },
  };
}

function membersOf(record: StoredQuarantineRecord) {
  return {
    quarantine_id: record.quarantineId,
    quarantine_time: formatTimestamp(record.quarantineTimeMicros),
    reason_code: record.reasonCode,
    reason: record.reason,
    message_id: record.messageId,
    subscription: record.subscription,
    publish_time: formatTimestamp(record.publishTimeMicros),
    delivery_attempt: record.deliveryAttempt,
    ordering_key: record.orderingKey,
    attributes: record.attributes,
    ...payloadOf(record),
    payload_bytes: record.payload.byteLength,
    replay_time: record.replayTimeMicros === null ? null : formatTimestamp(record.replayTimeMicros),
  };
}

/** Text where the payload is text, else base64; cut where it is longer than is shown. */
function payloadOf({ payload, payloadText }: StoredQuarantineRecord) {
  if (payloadText !== '' || payload.byteLength === 0) {
    const isWhole = payload.byteLength <= PAYLOAD_BYTES_SHOWN_MAX;
    const text = isWhole ? payloadText : payloadText.slice(0, PAYLOAD_BYTES_SHOWN_MAX);
    return { payload: text, payload_encoding: 'text' };
  }
  const shown = Buffer.from(payload.subarray(0, PAYLOAD_BYTES_SHOWN_MAX));
  return { payload: shown.toString('base64'), payload_encoding: 'base64' };
}

function positionFrom(question: string, cursor: string): string {
  const [quarantineId] = decodeCursor(question, cursor);
  if (typeof quarantineId !== 'string') throw unknown();
  return quarantineId;
}
