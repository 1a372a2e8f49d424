/** Whether a full warehouse is slower than a young one: appends and reads at ten million rows against a hundred thousand. */
import { systemClock } from '../runtime/index.ts';
import type { Stream } from '../streams/index.ts';
import type { Warehouse } from '../warehouse/index.ts';
import type { Bench, BenchContext } from './figure.ts';
import { median } from './figure.ts';
import { loadReads, openApi, readPaths } from './reads.ts';
import { fillWarehouse, INGEST_LIMITS, newRows, openWarehouse, transactionsStream } from './rig.ts';

const ROUNDS = 3;
/** Rows a tenth of a second apart, whatever the count: an hour's list reads as many rows in both. */
const ROW_SPACING_MICROS = 100_000;
/** Appends that are made before the clock starts, then those that count. */
const WARM_UP_BATCHES = 5;
const MEASURED_BATCHES = 20;

export const growthBench: Bench = {
  name: 'growth',
  summary: 'the same appends and reads at 10 million stored rows against 100,000',
  figures: [
    { figure: 'ingest_ratio', unit: 'ratio', target: { comparison: '<=', value: 1.5 } },
    { figure: 'read_p99_ratio', unit: 'ratio', target: { comparison: '<=', value: 1.5 } },
  ],
  async run(context) {
    const { isShort, progress } = context;
    const [smallCount, largeCount] = isShort ? [10_000, 500_000] : [100_000, 10_000_000];
    const small = await openFilled(context, smallCount);
    const large = await openFilled(context, largeCount);
    // Rounds alternate, so that a busy moment of the machine falls on both.
    for (let round = 0; round < ROUNDS; round++) {
      for (const filled of [small, large]) {
        await measure(context, filled);
        const { rates, p99s, rowCount } = filled;
        progress(
          `${rowCount} rows: ${Math.round(rates.at(-1)!)} rows/s appended, read p99 ${p99s.at(-1)!.toFixed(1)} ms`,
        );
      }
    }
    return {
      kind: 'measured',
      values: {
        ingest_ratio: median(small.rates.map((rate, round) => rate / large.rates[round]!)),
        read_p99_ratio: median(large.p99s.map((p99, round) => p99 / small.p99s[round]!)),
      },
    };
  },
};

interface Filled {
  readonly stream: Stream;
  readonly warehouse: Warehouse;
  readonly url: string;
  readonly rowCount: number;
  readonly timeOf: (n: number) => number;
  readonly rates: number[];
  readonly p99s: number[];
  nextNumber: number;
}

async function openFilled({ scratch, progress }: BenchContext, rowCount: number): Promise<Filled> {
  const stream = transactionsStream();
  const warehouse = await openWarehouse(scratch, [stream]);
  const startMicros = systemClock.nowMs() * 1_000 - rowCount * ROW_SPACING_MICROS;
  const timeOf = (n: number) => Math.round(startMicros + n * ROW_SPACING_MICROS);
  progress(`storing ${rowCount} rows`);
  await fillWarehouse(warehouse, stream, { from: 0, to: rowCount }, timeOf, progress);
  const url = await openApi(scratch, stream, warehouse);
  const nextNumber = rowCount;
  return { stream, warehouse, url, rowCount, timeOf, nextNumber, rates: [], p99s: [] };
}

async function measure({ scratch, isShort }: BenchContext, filled: Filled): Promise<void> {
  await appendBatches(filled, WARM_UP_BATCHES);
  const startedAtMs = systemClock.monotonicMs();
  const rowCount = await appendBatches(filled, MEASURED_BATCHES);
  filled.rates.push((rowCount * 1_000) / (systemClock.monotonicMs() - startedAtMs));

  const { stream, url, timeOf } = filled;
  const paths = readPaths(stream, filled.rowCount, timeOf);
  await loadReads(scratch, url, paths, 1);
  filled.p99s.push((await loadReads(scratch, url, paths, isShort ? 2 : 8)).p99Ms);
}

/** Appends new rows as ingest does: its batch size, its commits in flight. */
async function appendBatches(filled: Filled, batchCount: number): Promise<number> {
  const { stream, warehouse, timeOf } = filled;
  const { batchRowsMax, commitsInFlightMax } = INGEST_LIMITS;
  let left = batchCount;
  const append = async () => {
    while (left-- > 0) {
      const from = filled.nextNumber;
      filled.nextNumber += batchRowsMax;
      const range = { from, to: from + batchRowsMax };
      await warehouse.append(stream, newRows(stream, range, timeOf));
    }
  };
  await Promise.all(Array.from({ length: commitsInFlightMax }, append));
  return batchCount * batchRowsMax;
}
