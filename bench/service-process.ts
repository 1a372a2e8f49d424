/** The whole embedded service in a process of its own, reporting its memory once a second. */
import { ensureTopology } from '../ingest/index.ts';
import { systemClock } from '../runtime/index.ts';
import { openApi } from './reads.ts';
import {
  fillWarehouse,
  openClient,
  openIngest,
  openServer,
  openWarehouse,
  transactionsStream,
} from './rig.ts';
import { Scratch, until } from './scratch.ts';

export interface ServiceOptions {
  readonly folder: string;
  /** Rows in the warehouse before anything is published. */
  readonly storedCount: number;
}

export type ServiceMessage =
  | { readonly kind: 'ready'; readonly address: string; readonly url: string }
  | {
      readonly kind: 'sample';
      readonly elapsedMs: number;
      readonly memory: MemorySample;
    }
  | { readonly kind: 'closed'; readonly rowCount: number };

/** Resident memory and what accounts for it; the rest is code and what allocators keep for later. */
export interface MemorySample {
  readonly residentBytes: number;
  /** JavaScript of the main thread: heap, and buffers outside of it (those of the index included). */
  readonly mainHeapBytes: number;
  readonly mainExternalBytes: number;
  /** The same of the Pub/Sub server's thread. */
  readonly serverHeapBytes: number;
  readonly serverExternalBytes: number;
  readonly duckdbBytes: number;
  /** Of the event-id index: what stored events need, two bytes each. */
  readonly indexBytes: number;
}

const SAMPLE_EVERY_MS = 1_000;
const CATCH_UP_TIMEOUT_MS = 30_000;

/** Between the event times of the rows stored beforehand, which end now. */
const STORED_SPACING_MICROS = 1_000;

const { folder, storedCount } = JSON.parse(process.argv[2] ?? '{}') as ServiceOptions;
const scratch = new Scratch(folder);
const stop = new AbortController();
process.once('message', () => stop.abort());
process.once('disconnect', () => {
  scratch.drop();
  process.exit(1);
});

const stream = transactionsStream();
const server = await openServer(scratch);
const pubsub = openClient(scratch, server.address);
const warehouse = await openWarehouse(scratch, [stream]);
const firstMicros = systemClock.nowMs() * 1_000 - (storedCount + 1) * STORED_SPACING_MICROS;
await fillWarehouse(
  warehouse,
  stream,
  { from: -storedCount, to: 0 },
  (n) => Math.round(firstMicros + (n + storedCount) * STORED_SPACING_MICROS),
  () => undefined,
);
await ensureTopology(pubsub, [stream]);
const ingest = await openIngest(pubsub, warehouse, stream);
const url = await openApi(scratch, stream, warehouse);
send({ kind: 'ready', address: server.address, url });

const startedAtMs = systemClock.monotonicMs();
while (!stop.signal.aborted) {
  await systemClock.sleep(SAMPLE_EVERY_MS, stop.signal);
  const memory = await measureMemory();
  send({ kind: 'sample', elapsedMs: systemClock.monotonicMs() - startedAtMs, memory });
}
await until(async () => (await server.backlog()).every((row) => row.undeliveredCount === 0), {
  what: 'committing what was published',
  timeoutMs: CATCH_UP_TIMEOUT_MS,
});
await ingest.close();
const rowCount = await warehouse.rowCount(stream);
await scratch.close();
send({ kind: 'closed', rowCount });
process.removeAllListeners('disconnect');
process.disconnect?.();

async function measureMemory(): Promise<MemorySample> {
  globalThis.gc?.();
  const [ofServer, ofWarehouse] = await Promise.all([server.memory(), warehouse.memory()]);
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    residentBytes: rss,
    mainHeapBytes: heapUsed,
    mainExternalBytes: external,
    serverHeapBytes: ofServer.heapBytes,
    serverExternalBytes: ofServer.externalBytes,
    duckdbBytes: ofWarehouse.duckdbBytes,
    indexBytes: ofWarehouse.indexBytes,
  };
}

function send(message: ServiceMessage): void {
  process.send?.(message);
}
