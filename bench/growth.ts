/** Whether a full warehouse is slower than a young one: ingest and reads at ten million rows against a hundred thousand. */
import type { PubSub } from '@google-cloud/pubsub';
import type { PubsubServer } from '../emulator/index.ts';
import { ensureTopology } from '../ingest/index.ts';
import { systemClock } from '../runtime/index.ts';
import type { Stream } from '../streams/index.ts';
import type { Warehouse } from '../warehouse/index.ts';
import { backlogRate } from './backlog-rate.ts';
import type { Bench, BenchContext } from './figure.ts';
import { median } from './figure.ts';
import { loadReads, openApi, readPaths } from './reads.ts';
import {
  fillWarehouse,
  openClient,
  openIngest,
  openServer,
  openWarehouse,
  publishTransactions,
  transactionsStream,
} from './rig.ts';

const ROUNDS = 3;
/** Rows a tenth of a second apart, whatever the count: an hour's list reads as many rows in both. */
const ROW_SPACING_MICROS = 100_000;

export const growthBench: Bench = {
  name: 'growth',
  summary: 'the same ingest and reads at 10 million stored rows against 100,000',
  figures: [
    { figure: 'ingest_ratio', unit: 'ratio', target: { comparison: '<=', value: 1.5 } },
    { figure: 'read_p99_ratio', unit: 'ratio', target: { comparison: '<=', value: 1.5 } },
  ],
  async run(context) {
    const { isShort, progress } = context;
    const [smallCount, largeCount] = isShort ? [10_000, 500_000] : [100_000, 10_000_000];
    const server = await openServer(context.scratch);
    const pubsub = openClient(context.scratch, server.address);
    const small = await openFilled(context, smallCount);
    const large = await openFilled(context, largeCount);
    // Rounds alternate, so that a busy moment of the machine falls on both.
    for (let round = 0; round < ROUNDS; round++) {
      for (const filled of [small, large]) {
        await measure(context, { server, pubsub }, filled);
        const { rates, p99s, rowCount } = filled;
        progress(
          `${rowCount} rows: ${Math.round(rates.at(-1)!)} events/s ingested, read p99 ${p99s.at(-1)!.toFixed(1)} ms`,
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

interface Messages {
  readonly server: PubsubServer;
  readonly pubsub: PubSub;
}

async function measure(
  { scratch, isShort }: BenchContext,
  messages: Messages,
  filled: Filled,
): Promise<void> {
  const [warmUpCount, eventCount] = isShort ? [5_000, 20_000] : [20_000, 200_000];
  await ingestRate(messages, filled, warmUpCount);
  filled.rates.push(await ingestRate(messages, filled, eventCount));

  const { stream, url, timeOf } = filled;
  const paths = readPaths(stream, filled.rowCount, timeOf);
  await loadReads(scratch, url, paths, 1);
  filled.p99s.push((await loadReads(scratch, url, paths, isShort ? 2 : 8)).p99Ms);
}

/** Publishes new events to a topic of their own, then ingests that backlog as the service does. */
async function ingestRate(
  { server, pubsub }: Messages,
  filled: Filled,
  eventCount: number,
): Promise<number> {
  const { warehouse, nextNumber } = filled;
  const name = `growth-${filled.rowCount}-${nextNumber}`;
  const stream = { ...filled.stream, topic: name, subscription: name };
  await ensureTopology(pubsub, [stream]);
  filled.nextNumber += eventCount;
  await publishTransactions(pubsub, name, { from: nextNumber, to: filled.nextNumber });
  const before = await warehouse.rowCount(stream);
  const rate = await backlogRate(server, stream, eventCount, () =>
    openIngest(pubsub, warehouse, stream),
  );
  const storedCount = (await warehouse.rowCount(stream)) - before;
  if (storedCount !== eventCount) throw new Error(`stored ${storedCount} of ${eventCount} events`);
  return rate;
}
