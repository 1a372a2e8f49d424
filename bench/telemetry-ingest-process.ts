/** Ingest in a process of its own, with telemetry or without, from one subscription after the other. */
import { measuredWarehouse } from '../cli/index.ts';
import { observeIngest, startIngest } from '../ingest/index.ts';
import type { Ingest } from '../ingest/index.ts';
import { systemClock } from '../runtime/index.ts';
import type { EmbeddedWarehouse } from '../warehouse/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import {
  benchLogger,
  INGEST_LIMITS,
  openClient,
  openWarehouse,
  transactionsStream,
} from './rig.ts';
import { Scratch } from './scratch.ts';
import { openTelemetry } from './telemetry-parts.ts';

export interface TelemetryIngestOptions {
  readonly folder: string;
  /** Of the Pub/Sub server. */
  readonly address: string;
  /** Where telemetry is exported to; empty is none. */
  readonly sinkUrl: string;
}

export type IngestOrder =
  | { readonly kind: 'start'; readonly topic: string; readonly subscription: string }
  | { readonly kind: 'stop' };

/** Answers to the orders, and the first to none. */
export type IngestAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'started' }
  | { readonly kind: 'stopped'; readonly rowCount: number };

const { folder, address, sinkUrl } = JSON.parse(process.argv[2] ?? '{}') as TelemetryIngestOptions;
const scratch = new Scratch(folder);
process.once('disconnect', () => {
  scratch.drop();
  process.exit(1);
});
const telemetry = sinkUrl ? await openTelemetry(scratch, 'ingest', sinkUrl) : undefined;
const pubsub = openClient(scratch, address);
let running: { ingest: Ingest; warehouse: EmbeddedWarehouse } | undefined;

process.on('message', (order: IngestOrder) => {
  // A failure ends the process, which the bench reports.
  void (order.kind === 'start' ? start(order, telemetry) : stop());
});
answer({ kind: 'ready' });

async function start(
  { topic, subscription }: IngestOrder & { kind: 'start' },
  measuring: Telemetry | undefined,
): Promise<void> {
  const stream = { ...transactionsStream(), topic, subscription };
  const warehouse = await openWarehouse(scratch, [stream]);
  const metrics = measuring?.metrics;
  const ingest = await startIngest({
    pubsub,
    warehouse: metrics ? measuredWarehouse(warehouse, { metrics, clock: systemClock }) : warehouse,
    streams: [stream],
    ...(metrics ? { metrics } : {}),
    limits: INGEST_LIMITS,
    clock: systemClock,
    logger: benchLogger,
  });
  if (metrics) {
    const stats = () => ingest.stats();
    observeIngest({ metrics, streams: [stream], stats, clock: systemClock });
  }
  running = { ingest, warehouse };
  answer({ kind: 'started' });
}

async function stop(): Promise<void> {
  if (!running) throw new Error('stop comes after start');
  const { ingest, warehouse } = running;
  running = undefined;
  await ingest.close();
  const rowCount = await warehouse.rowCount(transactionsStream());
  await warehouse.close();
  answer({ kind: 'stopped', rowCount });
}

function answer(message: IngestAnswer): void {
  process.send?.(message);
}
