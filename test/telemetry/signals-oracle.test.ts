/** Signals answered by the local store and by real Prometheus servers, on the same generated samples. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { evaluate, toPromQL } from '../../telemetry/index.ts';
import type { SignalValue } from '../../telemetry/index.ts';
import {
  findPrometheus,
  queryPrometheus,
  startPrometheus,
  writeSeries,
} from '../helpers/prometheus.ts';
import type { PrometheusServer } from '../helpers/prometheus.ts';
import { generateWorld, storeOf } from './generated-series.ts';
import { isBornApart } from './prometheus-2.ts';

const IS_FULL = process.env['HIGHWATER_TEST_FULL'] === '1';
/** Each is 36 signals at 4 instants: 144 cases. */
const WORLD_COUNT = IS_FULL ? 40 : 6;
const SEED = Number(process.env['HIGHWATER_TEST_SEED'] ?? 1);
/** Floats are summed in another order. */
const TOLERANCE_RATIO = 1e-9;

test('what the store answers is what Prometheus 3 answers, on generated series', async (t) => {
  t.timeout(600_000);
  await compare(t, 3);
});

test('what the store answers is what Prometheus 2 answers, but for series born within the window', async (t) => {
  t.timeout(600_000);
  await compare(t, 2);
});

async function compare(t: ExecutionContext, major: 2 | 3): Promise<void> {
  const found = await findPrometheus(major);
  if (found.kind === 'missing') {
    if (process.env['CI']) t.fail(found.reason);
    else t.pass(`skipped. ${found.reason}`);
    t.log(found.reason);
    return;
  }
  const server = await startPrometheus(found);
  try {
    const worlds = Array.from({ length: WORLD_COUNT }, (_, index) =>
      generateWorld(index, SEED + major, { isOffBoundary: major === 2 }),
    );
    await writeSeries(
      server,
      worlds.flatMap(({ series }) => series),
    );
    const different: string[] = [];
    let comparedCount = 0;
    let answeredCount = 0;
    let excusedCount = 0;
    for (const { series, signals, instants } of worlds) {
      const store = storeOf(series);
      for (const signal of signals) {
        const text = toPromQL(signal);
        const answers = await Promise.all(instants.map((atMs) => ask(server, text, atMs)));
        for (const [index, atMs] of instants.entries()) {
          const ours = evaluate(signal, store, atMs);
          const theirs = answers[index]!;
          comparedCount++;
          if (theirs.length > 0) answeredCount++;
          const difference = differenceOf(ours, theirs);
          if (difference === undefined) continue;
          if (major === 2 && isBornApart(signal, store, atMs)) excusedCount++;
          else different.push(`seed ${SEED}: ${text} at ${atMs}: ${difference}`);
        }
      }
    }
    t.log(
      `${comparedCount} cases, ${answeredCount} with an answer, ${excusedCount} of series born apart`,
    );
    t.deepEqual(different.slice(0, 20), [], `${different.length} of ${comparedCount} differ`);
    t.true(answeredCount > comparedCount / 2, 'most questions have an answer');
    t.true(excusedCount < comparedCount / 20, 'few answers are excused');
  } finally {
    await server.close();
  }
}

async function ask(
  server: PrometheusServer,
  query: string,
  atMs: number,
): Promise<readonly SignalValue[]> {
  return (await queryPrometheus(server, query, atMs)).map(({ metric, value }) => ({
    labels: Object.fromEntries(Object.entries(metric).filter(([label]) => label !== '__name__')),
    value,
  }));
}

function differenceOf(
  ours: readonly SignalValue[],
  theirs: readonly SignalValue[],
): string | undefined {
  const one = byLabels(ours);
  const other = byLabels(theirs);
  const keys = new Set([...one.keys(), ...other.keys()]);
  const apart = [...keys].filter((key) => !isClose(one.get(key), other.get(key)));
  if (apart.length === 0) return undefined;
  return apart.map((key) => `${key} ours ${one.get(key)}, theirs ${other.get(key)}`).join('; ');
}

function byLabels(values: readonly SignalValue[]): Map<string, number> {
  return new Map(
    values.map(({ labels, value }) => [
      JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))),
      value,
    ]),
  );
}

function isClose(one: number | undefined, other: number | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (Object.is(one, other) || one === other) return true;
  const size = Math.max(Math.abs(one), Math.abs(other));
  return Math.abs(one - other) <= size * TOLERANCE_RATIO;
}
