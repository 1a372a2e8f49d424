/** Refused messages in BigQuery: written at least once, read once each, newest publish first. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { TIMESTAMP_MICROS_MIN, tablePath } from './bigquery-parameters.ts';
import type { BigqueryParameters } from './bigquery-parameters.ts';
import { toNumber } from './bigquery-reader.ts';
import type { BigqueryReader } from './bigquery-reader.ts';
import type { BigqueryRecord } from './bigquery-rows.ts';
import { QUARANTINE_TABLE, REPLAYS_TABLE } from './bigquery-schema.ts';
import type { QuarantineQuery, QuarantineRecord, StoredQuarantineRecord } from './warehouse.ts';

/** A row of BigQuery holds 10 MB: what a payload is longer is cut off, and the dead-letter topic has it whole. */
const PAYLOAD_BYTES_MAX = 8 * 2 ** 20;
/** The payload as text is for people. */
const PAYLOAD_TEXT_BYTES_MAX = 2 ** 19;
const ID_TIME_DIGITS = 16;

/** Inside a query an array may be NULL; only a result has it empty. */
const attributesSchema = z
  .array(z.object({ key: z.string(), value: z.string() }))
  .nullable()
  .transform((attributes) => attributes ?? []);

/**
 * The id of one publish as one subscription has it: the same at every delivery, so that a refusal which is written again
 * after a crash is read once. Ids sort by publish time.
 */
export function quarantineIdOf(
  message: Pick<QuarantineRecord, 'subscription' | 'messageId' | 'publishTimeMicros'>,
): string {
  const { subscription, messageId, publishTimeMicros } = message;
  const time = String(Math.max(0, publishTimeMicros)).padStart(ID_TIME_DIGITS, '0');
  const text = JSON.stringify([subscription, messageId, publishTimeMicros]);
  return `${time}-${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
}

/** In the order of `quarantineTable`'s columns. */
export function quarantineRow(record: QuarantineRecord): BigqueryRecord {
  const { payload, payloadText } = record;
  const isCut = payload.length > PAYLOAD_BYTES_MAX;
  const cut = isCut
    ? ` (payload cut from ${payload.length} to ${PAYLOAD_BYTES_MAX} bytes; the dead-letter topic has it whole)`
    : '';
  return [
    record.quarantineTimeMicros,
    payload.length > PAYLOAD_TEXT_BYTES_MAX ? '' : payloadText,
    isCut ? payload.subarray(0, PAYLOAD_BYTES_MAX) : payload,
    Object.entries(record.attributes),
    `${record.reason}${cut}`,
    null,
    quarantineIdOf(record),
    record.stream,
    record.messageId,
    record.subscription,
    record.publishTimeMicros,
    record.orderingKey,
    record.reasonCode,
    record.deliveryAttempt,
  ];
}

/** A page, newest publish first: first which records, from narrow columns; then those with their payloads. */
export async function readQuarantine(
  reader: BigqueryReader,
  stream: string,
  query: QuarantineQuery,
): Promise<readonly StoredQuarantineRecord[]> {
  const page = await reader.rows('quarantined_ids', (bound) =>
    pageSql(reader.dataset, stream, query, bound),
  );
  if (page.length === 0) return [];
  const replayTimes = new Map(page.map(([id, , replayTime]) => [id, toNumber(replayTime)]));
  const ids = page.map(([id]) => String(id));
  const times = page.map(([, publishTime]) => Number(publishTime));
  const rows = await reader.rows('quarantined', (bound) =>
    recordsSql(reader.dataset, ids, times, bound),
  );
  return rows.map((row) => ({
    quarantineTimeMicros: Number(row[0]),
    payloadText: String(row[1]),
    payload: Uint8Array.from(Buffer.from(String(row[2]), 'base64')),
    attributes: Object.fromEntries(
      attributesSchema.parse(JSON.parse(row[3] ?? '[]')).map(({ key, value }) => [key, value]),
    ),
    reason: row[4] ?? '',
    quarantineId: String(row[5]),
    stream: String(row[6]),
    messageId: String(row[7]),
    subscription: String(row[8]),
    publishTimeMicros: Number(row[9]),
    orderingKey: String(row[10]),
    reasonCode: String(row[11]),
    deliveryAttempt: Number(row[12]),
    replayTimeMicros: replayTimes.get(String(row[5])) ?? null,
  }));
}

export async function countQuarantine(reader: BigqueryReader, stream: string): Promise<number> {
  const [row] = await reader.rows(
    'quarantine_count',
    (bound) => `select count(distinct quarantineId)
      from ${tablePath(reader.dataset, QUARANTINE_TABLE)}
      where publishTime >= ${bound.timestamp(TIMESTAMP_MICROS_MIN)}
        and stream = ${bound.text(stream)}`,
  );
  return Number(row?.[0] ?? 0);
}

/** Id, publish time and replay time of a page's records. */
function pageSql(
  dataset: string,
  stream: string,
  query: QuarantineQuery,
  bound: BigqueryParameters,
): string {
  const { afterId, reasonCode, isReplayed } = query;
  const name = bound.text(stream);
  const stored = [`publishTime >= ${bound.timestamp(TIMESTAMP_MICROS_MIN)}`, `stream = ${name}`];
  if (afterId !== undefined) {
    stored.push(`quarantineId < ${bound.text(afterId)}`);
    const micros = Number(afterId.slice(0, ID_TIME_DIGITS));
    // An id of time zero may stand for any time before 1970.
    if (micros > 0) stored.push(`publishTime <= ${bound.timestamp(micros)}`);
  }
  const wanted: string[] = [];
  if (reasonCode !== undefined) wanted.push(`record.reasonCode = ${bound.text(reasonCode)}`);
  if (isReplayed !== undefined) {
    wanted.push(`replay.replayTime is ${isReplayed ? 'not null' : 'null'}`);
  }
  const where = wanted.length === 0 ? '' : `where ${wanted.join(' and ')}`;
  return `select record.quarantineId, unix_micros(record.publishTime), unix_micros(replay.replayTime)
    from (select quarantineId, publishTime, reasonCode
      from ${tablePath(dataset, QUARANTINE_TABLE)} where ${stored.join(' and ')}
      qualify row_number() over (partition by quarantineId order by \`timestamp\`) = 1) as record
    left join (select quarantineId, max(replayTime) as replayTime
      from ${tablePath(dataset, REPLAYS_TABLE)} where stream = ${name}
      group by quarantineId) as replay
    on replay.quarantineId = record.quarantineId
    ${where} order by record.quarantineId desc limit ${bound.integer(query.limit)}`;
}

/** The records of some ids, whole. */
function recordsSql(
  dataset: string,
  ids: readonly string[],
  times: readonly number[],
  bound: BigqueryParameters,
): string {
  return `select unix_micros(\`timestamp\`), payloadString, to_base64(payloadBytes),
      to_json_string(attributes), errorMessage, quarantineId, stream, messageId, subscription,
      unix_micros(publishTime), orderingKey, reasonCode, deliveryAttempt
    from ${tablePath(dataset, QUARANTINE_TABLE)}
    where publishTime between ${bound.timestamp(Math.min(...times))}
      and ${bound.timestamp(Math.max(...times))}
      and quarantineId in unnest(${bound.texts(ids)})
    qualify row_number() over (partition by quarantineId order by \`timestamp\`) = 1
    order by quarantineId desc`;
}
