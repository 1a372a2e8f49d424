/** The store's file: what was measured is there again, after a close, a kill, a full disk, a damaged file. */
import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { createLogger, isAppError, silentLogger } from '../../runtime/index.ts';
import { evaluate, openMetricStore } from '../../telemetry/index.ts';
import type { MetricStore, Signal } from '../../telemetry/index.ts';
import { samplesAt } from './file-samples.ts';

const FROM_MS = Date.UTC(2026, 0, 5);
const STEP_MS = 10_000;

function newPath(t: { teardown(close: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'highwater-store-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'deeper', 'metrics.sqlite');
}

function logged() {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  return { lines, logger: createLogger({ level: 'info', format: 'json', write }) };
}

function fill(store: MetricStore, count: number): void {
  for (let at = 0; at < count; at++) store.append('t', FROM_MS + at * STEP_MS, samplesAt(at));
}

const SIGNALS: readonly Signal[] = [
  { kind: 'increase', counter: { metric: 'c', matchers: [] }, by: ['a'], windowMs: 30 * 3_600_000 },
  { kind: 'max', gauge: { metric: 'g', matchers: [] }, by: ['a'], windowMs: 3_600_000 },
  { kind: 'last', gauge: { metric: 'g', matchers: [] }, by: ['a'], windowMs: 300_000 },
  {
    kind: 'goodSlices',
    gauge: { metric: 'g', matchers: [] },
    bound: 900,
    sliceMs: 60_000,
    windowMs: 40 * 3_600_000,
  },
];
const answers = (store: MetricStore) =>
  SIGNALS.map((signal) => evaluate(signal, store, store.newestAtMs));

test('a store that is opened again answers as it did before', (t) => {
  const path = newPath(t);
  const first = openMetricStore({ path, logger: silentLogger });
  fill(first.store, 12_000);
  const before = answers(first.store);
  first.close();
  const second = openMetricStore({ path, logger: silentLogger });
  t.deepEqual(answers(second.store), before);
  t.is(second.store.newestAtMs, FROM_MS + 11_999 * STEP_MS);
  second.close();
});

test('a process killed at any moment loses no append that had returned', async (t) => {
  const path = newPath(t);
  for (const killAfter of [3, 150, 700]) {
    const child = fork(join(import.meta.dirname, 'store-process.ts'), [path]);
    const last = await new Promise<number>((resolve) => {
      let seen = 0;
      child.on('message', (at: number) => {
        seen = at;
        if (at >= killAfter) child.kill('SIGKILL');
      });
      child.once('exit', () => resolve(seen));
    });
    const { store, close } = reopened(path);
    t.true(store.newestAtMs >= FROM_MS + last * STEP_MS);
    // All that is there is what was appended, whole: the same as a store that never died.
    const count = (store.newestAtMs - FROM_MS) / STEP_MS + 1;
    const whole = openMetricStore({ path: newPath(t), logger: silentLogger });
    fill(whole.store, count);
    t.deepEqual(answers(store), answers(whole.store));
    whole.close();
    close();
    rmSync(path);
  }
});

function reopened(path: string) {
  const file = openMetricStore({ path, logger: silentLogger });
  return { store: file.store, close: () => file.close() };
}

for (const [what, damage] of [
  ['no database at all', () => Buffer.from('not a database, but long enough to be looked at')],
  ['overwritten in the middle', (bytes: Buffer) => bytes.fill(0x5a, 4_096, bytes.length)],
] as const) {
  test(`a damaged file is set aside, said, and measuring begins anew: ${what}`, (t) => {
    const path = newPath(t);
    const first = openMetricStore({ path, logger: silentLogger });
    fill(first.store, 600);
    first.close();
    writeFileSync(path, damage(readFileSync(path)));
    const { lines, logger } = logged();
    const second = openMetricStore({ path, logger });
    t.true(existsSync(`${path}.damaged`));
    t.regex(
      lines.join(''),
      /"event":"metric_store_damaged".*set aside as .*metrics\.sqlite\.damaged/,
    );
    t.is(second.store.seriesCount, 0);
    fill(second.store, 10);
    second.close();
    const { store, close } = reopened(path);
    t.is(store.seriesCount, 3);
    close();
  });
}

test('a file that another process holds is refused with what to do', (t) => {
  const path = newPath(t);
  const first = openMetricStore({ path, logger: silentLogger });
  const error = t.throws(() => openMetricStore({ path, logger: silentLogger }));
  t.true(isAppError(error, 'locked'));
  t.regex(error.message, /held by another process. Stop it, or set HIGHWATER_DATA_DIR/);
  first.close();
});

test('on a full disk measuring goes on in memory, said once, and nothing on disk is torn', (t) => {
  const path = newPath(t);
  const { lines, logger } = logged();
  const first = openMetricStore({ path, filePagesMax: 8, logger });
  fill(first.store, 1_000);
  t.is(lines.filter((line) => line.includes('metric_store_write_failed')).length, 1);
  const before = answers(first.store);
  first.close();
  // Closing wrote chunks in the place of the appends that had filled the file.
  const { store, close } = reopened(path);
  t.deepEqual(answers(store), before);
  close();
});
