/** Which days a row count reads, and when: what BigQuery bills for it. */
import test from 'ava';
import { VirtualClock } from '../../runtime/index.ts';
import type { BigqueryQuery, BigqueryRow } from '../../warehouse/bigquery-query.ts';
import { BigqueryReader } from '../../warehouse/bigquery-reader.ts';
import { BigqueryRowCounts } from '../../warehouse/bigquery-row-counts.ts';
import { payments } from './fixtures/streams.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.parse('2026-03-05T23:30:00Z');

function setUp() {
  const clock = new VirtualClock(NOW_MS);
  const asked: string[] = [];
  const state = { older: 100, newest: 10, failure: undefined as Error | undefined };
  const queries = {
    async rows({ sql, parameters }: BigqueryQuery): Promise<readonly BigqueryRow[]> {
      const days = parameters.map(({ value }) => String(value).slice(0, 10)).join(' to ');
      asked.push(days);
      if (state.failure) throw state.failure;
      return [[String(sql.includes('@p2') ? state.older : state.newest)]];
    },
  };
  const reader = new BigqueryReader('d', queries, () => clock.nowMs());
  const counts = new BigqueryRowCounts(reader, clock);
  const count = async () => {
    asked.length = 0;
    return [await counts.count(payments), [...asked]] as const;
  };
  return { clock, state, counts, count };
}

const ALL_DAYS = ['0001-01-01 to 2026-03-04', '2026-03-04'];

test('older days are counted once an hour, today and yesterday each time', async (t) => {
  const { clock, state, count } = setUp();
  t.deepEqual(await count(), [110, ALL_DAYS]);
  state.older = 101;
  state.newest = 11;
  await clock.advance(HOUR_MS - 1);
  t.deepEqual(await count(), [111, ['2026-03-04']], 'past midnight the days stay where they met');
  await clock.advance(1);
  t.deepEqual(await count(), [112, ['0001-01-01 to 2026-03-05', '2026-03-05']]);
});

test('what this process wrote to an older day is counted at once', async (t) => {
  const { state, counts, count } = setUp();
  await count();
  state.older = 101;
  counts.wrote(payments, Date.parse('2026-03-04T00:00:00Z') * 1_000);
  t.deepEqual(await count(), [110, ['2026-03-04']]);
  counts.wrote(payments, Date.parse('2026-03-03T23:59:59Z') * 1_000);
  t.deepEqual(await count(), [111, ALL_DAYS]);
});

test('a count that failed is kept for nobody', async (t) => {
  const { state, count } = setUp();
  state.failure = new Error('gone');
  await t.throwsAsync(count(), { message: 'gone' });
  state.failure = undefined;
  t.deepEqual(await count(), [110, ALL_DAYS]);
});
