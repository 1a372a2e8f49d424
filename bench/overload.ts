/** Three times as many reads as the service can answer: how quick those let in stay, and how quick the others are sent away. */
import { systemClock } from '../runtime/index.ts';
import type { Bench } from './figure.ts';
import { quantile } from './figure.ts';
import type { OfferedLoad, OfferOptions } from './offered-load.ts';
import { loadReads, openApi, readPaths } from './reads.ts';
import { fillWarehouse, openWarehouse, transactionsStream } from './rig.ts';

const ROW_SPACING_MICROS = 100_000;
const ROW_COUNT = 100_000;
/** Of what the service answers when it is just full. */
const OFFERED_FACTOR = 3;
const SLACK_MS = 60_000;

export const overloadBench: Bench = {
  name: 'overload',
  summary: 'reads at three times what can be answered: p99 of those let in and of those sent away',
  figures: [
    { figure: 'accepted_p99_ms', unit: 'ms' },
    { figure: 'shed_p99_ms', unit: 'ms' },
    { figure: 'accepted_ratio_to_capacity', unit: 'ratio' },
    { figure: 'health_p99_ms', unit: 'ms' },
  ],
  async run({ isShort, progress, scratch }) {
    const durationSeconds = isShort ? 3 : 10;
    const stream = transactionsStream();
    const warehouse = await openWarehouse(scratch, [stream]);
    const startMicros = systemClock.nowMs() * 1_000 - ROW_COUNT * ROW_SPACING_MICROS;
    const timeOf = (n: number) => Math.round(startMicros + n * ROW_SPACING_MICROS);
    await fillWarehouse(warehouse, stream, { from: 0, to: ROW_COUNT }, timeOf, progress);
    const url = await openApi(scratch, stream, warehouse);
    const paths = readPaths(stream, ROW_COUNT, timeOf);
    await loadReads(scratch, url, paths, 1);
    const capacity = (await loadReads(scratch, url, paths, durationSeconds)).requestsPerSecond;
    progress(`${Math.round(capacity)} reads/s are what it answers; offering three times that`);

    const options: OfferOptions = {
      url,
      paths,
      requestsPerSecond: capacity * OFFERED_FACTOR,
      durationSeconds,
    };
    const { acceptedMs, shedMs, healthMs, failedCount } = await scratch.ask<OfferedLoad>(
      'offered-load.ts',
      options,
      durationSeconds * 1_000 + SLACK_MS,
    );
    if (failedCount > 0)
      throw new Error(`${failedCount} answers were neither 200 nor 503, or none`);
    progress(`${acceptedMs.length} answered, ${shedMs.length} sent away`);
    const after = await fetch(url + paths[0]);
    if (after.status !== 200) throw new Error('no answer after the storm');
    return {
      kind: 'measured',
      values: {
        accepted_p99_ms: quantile(acceptedMs, 0.99),
        shed_p99_ms: quantile(shedMs, 0.99),
        accepted_ratio_to_capacity: acceptedMs.length / durationSeconds / capacity,
        health_p99_ms: quantile(healthMs, 0.99),
      },
    };
  },
};
