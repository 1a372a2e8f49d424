/** The ledger of hours: what is written, what a restart finds, and that a changed objective leaves history alone. */
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { isAppError, silentLogger, VirtualClock } from '../../runtime/index.ts';
import { openLedgerFile, SloEvaluator } from '../../slo/index.ts';
import type { LedgerRow, Slo, SloLedger } from '../../slo/index.ts';
import { temporaryFolder } from '../helpers/highwater-process.ts';
import { AVAILABILITY, slosOf } from './definitions.ts';
import { FakeReader } from './fake-reader.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NOON_MS = Date.UTC(2026, 10, 20, 12);
const [slo] = slosOf(AVAILABILITY) as [Slo];

function folderOf(t: ExecutionContext): string {
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  return join(folder.path, 'slo');
}

/** Ten good events and one bad one in the middle of each hour. */
function readerOf(hourStarts: readonly number[]): FakeReader {
  const reader = new FakeReader();
  for (const startAtMs of hourStarts) {
    const atMs = startAtMs + HOUR_MS / 2;
    reader.put('ingest_messages_total', { outcome: 'committed' }, atMs, 10);
    reader.put('ingest_messages_total', { outcome: 'quarantined' }, atMs, 1);
  }
  return reader;
}

/** Evaluates once at `atMs`, as a process that starts then. */
async function evaluateOnce(reader: FakeReader, ledger: SloLedger, atMs: number, by: Slo = slo) {
  const evaluator = new SloEvaluator({
    slos: [by],
    reader,
    ledger,
    intervalMs: 15_000,
    clock: new VirtualClock(atMs),
    logger: silentLogger,
  });
  await evaluator.evaluate();
  return evaluator;
}

function rowOf(startAtMs: number, name = 'availability'): LedgerRow {
  return {
    slo: name,
    revision: slo.revision,
    startAtMs,
    objectivePercentText: '99.9',
    budgetRatio: 0.001,
    goodCount: 10,
    validCount: 11,
  };
}

test('each hour that is over and settled is written once, with what it was judged by', async (t) => {
  const ledger = await openLedgerFile(folderOf(t));
  const reader = readerOf([-3, -2, -1, 0].map((hours) => NOON_MS + hours * HOUR_MS));
  // Five minutes after the hour its samples are in; before, it is left for later.
  const early = await evaluateOnce(reader, ledger, NOON_MS + HOUR_MS + 4 * MINUTE_MS);
  const until = NOON_MS + 2 * HOUR_MS;
  t.deepEqual(await early.history('availability', 0, until), [
    rowOf(NOON_MS - 3 * HOUR_MS),
    rowOf(NOON_MS - 2 * HOUR_MS),
    rowOf(NOON_MS - HOUR_MS),
  ]);
  const late = await evaluateOnce(reader, ledger, NOON_MS + HOUR_MS + 6 * MINUTE_MS);
  t.is((await late.history('availability', 0, until)).length, 4);
  t.deepEqual(await late.history('availability', NOON_MS, until), [rowOf(NOON_MS)]);
  t.deepEqual(await late.history('other', 0, until), []);
});

test('an hour without a valid event has no row, and the ones around it have', async (t) => {
  const ledger = await openLedgerFile(folderOf(t));
  const reader = readerOf([NOON_MS - 5 * HOUR_MS, NOON_MS - 2 * HOUR_MS]);
  await evaluateOnce(reader, ledger, NOON_MS + 10 * MINUTE_MS);
  const rows = await ledger.read('availability', 0, NOON_MS);
  t.deepEqual(
    rows.map(({ startAtMs }) => startAtMs),
    [NOON_MS - 5 * HOUR_MS, NOON_MS - 2 * HOUR_MS],
  );
});

test('a restart after days fills the gap from the metrics and repeats nothing', async (t) => {
  const dir = folderOf(t);
  const hours = Array.from({ length: 100 }, (_, index) => NOON_MS - (index + 1) * HOUR_MS);
  const reader = readerOf(hours.toReversed());
  await evaluateOnce(reader, await openLedgerFile(dir), NOON_MS - 3 * DAY_MS + 10 * MINUTE_MS);
  const before = readFileSync(join(dir, 'ledger-2026-11.ndjson'), 'utf8');
  t.is(before.trimEnd().split('\n').length, 28);

  await evaluateOnce(reader, await openLedgerFile(dir), NOON_MS + 10 * MINUTE_MS);
  const after = readFileSync(join(dir, 'ledger-2026-11.ndjson'), 'utf8');
  t.true(after.startsWith(before), 'what was written stays as it was');
  const starts = after
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as LedgerRow).startAtMs);
  t.deepEqual(starts, hours.toReversed());
});

test('the metrics’ lookback bounds what is filled', async (t) => {
  const ledger = await openLedgerFile(folderOf(t));
  const reader = new FakeReader(6 * HOUR_MS);
  for (let hour = 24; hour > 0; hour--) {
    const atMs = NOON_MS - hour * HOUR_MS + 1;
    reader.put('ingest_messages_total', { outcome: 'committed' }, atMs, 1);
  }
  await evaluateOnce(reader, ledger, NOON_MS + 10 * MINUTE_MS);
  const rows = await ledger.read('availability', 0, NOON_MS);
  // From 06:10 on: the hour that starts at 07:00 is the first whole one.
  t.is(rows[0]?.startAtMs, NOON_MS - 5 * HOUR_MS);
  t.is(rows.length, 5);
});

test('a changed objective judges the hours to come and leaves those before as they were', async (t) => {
  const dir = folderOf(t);
  const reader = readerOf([-4, -3, -2, -1].map((hours) => NOON_MS + hours * HOUR_MS));
  await evaluateOnce(reader, await openLedgerFile(dir), NOON_MS - 2 * HOUR_MS + 6 * MINUTE_MS);
  const changed = slosOf(AVAILABILITY.replace('99.9', '99.5'))[0]!;
  t.not(changed.revision, slo.revision);
  const ledger = await openLedgerFile(dir);
  await evaluateOnce(reader, ledger, NOON_MS + 6 * MINUTE_MS, changed);
  const rows = await ledger.read('availability', 0, NOON_MS);
  t.deepEqual(
    rows.map((row) => [row.objectivePercentText, row.budgetRatio, row.revision]),
    [
      ['99.9', 0.001, slo.revision],
      ['99.9', 0.001, slo.revision],
      ['99.5', 0.005, changed.revision],
      ['99.5', 0.005, changed.revision],
    ],
  );
});

test('rows are found again in another process, over the turn of a month', async (t) => {
  const dir = folderOf(t);
  const turnMs = Date.UTC(2026, 10, 1);
  const rows = [turnMs - HOUR_MS, turnMs, turnMs + HOUR_MS].map((startAtMs) => rowOf(startAtMs));
  const first = await openLedgerFile(dir);
  await first.append(rows);
  await first.append([rowOf(turnMs, 'latency')]);
  t.deepEqual(readdirSync(dir), ['ledger-2026-10.ndjson', 'ledger-2026-11.ndjson']);
  const second = await openLedgerFile(dir);
  t.deepEqual(await second.read('availability', turnMs - HOUR_MS, turnMs + 2 * HOUR_MS), rows);
  t.deepEqual(await second.read('availability', turnMs, turnMs + HOUR_MS), [rows[1]]);
  t.is(await second.newest('availability'), turnMs + HOUR_MS);
  t.is(await second.newest('latency'), turnMs);
  t.is(await second.newest('other'), undefined);
  await second.append(rows);
  t.is(
    readFileSync(join(dir, 'ledger-2026-11.ndjson'), 'utf8').trimEnd().split('\n').length,
    3,
    'an hour that is kept is not written again',
  );
});

test('a line that a crash cut short is left out, and swallows none that follows', async (t) => {
  const dir = folderOf(t);
  const file = join(dir, 'ledger-2026-11.ndjson');
  await (await openLedgerFile(dir)).append([rowOf(NOON_MS)]);
  appendFileSync(file, '{"slo":"availability","startAtMs":17');
  const reopened = await openLedgerFile(dir);
  t.deepEqual(await reopened.read('availability', 0, NOON_MS + DAY_MS), [rowOf(NOON_MS)]);
  await reopened.append([rowOf(NOON_MS + HOUR_MS)]);
  const again = await openLedgerFile(dir);
  t.deepEqual(await again.read('availability', 0, NOON_MS + DAY_MS), [
    rowOf(NOON_MS),
    rowOf(NOON_MS + HOUR_MS),
  ]);
});

test('two years and the month under way are kept; files of others are not touched', async (t) => {
  const dir = folderOf(t);
  await openLedgerFile(dir);
  const names = Array.from({ length: 27 }, (_, index) => {
    const month = new Date(Date.UTC(2024, 8 + index, 1)).toISOString().slice(0, 7);
    return `ledger-${month}.ndjson`;
  });
  for (const name of [...names, 'ledger-notes.txt']) writeFileSync(join(dir, name), '');
  await openLedgerFile(dir);
  t.deepEqual(readdirSync(dir).toSorted(), [...names.slice(2), 'ledger-notes.txt']);
});

test('a folder that cannot be made is refused by the name of its setting', async (t) => {
  const folder = temporaryFolder();
  t.teardown(() => folder.remove());
  const file = join(folder.path, 'file');
  writeFileSync(file, '');
  const error = await t.throwsAsync(() => openLedgerFile(join(file, 'slo')));
  t.true(isAppError(error, 'invalid_config'));
  t.regex(error?.message ?? '', /^HIGHWATER_DATA_DIR: expected a folder that can be written/);
});
