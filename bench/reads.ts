/** Reads of the API over a filled warehouse: the app as shipped, the mix of requests, the load. */
import { createApp, listen, openToLoopback } from '../service/index.ts';
import { systemClock } from '../runtime/index.ts';
import type { Stream } from '../streams/index.ts';
import { formatTimestamp } from '../streams/index.ts';
import type { Metrics } from '../telemetry/index.ts';
import type { Warehouse } from '../warehouse/index.ts';
import type { LoadOptions, LoadResult } from './http-load.ts';
import { benchLogger, SHIPPED } from './rig.ts';
import type { Scratch } from './scratch.ts';
import { transactionId } from './transactions.ts';

/** Requests under way at once. */
const CONNECTIONS = 10;
const LIST_LIMIT = 20;
const RANGE_MICROS = 3_600 * 1e6;
/** Distinct requests, so that no cache of one answer decides. */
const PATH_COUNT = 1_000;
const SLACK_MS = 60_000;

/** Starts the shipped API over `warehouse`, measured where `metrics` are given; resolves with its base URL. */
export async function openApi(
  scratch: Scratch,
  stream: Stream,
  warehouse: Warehouse,
  metrics?: Metrics,
): Promise<string> {
  const app = createApp({
    streams: [stream],
    warehouse,
    publish: () => Promise.reject(new Error('a read benchmark publishes nothing')),
    checks: [],
    identity: openToLoopback,
    ...(metrics ? { metrics } : {}),
    clock: systemClock,
    logger: benchLogger,
    limits: { bodyBytesMax: SHIPPED.API_BODY_BYTES_MAX },
    version: 'bench',
    projectId: SHIPPED.GOOGLE_CLOUD_PROJECT,
  });
  const listening = await listen(app, { host: '127.0.0.1', port: 0 });
  scratch.defer(() => listening.close());
  return `http://127.0.0.1:${listening.port}`;
}

/** Half lists of an hour somewhere in the stored time, half single events, spread over all stored rows. */
export function readPaths(
  stream: Stream,
  rowCount: number,
  timeOf: (n: number) => number,
): readonly string[] {
  const base = `/v1/streams/${stream.name}/events`;
  return Array.from({ length: PATH_COUNT }, (_, index) => {
    // A multiple of a prime far from the row count visits rows out of order and none twice.
    const n = (index * 7_919_563) % rowCount;
    if (index % 2 === 1) return `${base}/${transactionId(n)}`;
    const from = formatTimestamp(timeOf(n));
    const to = formatTimestamp(timeOf(n) + RANGE_MICROS);
    return `${base}?from=${from}&to=${to}&limit=${LIST_LIMIT}`;
  });
}

/** Loads `url` from a process of its own. */
export async function loadReads(
  scratch: Scratch,
  url: string,
  paths: readonly string[],
  durationSeconds: number,
): Promise<LoadResult> {
  const options: LoadOptions = { url, paths, connections: CONNECTIONS, durationSeconds };
  const result = await scratch.ask<LoadResult>(
    'http-load.ts',
    options,
    durationSeconds * 1_000 + SLACK_MS,
  );
  if (result.failedCount > 0) throw new Error(`${result.failedCount} reads failed at ${url}`);
  return result;
}
