import test from 'ava';
import { commitRows } from '../../ingest/commit.ts';
import { retryDelayMs } from '../../ingest/retry.ts';
import type { NewRow } from '../../warehouse/index.ts';

const rowsOf = (count: number): NewRow[] =>
  Array.from({ length: count }, (_, index) => ({
    row: [index],
    messageId: String(index),
    publishTimeMicros: 0,
  }));

/** A sink that fails every append that holds one of `badIds`. */
function sink(badIds: readonly string[]) {
  const stored: string[] = [];
  let appendCount = 0;
  return {
    stored,
    appendCount: () => appendCount,
    append: async (rows: readonly NewRow[]) => {
      appendCount += 1;
      if (rows.some(({ messageId }) => badIds.includes(messageId))) throw new Error('bad row');
      stored.push(...rows.map(({ messageId }) => messageId));
      return { committedCount: rows.length, duplicateCount: 0, rejected: [] };
    },
  };
}

const cases: [number, string[]][] = [
  [1_000, []],
  [1_000, ['0']],
  [1_000, ['999']],
  [1_000, ['3', '4', '500', '998']],
  [3, ['0', '2']],
];
for (const [count, badIds] of cases) {
  test(`${badIds.length} bad of ${count} rows (${badIds.join(', ')}) leave the others stored`, async (t) => {
    const { append, stored } = sink(badIds);
    const result = await commitRows(append, rowsOf(count), () => false);
    t.is(result?.committedCount, count - badIds.length);
    t.is(stored.length, count - badIds.length);
    t.deepEqual(
      result?.rejected.map(({ index }) => String(index)),
      badIds,
    );
  });
}

test('a sink that takes no row at all is at fault, not the rows', async (t) => {
  const all = rowsOf(1_000);
  const { append, appendCount } = sink(all.map(({ messageId }) => messageId));
  await t.throwsAsync(
    commitRows(append, all, () => false),
    { message: 'bad row' },
  );
  t.true(appendCount() < 50);
});

test('a lone row is rejected only where the sink has taken others since', async (t) => {
  const { append } = sink(['0']);
  await t.throwsAsync(commitRows(append, rowsOf(1), () => false));
  const result = await commitRows(append, rowsOf(1), () => true);
  t.deepEqual(result?.rejected, [{ index: 0, reason: 'bad row' }]);
});

test('an append that gave up leaves the whole batch undecided', async (t) => {
  t.is(
    await commitRows(
      async () => undefined,
      rowsOf(2),
      () => true,
    ),
    undefined,
  );
});

test('retries wait from 100 ms, doubled, up to 5 s', (t) => {
  t.deepEqual(
    [1, 2, 3, 6, 7, 1_000].map((attempt) => retryDelayMs(attempt)),
    [100, 200, 400, 3_200, 5_000, 5_000],
  );
});
