/** A process that loads an HTTP server with GET requests by autocannon and reports rate and exact latencies. */
import autocannon from 'autocannon';
import { quantile } from './figure.ts';

export interface LoadOptions {
  readonly url: string;
  /** Asked in turn, over and over. */
  readonly paths: readonly string[];
  readonly connections: number;
  readonly durationSeconds: number;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 2xx, and requests without an answer. */
  readonly failedCount: number;
}

process.on('disconnect', () => process.exit(1));
process.send?.(await load(JSON.parse(process.argv[2] ?? '{}') as LoadOptions));
process.disconnect?.();

async function load({
  url,
  paths,
  connections,
  durationSeconds,
}: LoadOptions): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const running = autocannon(
      {
        url,
        connections,
        duration: durationSeconds,
        requests: paths.map((path) => ({ method: 'GET', path })),
      },
      (error: Error | null, done) => (error ? reject(error) : resolve(done)),
    );
    // autocannon's own histogram holds whole milliseconds, too coarse for answers of a few.
    running.on('response', (_client, _status, _bytes, responseMs) => latenciesMs.push(responseMs));
  });
  return {
    requestsPerSecond: latenciesMs.length / result.duration,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    failedCount: result.non2xx + result.errors + result.timeouts,
  };
}
