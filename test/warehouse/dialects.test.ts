/** The two dialects of the named queries: the same rows for the same data, generated data included. */
import { randomUUID } from 'node:crypto';
import test from 'ava';
import { silentLogger, VirtualClock } from '../../runtime/index.ts';
import type { Cell } from '../../streams/index.ts';
import { openBigqueryWarehouse, openDuckdbWarehouse } from '../../warehouse/index.ts';
import type { NewRow, Warehouse } from '../../warehouse/index.ts';
import { EMULATOR_PROJECT, startBigqueryEmulator } from '../helpers/bigquery-emulator.ts';
import { randomOf } from '../ingest/helpers/random.ts';
import type { Random } from '../ingest/helpers/random.ts';
import { grouped, payment, START_MICROS } from './fixtures/streams.ts';

const IS_FULL = process.env['HIGHWATER_TEST_FULL'] === '1';
const WORLD_COUNT = IS_FULL ? 6 : 2;
const SEED = Number(process.env['HIGHWATER_TEST_SEED'] ?? 20240427);
const ROW_COUNT = 120;
/** Sums of any floats depend on their order, which neither engine promises; a spike at its threshold may go either way. */
const TOLERANCE_RATIO = 1e-9;
const SPIKE_FACTOR = grouped.windows!.spike.factor;

type World = 'exact' | 'any floats';

const SHOPS = ['a', 'B', 'ü', '', '☃', null];
/** Keys in order: BigQuery may turn them round. */
const TEXTS = ['{"a":[null,true],"b":1}', '"text"', 'null', '[]', '1e+21', '0.1', null];
const DAYS = ['1900-01-01', '2024-02-29', '2200-12-31', null];
const EDGES = [0, 5e-324, -1e30, 1e30, 0.1, 1e-7, 3_000_000_000.25];

/** In an exact world every amount is a multiple of 1/1024, so that sums are the same in any order. */
function amountOf(random: Random, world: World): number | null {
  if (random.below(10) === 0) return null;
  if (world === 'exact') return (random.below(2_000_000) - 1_000_000) / 1_024;
  return random.below(4) === 0 ? random.pick(EDGES) : (random.below(2 ** 31) / 7) ** 1.3;
}

function generate(random: Random, world: World): NewRow[] {
  // Before 1970, across midnight, and years apart.
  const bases = [0, 43_190, -1_714_219_230, 31_557_600];
  return Array.from({ length: ROW_COUNT }, (_, index) => {
    const spread = random.pick([30, 900, 4_000]);
    const second = random.pick(bases) + random.below(spread * 8) / 8 + random.below(2) / 1e6;
    return payment(
      `${random.pick(['x', 'X', 'é', '~'])}${index}`,
      second,
      amountOf(random, world),
      [
        random.pick(SHOPS),
        random.pick([0, -1, 2 ** 53 - 1, -(2 ** 53 - 1), 7, null]),
        random.pick([true, false, null]),
        random.pick(DAYS),
        random.pick(TEXTS),
      ],
    );
  });
}

const emulator = await startBigqueryEmulator();
test.after.always(() => (emulator.kind === 'started' ? emulator.close() : undefined));

for (const world of ['exact', 'any floats'] as const) {
  test.serial(`both dialects answer every named query alike, with ${world}`, async (t) => {
    t.timeout(600_000);
    if (emulator.kind === 'missing') {
      t.log(`skipped: ${emulator.reason}`);
      t.falsy(process.env['CI'], emulator.reason);
      return;
    }
    const clock = new VirtualClock();
    let fullCount = 0;
    for (let index = 0; index < WORLD_COUNT; index++) {
      const random = randomOf(SEED + index);
      const duckdb = await openDuckdbWarehouse({
        path: ':memory:',
        memoryBytesMax: 2 ** 28,
        clock,
        logger: silentLogger,
      });
      const bigquery = openBigqueryWarehouse({
        projectId: EMULATOR_PROJECT,
        dataset: `test_${randomUUID().replaceAll('-', '')}`,
        location: 'US',
        writer: 'storage',
        writeConnectionsMax: 1,
        queryTimeoutMs: 120_000,
        bytesBilledMax: 10 ** 10,
        endpoint: emulator.endpoint,
        storageEndpoint: emulator.storageEndpoint,
        clock,
        logger: silentLogger,
      });
      try {
        const rows = generate(random, world);
        for (const warehouse of [duckdb, bigquery]) {
          await warehouse.prepare([grouped]);
          await warehouse.append(grouped, rows);
          await warehouse.append(grouped, rows.slice(0, 40));
        }
        for (const [what, ask] of questions(random, rows)) {
          const expected = await ask(duckdb);
          const got = await ask(bigquery);
          if (Array.isArray(expected) && expected.length > 0) fullCount += 1;
          const where = `seed ${SEED + index}, ${what}`;
          if (world === 'exact') t.deepEqual(got, expected, where);
          else if (!isAlike(got, expected)) t.deepEqual(got, expected, where);
          else t.pass();
        }
      } finally {
        await duckdb.close();
        await bigquery.close();
      }
    }
    t.true(fullCount > WORLD_COUNT * 8, `${fullCount} answers have rows`);
  });
}

type Question = readonly [string, (warehouse: Warehouse) => Promise<unknown>];

function questions(random: Random, rows: readonly NewRow[]): readonly Question[] {
  const times = rows.map(({ row }) => Number(row[1]));
  const somewhere = () => random.pick(times) + random.below(3) - 1;
  const [fromMicros = 0, toMicros = 0] = [somewhere(), somewhere()].toSorted((a, b) => a - b);
  const all = { fromMicros: START_MICROS - 4e15, toMicros: START_MICROS + 4e15 };
  const ranges = { all, some: { fromMicros, toMicros } };
  const list: Question[] = [];
  for (const [name, range] of Object.entries(ranges)) {
    for (const order of ['asc', 'desc'] as const) {
      const pick = random.pick(rows).row;
      const filters: Record<string, Cell> = { shop: pick[3] ?? null, is_card: pick[5] ?? null };
      const after = { eventTimeMicros: Number(pick[1]), eventId: String(pick[0]) };
      const size = grouped.windows!.sizeMs * 1_000;
      const start = Math.floor(Number(pick[1]) / size) * size;
      const page = { ...range, order, limit: 50 };
      list.push(
        [`events ${name} ${order}`, (w) => w.events(grouped, { ...page, filters: {} })],
        [`filtered ${name} ${order}`, (w) => w.events(grouped, { ...page, filters })],
        [
          `events after ${name} ${order}`,
          (w) => w.events(grouped, { ...page, filters: {}, after }),
        ],
        [`windows ${name} ${order}`, (w) => w.windows(grouped, page)],
        [
          `windows after ${name} ${order}`,
          (w) =>
            w.windows(grouped, {
              ...page,
              after: { windowStartMicros: start, group: [pick[3] ?? null] },
            }),
        ],
      );
    }
    list.push(
      [`gaps ${name}`, (w) => w.windowContinuity(grouped, range)],
      [`spikes ${name}`, (w) => w.windowSpikes(grouped, range)],
    );
  }
  const id = String(random.pick(rows).row[0]);
  list.push(
    [`event ${id}`, (w) => w.event(grouped, id)],
    ['newest event', (w) => w.newestEvent(grouped)],
    ['row count', (w) => w.rowCount(grouped)],
  );
  return list;
}

/** The same, floats within the tolerance; spikes at their threshold aside. */
function isAlike(got: unknown, expected: unknown): boolean {
  if (typeof got === 'number' && typeof expected === 'number') {
    return (
      Math.abs(got - expected) <= TOLERANCE_RATIO * Math.max(Math.abs(got), Math.abs(expected))
    );
  }
  if (Array.isArray(got) && Array.isArray(expected)) {
    const [a, b] = [got.filter(isClear), expected.filter(isClear)];
    return a.length === b.length && a.every((each, index) => isAlike(each, b[index]));
  }
  if (typeof got === 'object' && got !== null && typeof expected === 'object' && expected) {
    const others = Object.entries(expected);
    const values = new Map(Object.entries(got));
    return (
      values.size === others.length && others.every(([key, each]) => isAlike(values.get(key), each))
    );
  }
  return Object.is(got, expected);
}

function isClear(each: unknown): boolean {
  if (typeof each !== 'object' || each === null || !('movingAverage' in each)) return true;
  const { value, movingAverage } = each as { value: number; movingAverage: number };
  const threshold = movingAverage * SPIKE_FACTOR;
  return Math.abs(value - threshold) > TOLERANCE_RATIO * Math.abs(threshold);
}
