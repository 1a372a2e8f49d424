/** A running service over an in-memory warehouse, with fixed rows, for the tests of this folder. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '../../runtime/index.ts';
import type { Logger } from '../../runtime/index.ts';
import { createApp, listen, openToLoopback } from '../../service/index.ts';
import type { OutgoingMessage, ServiceDeps } from '../../service/index.ts';
import { loadStreams } from '../../streams/index.ts';
import type { Row, Stream } from '../../streams/index.ts';
import { openDuckdbWarehouse } from '../../warehouse/index.ts';
import type { NewRow, Warehouse } from '../../warehouse/index.ts';

/** 2024-04-27T12:00:00Z, at the start of a 30 s window. */
export const NOON_MICROS = 1_714_219_200_000_000;
export const SECOND_MICROS = 1_000_000;

/** Every column type, every filter type, grouped windows. */
export const typedStream: Stream = {
  name: 'typed',
  description: 'One column of each type & <a tag>.',
  topic: 'typed',
  subscription: 'typed-ingest',
  deadLetterTopic: 'typed-dead-letter',
  columns: [
    column('id', 'STRING', true),
    column('at', 'TIMESTAMP', true),
    column('text', 'STRING'),
    column('whole', 'INT64'),
    column('real', 'FLOAT64'),
    column('flag', 'BOOL'),
    column('day', 'DATE'),
    column('more', 'JSON'),
  ],
  eventId: 'id',
  eventTime: 'at',
  futureToleranceMs: 600_000,
  filters: ['text', 'whole', 'real', 'flag', 'day'],
  clustering: [],
  windows: {
    sizeMs: 60_000,
    allowedLatenessMs: 0,
    groupBy: ['text'],
    measures: [
      { name: 'row_count', function: 'count' },
      { name: 'real_max', function: 'max', column: 'real' },
    ],
    spike: { measure: 'row_count', factor: 2 },
  },
};

function column(name: string, type: Stream['columns'][number]['type'], isRequired = false) {
  const hasLength = type === 'STRING' || type === 'JSON';
  return { name, type, isRequired, description: '', ...(hasLength && { lengthMax: 1_000 }) };
}

export interface TestService {
  readonly url: string;
  readonly port: number;
  readonly warehouse: Warehouse;
  readonly streams: ReadonlyMap<string, Stream>;
  readonly published: OutgoingMessage[];
  stop(): Promise<void>;
}

export async function startService({
  port = 0,
  ...more
}: Partial<ServiceDeps> & { logger?: Logger; port?: number } = {}): Promise<TestService> {
  const { deps, published, close } = await testDeps(more);
  const listening = await listen(createApp(deps), { host: '127.0.0.1', port });
  return {
    url: `http://127.0.0.1:${listening.port}`,
    port: listening.port,
    warehouse: deps.warehouse,
    streams: new Map(deps.streams.map((each) => [each.name, each])),
    published,
    async stop() {
      await listening.close();
      await close();
    },
  };
}

/** What the service is given, with an empty warehouse in memory where none is given; `close` closes that. */
export async function testDeps(more: Partial<ServiceDeps> = {}) {
  const streams = [...shippedStreams('transactions', 'events'), typedStream];
  const warehouse = more.warehouse ?? (await emptyWarehouse(streams));
  const published: OutgoingMessage[] = [];
  const deps: ServiceDeps = {
    streams,
    warehouse,
    publish: async (_stream, messages) => {
      published.push(...messages);
      return messages.map((_, index) => `m${index}`);
    },
    checks: [],
    identity: openToLoopback,
    clock: systemClock,
    logger: silentLogger,
    limits: { bodyBytesMax: 100_000 },
    version: '0.0.0',
    projectId: 'test-project',
    ...more,
  };
  return { deps, published, close: async () => void (more.warehouse ?? (await warehouse.close())) };
}

async function emptyWarehouse(streams: readonly Stream[]): Promise<Warehouse> {
  const warehouse = await openDuckdbWarehouse({
    path: ':memory:',
    memoryBytesMax: 2 ** 28,
    clock: systemClock,
    logger: silentLogger,
  });
  await warehouse.prepare(streams);
  return warehouse;
}

/** Some of the shipped streams, so that the others may change without these tests. */
function shippedStreams(...names: readonly string[]): readonly Stream[] {
  const dir = mkdtempSync(join(tmpdir(), 'highwater-streams-'));
  try {
    for (const name of names) copyFileSync(`streams/${name}.yaml`, join(dir, `${name}.yaml`));
    return loadStreams(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

export function newRow(row: Row, index = 0): NewRow {
  return { row, messageId: `message-${index}`, publishTimeMicros: NOON_MICROS };
}

/** `transaction_id`, seconds after noon, amount, merchant. */
export function payment(id: string, atSeconds: number, amount: number, merchant = 'shop'): NewRow {
  const atMicros = NOON_MICROS + atSeconds * SECOND_MICROS;
  return newRow([id, atMicros, amount, 'EUR', merchant, null, null]);
}

/**
 * Twelve windows of 100 each from noon, then two empty ones, then one of 500: one gap of 2, one spike of ratio 5.
 * Beside them, rows of every type, and two refused messages.
 */
export async function fill({ warehouse, streams }: TestService): Promise<void> {
  const payments = Array.from({ length: 12 }, (_, index) => payment(`p${index}`, index * 30, 100));
  payments.push(payment('spike/1', 14 * 30, 500, 'a "b", =c'));
  await warehouse.append(streams.get('transactions')!, payments);
  await warehouse.append(streams.get('events')!, [
    newRow(['1', NOON_MICROS, '"text"']),
    newRow(['2', NOON_MICROS + 1, '{"a":[1,2,{"b":null}]}']),
  ]);
  await warehouse.append(typedStream, [
    newRow(['a', NOON_MICROS, 'x', 1, 1.5, true, '2024-04-27', '{"k":1}']),
    newRow(['b', NOON_MICROS + 120 * SECOND_MICROS, 'x', -2, 0.25, false, '1999-12-31', '[]']),
    newRow(['c', NOON_MICROS + 60 * SECOND_MICROS, 'y', null, null, null, null, null]),
  ]);
  const record = {
    stream: 'transactions',
    subscription: 'transactions-ingest',
    publishTimeMicros: NOON_MICROS,
    quarantineTimeMicros: NOON_MICROS,
    attributes: { source: 'test' },
    orderingKey: '',
    deliveryAttempt: 1,
  };
  await warehouse.quarantine([
    {
      ...record,
      messageId: 'q1',
      payloadText: '{"amount":0}',
      payload: Buffer.from('{"amount":0}'),
      reasonCode: 'out_of_range',
      reason: 'amount: expected above 0; got 0',
    },
    {
      ...record,
      messageId: 'q2',
      quarantineTimeMicros: NOON_MICROS + 1,
      payloadText: '',
      payload: Buffer.from([0xff, 0xfe]),
      reasonCode: 'not_json',
      reason: 'not JSON',
    },
  ]);
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: NodeJS.Dict<string>;
  readonly body: string;
}

/** A request with its target sent as it is; `fetch` would mend it. Rejects where the answer breaks off. */
export function raw(
  { port }: Pick<TestService, 'port'>,
  path: string,
  { method = 'GET', headers = {}, body }: RawOptions = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: '127.0.0.1', path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          trailers: response.trailers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

export interface RawOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** A JSON answer as a plain value. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of many shapes
export async function getJson(service: TestService, path: string): Promise<any> {
  const answer = await raw(service, path);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body);
}
