/** The parts that benchmarks share, with the shipped defaults: the embedded server, its client, a warehouse on disk. */
import { join } from 'node:path';
import { PubSub } from '@google-cloud/pubsub';
import type { PubsubThread } from '../emulator/index.ts';
import { startPubsubThread } from '../emulator/index.ts';
import type { Ingest } from '../ingest/index.ts';
import { startIngest } from '../ingest/index.ts';
import { createLogger, loadConfig, systemClock } from '../runtime/index.ts';
import type { Stream } from '../streams/index.ts';
import { loadStreams } from '../streams/index.ts';
import type { EmbeddedWarehouse, NewRow, Warehouse } from '../warehouse/index.ts';
import { openDuckdbWarehouse } from '../warehouse/index.ts';
import type { Scratch } from './scratch.ts';
import { transaction, transactionRow } from './transactions.ts';

/** Every setting at its default: a benchmark measures what is shipped, whatever the shell's environment says. */
export const SHIPPED = loadConfig({}, '');

export const INGEST_LIMITS = {
  batchRowsMax: SHIPPED.INGEST_BATCH_ROWS_MAX,
  batchBytesMax: SHIPPED.INGEST_BATCH_BYTES_MAX,
  batchWaitMs: SHIPPED.INGEST_BATCH_WAIT,
  commitsInFlightMax: SHIPPED.INGEST_COMMITS_IN_FLIGHT_MAX,
  messagesInFlightMax: SHIPPED.INGEST_MESSAGES_IN_FLIGHT_MAX,
  messageBytesMax: SHIPPED.INGEST_MESSAGE_BYTES_MAX,
} as const;

/** Only what goes wrong. */
export const benchLogger = createLogger({ level: 'warn', format: 'text' });

const LOOPBACK = '127.0.0.1';
/** Rows of one append while a warehouse is filled before the measurement. */
const FILL_BATCH_ROWS = 50_000;
/** Messages that are published and not yet answered while a backlog is made. */
const PUBLISH_CHUNK = 10_000;
/** Source: Pub/Sub quotas, at most 1,000 messages and 10 MB in a request. */
const PUBLISH_BATCHING = { maxMessages: 1_000, maxBytes: 8 * 2 ** 20, maxMilliseconds: 10 };

/** The shipped stream `transactions`. */
export function transactionsStream(): Stream {
  const stream = loadStreams(join(import.meta.dirname, '../streams')).find(
    ({ name }) => name === 'transactions',
  );
  if (!stream) throw new Error('streams/transactions.yaml is missing');
  return stream;
}

/** The embedded server as `npm start` runs it: in a thread of its own, durable on disk. */
export async function openServer(scratch: Scratch): Promise<PubsubThread> {
  const server = await startPubsubThread({
    host: LOOPBACK,
    port: 0,
    dataDir: scratch.folder(),
    storageBytesMax: SHIPPED.PUBSUB_STORAGE_BYTES_MAX,
    logger: benchLogger,
  });
  scratch.defer(() => server.close());
  return server;
}

/** The real client at `address`, closed with the rest. */
export function openClient(scratch: Scratch, address: string): PubSub {
  const pubsub = clientAt(address);
  scratch.defer(() => pubsub.close());
  return pubsub;
}

/** The real client at `address`. */
export function clientAt(address: string): PubSub {
  return new PubSub({
    projectId: SHIPPED.GOOGLE_CLOUD_PROJECT,
    apiEndpoint: address,
    emulatorMode: true,
    // Without it the client asks the metadata server of the cloud, which is no loopback.
    clientOptions: { universeDomain: 'googleapis.com' },
  });
}

/** A new DuckDB file with the tables of `streams`. */
export async function openWarehouse(
  scratch: Scratch,
  streams: readonly Stream[],
): Promise<EmbeddedWarehouse> {
  const warehouse = await openDuckdbWarehouse({
    path: join(scratch.folder(), 'warehouse.duckdb'),
    memoryBytesMax: SHIPPED.DUCKDB_MEMORY_BYTES_MAX,
    clock: systemClock,
    logger: benchLogger,
  });
  scratch.defer(() => warehouse.close());
  await warehouse.prepare(streams);
  return warehouse;
}

/** Ingest of one stream, as the service runs it. */
export function openIngest(pubsub: PubSub, warehouse: Warehouse, stream: Stream): Promise<Ingest> {
  return startIngest({
    pubsub,
    warehouse,
    streams: [stream],
    limits: INGEST_LIMITS,
    clock: systemClock,
    logger: benchLogger,
  });
}

/** Publishes transactions `from` to `to` (exclusive), one after the other in event time, ending now. */
export async function publishTransactions(
  pubsub: PubSub,
  topicName: string,
  range: { from: number; to: number },
  attributesOf?: (n: number) => Record<string, string>,
): Promise<void> {
  const topic = pubsub.topic(topicName, { batching: PUBLISH_BATCHING });
  const lastMicros = systemClock.nowMs() * 1_000;
  for (let start = range.from; start < range.to; start += PUBLISH_CHUNK) {
    const answers: Promise<string>[] = [];
    for (let n = start; n < Math.min(range.to, start + PUBLISH_CHUNK); n++) {
      const event = transaction(n, lastMicros - (range.to - 1 - n) * 1_000);
      const data = Buffer.from(JSON.stringify(event));
      answers.push(
        topic.publishMessage(attributesOf ? { data, attributes: attributesOf(n) } : { data }),
      );
    }
    await Promise.all(answers);
  }
}

/** Appends transactions `from` to `to` (exclusive), `timeOf` giving their event times, in large batches. */
export async function fillWarehouse(
  warehouse: Warehouse,
  stream: Stream,
  range: { from: number; to: number },
  timeOf: (n: number) => number,
  progress: (text: string) => void,
): Promise<void> {
  let reported = range.from;
  for (let from = range.from; from < range.to; from += FILL_BATCH_ROWS) {
    const to = Math.min(range.to, from + FILL_BATCH_ROWS);
    await warehouse.append(stream, newRows(stream, { from, to }, timeOf));
    if (to - reported >= 1_000_000) progress(`${(reported = to) / 1e6} million rows stored`);
  }
}

/** Transactions as ingest hands them to the warehouse. */
export function newRows(
  stream: Stream,
  range: { from: number; to: number },
  timeOf: (n: number) => number,
): NewRow[] {
  const rows: NewRow[] = [];
  for (let n = range.from; n < range.to; n++) {
    const publishTimeMicros = timeOf(n);
    const row = transactionRow(stream, n, publishTimeMicros);
    rows.push({ row, messageId: String(n), publishTimeMicros });
  }
  return rows;
}
