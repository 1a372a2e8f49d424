import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { silentLogger } from '../../runtime/index.ts';
import { EventIdIndex } from '../../warehouse/event-id-index.ts';
import { spreadKey } from './fixtures/keys.ts';

const BATCH_ROWS = 5_000;

function temporaryFile(t: ExecutionContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'highwater-index-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'ids.sqlite');
}

/** Inserts the keys of the numbers `from` to `to`, each with its number + 1 as sequence, in batches. */
function insert(index: EventIdIndex, from: number, to: number): void {
  for (let start = from; start < to; start += BATCH_ROWS) {
    const numbers = Array.from({ length: Math.min(BATCH_ROWS, to - start) }, (_, at) => start + at);
    index.insert(
      's',
      numbers.map(spreadKey),
      numbers.map((n) => n + 1),
      start + numbers.length,
    );
  }
}

/** How many of some numbers below `count` are not found with exactly their sequence. */
function wrongCount(index: EventIdIndex, count: number): number {
  let wrong = 0;
  for (let n = 0; n < count; n += 97) {
    const found = index.find('s', spreadKey(n));
    if (found.length !== 1 || found[0] !== n + 1) wrong++;
  }
  return wrong;
}

test('every key is found through merges of two levels and after opening again, others are not', (t) => {
  const path = temporaryFile(t);
  const count = 17 * 65_536 + 1_234;
  const first = new EventIdIndex(path, 'warehouse', silentLogger);
  insert(first, 0, count);
  t.is(wrongCount(first, count), 0);
  t.true(first.runCount('s') < 12, `${first.runCount('s')} runs`);
  first.close();
  const again = new EventIdIndex(path, 'warehouse', silentLogger);
  t.is(again.highWater('s'), count);
  t.is(wrongCount(again, count), 0);
  let foundCount = 0;
  for (let n = 0; n < 10_000; n++) foundCount += again.find('s', spreadKey(count + n)).length;
  t.is(foundCount, 0);
  again.close();
});

test('after a kill the file is behind by the newest keys, and adding them again leaves each once', (t) => {
  const path = temporaryFile(t);
  const killed = `${path}.killed`;
  const count = 6 * 65_536 + 777;
  const first = new EventIdIndex(path, 'warehouse', silentLogger);
  insert(first, 0, count);
  for (const suffix of ['', '-wal']) copyFileSync(path + suffix, killed + suffix);
  first.close();
  const again = new EventIdIndex(killed, 'warehouse', silentLogger);
  const highWater = again.highWater('s');
  t.true(highWater < count && highWater >= count - 65_536 - BATCH_ROWS, `${highWater} of ${count}`);
  insert(again, highWater, count);
  t.is(new Set(again.find('s', spreadKey(count - 1))).size, 1);
  const twice = [];
  for (let n = 0; n < count; n += 53) {
    if (new Set(again.find('s', spreadKey(n))).size !== 1) twice.push(n);
  }
  t.deepEqual(twice, []);
  again.close();
});

test('two rows whose ids share a key are both found, in memory and across runs', (t) => {
  const index = new EventIdIndex(':memory:', 'warehouse', silentLogger);
  const key = spreadKey(1);
  index.insert('s', [key, key, key], [7, 9, 7], 9);
  t.deepEqual(index.find('s', key), [7, 9]);
  index.flush('s');
  index.insert('s', [key], [12], 12);
  t.deepEqual(
    index.find('s', key).toSorted((a, b) => a - b),
    [7, 9, 12],
  );
  index.flush('s');
  // More twins than a page holds.
  const many = Array.from({ length: 3_000 }, (_, at) => 100 + at);
  index.insert(
    's',
    many.map(() => key),
    many,
    3_100,
  );
  index.flush('s');
  t.is(index.find('s', key).length, 3_003);
  t.deepEqual(index.find('s', spreadKey(2)), []);
  index.close();
});

test('what a merge has read is freed: the file stays near 16 bytes a key and 2 for its filter', (t) => {
  const path = temporaryFile(t);
  const count = 20 * 65_536;
  const index = new EventIdIndex(path, 'warehouse', silentLogger);
  insert(index, 0, count);
  index.close();
  const database = new DatabaseSync(path);
  const pageCount = Number(database.prepare('select count(*) as n from pages').get()!['n']);
  const runCount = Number(database.prepare('select count(*) as n from runs').get()!['n']);
  database.close();
  t.true(pageCount * 1_016 < count * 1.6, `${pageCount} pages of ${runCount} runs`);
});

test('the same event id has another key in another warehouse', (t) => {
  const [a, b] = ['2f0e', '97c1'].map((id) => new EventIdIndex(':memory:', id, silentLogger));
  t.is(a!.keyOf('event-1'), a!.keyOf('event-1'));
  t.not(a!.keyOf('event-1'), b!.keyOf('event-1'));
  t.true(a!.keyOf('event-1') < 2 ** 52);
  a!.close();
  b!.close();
});
