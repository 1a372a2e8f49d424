/** Whether the whole service grows in memory while it ingests at a steady rate. */
import type { Bench } from './figure.ts';
import { slope } from './figure.ts';
import type { PacedOptions, PacedResult } from './paced-publisher.ts';
import { transactionsStream } from './rig.ts';
import { firstMessage, until } from './scratch.ts';
import type { MemorySample, ServiceMessage, ServiceOptions } from './service-process.ts';

const EVENTS_PER_SECOND = 5_000;
/**
 * Rows stored before the clock starts, so that the bounded caches (DuckDB's, SQLite's) are full and what still grows is
 * no cache that warms up: three million rows are about twice what they hold together.
 */
const STORED_COUNT = 3_000_000;
const START_TIMEOUT_MS = 300_000;
const SLACK_MS = 60_000;
const REPORT_EVERY_SAMPLES = 30;

export const memoryBench: Bench = {
  name: 'memory',
  summary: `growth of resident memory while ingesting ${EVENTS_PER_SECOND} events/s`,
  figures: [{ figure: 'growth_bytes_per_minute', unit: 'bytes/min' }],
  async run({ isShort, progress, scratch }) {
    const warmUpMs = isShort ? 20_000 : 60_000;
    const durationMs = isShort ? 60_000 : 600_000;
    const folder = scratch.folder();
    const storedBefore = isShort ? 100_000 : STORED_COUNT;
    progress(`storing ${storedBefore} rows`);
    const options: ServiceOptions = { folder, storedCount: storedBefore };
    const service = scratch.fork('service-process.ts', options, ['--expose-gc']);
    const ready = await firstMessage<ServiceMessage>(service, 'the service', START_TIMEOUT_MS);
    if (ready.kind !== 'ready') throw new Error(`the service said ${ready.kind} first`);
    const samples: (ServiceMessage & { kind: 'sample' })[] = [];
    let storedCount: number | undefined;
    service.on('message', (message: ServiceMessage) => {
      if (message.kind === 'closed') storedCount = message.rowCount;
      if (message.kind !== 'sample') return;
      samples.push(message);
      if (samples.length % REPORT_EVERY_SAMPLES !== 0) return;
      progress(`${Math.round(message.elapsedMs / 1_000)} s: ${breakdown(message.memory)}`);
    });

    progress(`publishing ${EVENTS_PER_SECOND} events/s for ${durationMs / 1_000} s`);
    const paced: PacedOptions = {
      address: ready.address,
      topic: transactionsStream().topic,
      eventsPerSecond: EVENTS_PER_SECOND,
      durationMs,
    };
    const published = await scratch.ask<PacedResult>(
      'paced-publisher.ts',
      paced,
      durationMs + SLACK_MS,
    );
    const underLoad = samples.filter(({ elapsedMs }) => elapsedMs > warmUpMs);
    service.send('close');
    await until(() => storedCount !== undefined || service.exitCode !== null, {
      what: 'closing the service',
      timeoutMs: SLACK_MS,
    });
    if (published.failedCount > 0 || storedCount !== storedBefore + published.publishedCount) {
      throw new Error(
        `${published.publishedCount} published, ${published.failedCount} not, ${storedCount} stored`,
      );
    }
    const growth = slope(
      underLoad.map(({ elapsedMs, memory }) => ({
        x: elapsedMs / 60_000,
        y: memory.residentBytes,
      })),
    );
    return { kind: 'measured', values: { growth_bytes_per_minute: growth } };
  },
};

function breakdown(memory: MemorySample): string {
  const { residentBytes, duckdbBytes, indexBytes } = memory;
  return (
    `resident ${megabytes(residentBytes)} MiB; main thread ${megabytes(memory.mainHeapBytes)} + ` +
    `${megabytes(memory.mainExternalBytes)} (index ${megabytes(indexBytes)}), server thread ` +
    `${megabytes(memory.serverHeapBytes)} + ${megabytes(memory.serverExternalBytes)}, ` +
    `DuckDB ${megabytes(duckdbBytes)}`
  );
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
