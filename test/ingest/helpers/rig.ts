/** What `highwater start` wires, on free ports and in a temp folder: server, warehouse, client, ingest. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PubSub } from '@google-cloud/pubsub';
import { startPubsubServer } from '../../../emulator/index.ts';
import { startIngest } from '../../../ingest/index.ts';
import type { Ingest, IngestLimits } from '../../../ingest/index.ts';
import { silentLogger, systemClock } from '../../../runtime/index.ts';
import type { Stream } from '../../../streams/index.ts';
import { openDuckdbWarehouse, PAGE_ROWS_MAX } from '../../../warehouse/index.ts';
import type { StoredRow, Warehouse } from '../../../warehouse/index.ts';

export const PROJECT = 'ingest-test';

const column = { isRequired: false, description: 'A column of the test stream.' };

/** A stream with every kind of fault that a message can have. */
export const PAYMENTS: Stream = {
  name: 'payments',
  description: 'Payments of the ingest tests.',
  topic: 'payments',
  subscription: 'payments-ingest',
  deadLetterTopic: 'payments-dead-letter',
  columns: [
    { ...column, name: 'payment_id', type: 'STRING', isRequired: true, lengthMax: 64 },
    { ...column, name: 'timestamp', type: 'TIMESTAMP', isRequired: true },
    { ...column, name: 'amount', type: 'FLOAT64', isRequired: true, exclusiveMinimum: 0 },
    { ...column, name: 'note', type: 'STRING', lengthMax: 1_000 },
    { ...column, name: 'extra', type: 'JSON', lengthMax: 10_000 },
  ],
  eventId: 'payment_id',
  eventTime: 'timestamp',
  futureToleranceMs: 600_000,
  filters: [],
  clustering: [],
  windows: {
    sizeMs: 30_000,
    allowedLatenessMs: 60_000,
    groupBy: [],
    measures: [
      { name: 'payment_count', function: 'count' },
      { name: 'amount_sum', function: 'sum', column: 'amount' },
    ],
    spike: { measure: 'amount_sum', factor: 2 },
  },
};

export const LIMITS: IngestLimits = {
  batchRowsMax: 100,
  batchBytesMax: 2 ** 20,
  batchWaitMs: 20,
  commitsInFlightMax: 2,
  messagesInFlightMax: 1_000,
  messageBytesMax: 100_000,
};

export interface Rig {
  readonly pubsub: PubSub;
  readonly warehouse: Warehouse;
  readonly dir: string;
  start(options?: { warehouse?: Warehouse; limits?: Partial<IngestLimits> }): Promise<Ingest>;
  publish(events: readonly unknown[], attributes?: Record<string, string>): Promise<void>;
  publishBytes(data: Buffer, attributes?: Record<string, string>): Promise<string>;
  /** Every stored event, in order of event time. */
  stored(): Promise<StoredRow[]>;
  /** Stops all of it and removes the folder. */
  stop(): Promise<void>;
}

export async function openRig(): Promise<Rig> {
  const dir = mkdtempSync(join(tmpdir(), 'highwater-ingest-'));
  const server = await startPubsubServer({
    host: '127.0.0.1',
    port: 0,
    storageBytesMax: 2 ** 30,
    clock: systemClock,
    logger: silentLogger,
  });
  const pubsub = clientOf(server.port);
  const warehouse = await openWarehouse(join(dir, 'warehouse.duckdb'));
  await warehouse.prepare([PAYMENTS]);
  const ingests: Ingest[] = [];
  const topic = pubsub.topic(PAYMENTS.topic, { batching: { maxMilliseconds: 2 } });
  const publishBytes = (data: Buffer, attributes: Record<string, string> = {}) =>
    topic.publishMessage({ data, attributes });
  return {
    pubsub,
    warehouse,
    dir,
    async start(options = {}) {
      const ingest = await startIngest({
        pubsub,
        warehouse: options.warehouse ?? warehouse,
        streams: [PAYMENTS],
        limits: { ...LIMITS, ...options.limits },
        clock: systemClock,
        logger: silentLogger,
      });
      ingests.push(ingest);
      return ingest;
    },
    async publish(events, attributes) {
      await Promise.all(
        events.map((event) => publishBytes(Buffer.from(JSON.stringify(event)), attributes)),
      );
    },
    publishBytes,
    stored: () => storedRows(warehouse),
    async stop() {
      await Promise.all(ingests.map((ingest) => ingest.close()));
      await pubsub.close();
      await server.close();
      await warehouse.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export function clientOf(port: number): PubSub {
  return new PubSub({
    projectId: PROJECT,
    apiEndpoint: `127.0.0.1:${port}`,
    emulatorMode: true,
    // Without it the client asks the network which cloud it is in.
    clientOptions: { universeDomain: 'googleapis.com' },
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 500,
  } as ConstructorParameters<typeof PubSub>[0]);
}

export function openWarehouse(path: string): Promise<Warehouse> {
  return openDuckdbWarehouse({
    path,
    memoryBytesMax: 2 ** 28,
    clock: systemClock,
    logger: silentLogger,
  });
}

export const ALL_TIME = { fromMicros: 0, toMicros: Date.UTC(2100, 0, 1) * 1_000 };

export async function storedRows(warehouse: Warehouse): Promise<StoredRow[]> {
  const rows: StoredRow[] = [];
  for (;;) {
    const last = rows.at(-1);
    const page = await warehouse.events(PAYMENTS, {
      ...ALL_TIME,
      filters: {},
      order: 'asc',
      limit: PAGE_ROWS_MAX,
      ...(last
        ? { after: { eventTimeMicros: last.row[1] as number, eventId: last.row[0] as string } }
        : {}),
    });
    rows.push(...page);
    if (page.length < PAGE_ROWS_MAX) return rows;
  }
}

/** A good event; times are spread over an hour. */
export function payment(index: number, fields: Record<string, unknown> = {}) {
  return {
    payment_id: `p${index}`,
    timestamp: new Date(Date.UTC(2024, 3, 27, 12) + (index % 3_600) * 1_000).toISOString(),
    amount: 1 + (index % 100),
    ...fields,
  };
}

/** Whether everything that ingest has taken in is dealt with. */
export function settled(ingest: Ingest, receivedMin: number): boolean {
  return ingest
    .stats()
    .every(
      ({ receivedCount, inFlightCount }) => receivedCount >= receivedMin && inFlightCount === 0,
    );
}
