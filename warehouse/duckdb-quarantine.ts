/** The quarantine table of DuckDB: refused messages with their bytes, newest first. */
import { BIGINT, blobValue, BLOB, DuckDBBlobValue } from '@duckdb/node-api';
import { TIMESTAMP, VARCHAR } from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { appendChunks } from './duckdb-appender.ts';
import { bindable, timestampValue, toNumber } from './duckdb-cells.ts';
import { Parameters, quarantinedSql } from './duckdb-queries.ts';
import type { Bound } from './duckdb-queries.ts';
import { readRows } from './duckdb-statements.ts';
import type { QuarantineQuery, QuarantineRecord, StoredQuarantineRecord } from './warehouse.ts';

/** Records a data chunk: a message has up to 10 MiB, and a chunk is held in memory whole. */
const CHUNK_ROWS_MAX = 64;
/** Ids in one statement. */
const STATEMENT_IDS_MAX = 500;

const COLUMN_TYPES: readonly DuckDBType[] = [
  VARCHAR,
  BIGINT,
  VARCHAR,
  VARCHAR,
  VARCHAR,
  TIMESTAMP,
  TIMESTAMP,
  VARCHAR,
  BLOB,
  VARCHAR,
  VARCHAR,
  VARCHAR,
  VARCHAR,
  BIGINT,
  TIMESTAMP,
];

/**
 * Stores all records or none, those aside that are stored: a message is delivered again where the process ended between this
 * and its ack. Ids sort by time of quarantine, then by arrival.
 */
export async function storeQuarantine(
  connection: DuckDBConnection,
  records: readonly QuarantineRecord[],
): Promise<void> {
  const stored = await storedMessages(connection, records);
  const missing = records.filter((record) => !stored.has(messageKey(record)));
  if (missing.length === 0) return;
  const sql = 'select coalesce(max(quarantine_sequence), 0) from highwater_quarantine';
  let sequence = Number((await connection.runAndReadAll(sql)).getRows()[0]?.[0] ?? 0);
  const shape = { types: COLUMN_TYPES, rowCount: missing.length, chunkRowsMax: CHUNK_ROWS_MAX };
  await connection.run('begin');
  await appendChunks(connection, 'highwater_quarantine', shape, (chunk, from, to) => {
    chunk.setRows(missing.slice(from, to).map((record) => toValues(record, ++sequence)));
  });
  await connection.run('commit');
}

/** Keys of those of `records` whose message is stored. */
async function storedMessages(
  connection: DuckDBConnection,
  records: readonly QuarantineRecord[],
): Promise<ReadonlySet<string>> {
  const stored = new Set<string>();
  for (let start = 0; start < records.length; start += STATEMENT_IDS_MAX) {
    const part = records.slice(start, start + STATEMENT_IDS_MAX);
    const times = part.map(({ publishTimeMicros }) => publishTimeMicros);
    // The times bound what is read: a table may hold millions of refusals.
    const reader = await connection.runAndReadAll(
      `select subscription, message_id, epoch_us(publish_time) from highwater_quarantine
       where publish_time between $1 and $2
       and message_id in (${part.map((_, index) => `$${index + 3}`).join(', ')})`,
      [
        timestampValue(Math.min(...times)),
        timestampValue(Math.max(...times)),
        ...part.map(({ messageId }) => messageId),
      ],
    );
    for (const [subscription, messageId, micros] of reader.getRows()) {
      stored.add(
        messageKey({
          subscription: String(subscription),
          messageId: String(messageId),
          publishTimeMicros: Number(micros),
        }),
      );
    }
  }
  return stored;
}

/** One publish as one subscription has it; servers that start empty give ids out again, but at another time. */
function messageKey(
  message: Pick<QuarantineRecord, 'subscription' | 'messageId' | 'publishTimeMicros'>,
): string {
  return JSON.stringify([message.subscription, message.messageId, message.publishTimeMicros]);
}

export async function markReplayed(
  connection: DuckDBConnection,
  stream: string,
  ids: readonly string[],
  replayTimeMicros: number,
): Promise<void> {
  await connection.run('begin');
  for (let start = 0; start < ids.length; start += STATEMENT_IDS_MAX) {
    const part = ids.slice(start, start + STATEMENT_IDS_MAX);
    await connection.run(
      `update highwater_quarantine set replay_time = $1 where stream = $2
       and quarantine_id in (${part.map((_, index) => `$${index + 3}`).join(', ')})`,
      [timestampValue(replayTimeMicros), stream, ...part],
    );
  }
  await connection.run('commit');
}

export async function readQuarantine(
  connection: DuckDBConnection,
  stream: string,
  query: QuarantineQuery,
): Promise<readonly StoredQuarantineRecord[]> {
  const bound = new Parameters<Bound>();
  const sql = quarantinedSql(stream, query, bound);
  const values = bound.values.map((value) => bindable(undefined, value));
  return (await readRows(connection, sql, values)).map(toRecord);
}

function toValues(record: QuarantineRecord, sequence: number): DuckDBValue[] {
  return [
    quarantineId(record.quarantineTimeMicros, sequence),
    BigInt(sequence),
    record.stream,
    record.messageId,
    record.subscription,
    timestampValue(record.publishTimeMicros),
    timestampValue(record.quarantineTimeMicros),
    record.payloadText,
    blobValue(record.payload),
    JSON.stringify(record.attributes),
    record.orderingKey,
    record.reasonCode,
    record.reason,
    BigInt(record.deliveryAttempt),
    null,
  ];
}

function toRecord(row: readonly DuckDBValue[]): StoredQuarantineRecord {
  const payload = row[6];
  return {
    stream: String(row[0]),
    messageId: String(row[1]),
    subscription: String(row[2]),
    publishTimeMicros: Number(row[3]),
    quarantineTimeMicros: Number(row[4]),
    payloadText: String(row[5]),
    payload: payload instanceof DuckDBBlobValue ? Uint8Array.from(payload.bytes) : new Uint8Array(),
    attributes: JSON.parse(String(row[7])) as Record<string, string>,
    orderingKey: String(row[8]),
    reasonCode: String(row[9]),
    reason: String(row[10]),
    deliveryAttempt: Number(row[11]),
    quarantineId: String(row[12]),
    replayTimeMicros: toNumber(row[13]),
  };
}

/** Sixteen digits hold every time after 1970 up to year 2286, twelve every sequence; both sort as text. */
function quarantineId(timeMicros: number, sequence: number): string {
  return `${String(Math.max(0, timeMicros)).padStart(16, '0')}-${String(sequence).padStart(12, '0')}`;
}
