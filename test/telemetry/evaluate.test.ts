/** Signals answered from samples that can be worked by hand. The comparison with Prometheus is in signals-oracle.test.ts. */
import test from 'ava';
import { isAppError } from '../../runtime/index.ts';
import { evaluate, isPattern, MetricStore } from '../../telemetry/index.ts';
import type { Labels, Selector, Signal, StoredSample } from '../../telemetry/index.ts';

const MINUTE_MS = 60_000;
/** A whole minute since 1970. */
const AT_MS = Date.UTC(2026, 0, 5, 12);
const all = (metric: string): Selector => ({ metric, matchers: [] });

type Samples = Readonly<Record<string, readonly (number | undefined)[]>>;

/** Series by `name{label}`, one sample every `stepMs`, the last at AT_MS; `undefined` is a scrape without it. */
function storeOf(series: Samples, kind: StoredSample['kind'], stepMs = MINUTE_MS): MetricStore {
  const store = new MetricStore();
  const length = Math.max(...Object.values(series).map(({ length: count }) => count));
  for (let index = 0; index < length; index++) {
    const samples = Object.entries(series).flatMap(([key, values]): StoredSample[] => {
      const value = values[index];
      const [name = '', label] = key.split('/');
      const labels: Labels = label === undefined ? {} : { le: label, a: label };
      return value === undefined ? [] : [{ name, labels, value, kind }];
    });
    store.append('target', AT_MS - (length - 1 - index) * stepMs, samples);
  }
  return store;
}

const counter = (values: readonly (number | undefined)[]) => storeOf({ c: values }, 'counter');
const increase = (windowMs: number): Signal => ({
  kind: 'increase',
  counter: all('c'),
  by: [],
  windowMs,
});
const valuesOf = (signal: Signal, store: MetricStore, atMs = AT_MS) =>
  evaluate(signal, store, atMs).map(({ value }) => value);

test('an increase is extrapolated to both ends of its window', (t) => {
  // Samples at -4 to 0 min rise by 40 in 4 minutes; the left end, a minute earlier, is left out, and bridged: 40 × 5/4.
  t.deepEqual(valuesOf(increase(5 * MINUTE_MS), counter([100, 110, 120, 130, 140, 150])), [50]);
});

test('a counter that begins within the window is not extrapolated below zero', (t) => {
  // 5, 15, 25 at -2, -1, 0 min: its zero was half a minute before the first sample: 20 × (2 + 0.5)/2.
  t.deepEqual(valuesOf(increase(10 * MINUTE_MS), counter([5, 15, 25])), [25]);
});

test('a fall of a counter is a reset: it rose by what it then shows', (t) => {
  // 100 → 110 → 4 → 14: 10 + 4 + 10 = 24 in 3 minutes, bridged to 4: 32.
  t.deepEqual(valuesOf(increase(4 * MINUTE_MS), counter([100, 110, 4, 14])), [32]);
});

test('one sample is no increase, and no series is no result', (t) => {
  t.deepEqual(valuesOf(increase(MINUTE_MS), counter([1, 2])), []);
  t.deepEqual(valuesOf(increase(MINUTE_MS), new MetricStore()), []);
});

test('a part without series is 0; no traffic is NaN; no series of the whole is no result', (t) => {
  const ratio: Signal = {
    kind: 'ratio',
    part: all('bad'),
    whole: all('c'),
    by: [],
    windowMs: 5 * MINUTE_MS,
  };
  t.deepEqual(valuesOf(ratio, counter([0, 10, 20])), [0]);
  t.deepEqual(valuesOf(ratio, counter([10, 10, 10])), [Number.NaN]);
  t.deepEqual(valuesOf(ratio, storeOf({ bad: [0, 1, 2] }, 'counter')), []);
});

test('a series that a scrape no longer has is gone at once; one that is only late stays five minutes', (t) => {
  const last: Signal = { kind: 'last', gauge: all('g'), by: [], windowMs: 5 * MINUTE_MS };
  const ended = storeOf({ g: [7, 8, undefined], other: [1, 1, 1] }, 'gauge');
  t.deepEqual(valuesOf(last, ended), []);
  t.deepEqual(valuesOf(last, ended, AT_MS - 1), [8]);
  const late = storeOf({ g: [7, 8] }, 'gauge');
  t.deepEqual(valuesOf(last, late, AT_MS + 5 * MINUTE_MS - 1), [8]);
  t.deepEqual(valuesOf(last, late, AT_MS + 5 * MINUTE_MS), [], 'the left end is not of the window');
});

const slices = (kind: 'goodSlices' | 'validSlices'): Signal => ({
  kind,
  gauge: all('lag'),
  bound: 60,
  sliceMs: MINUTE_MS,
  presence: all('alive'),
  windowMs: 5 * MINUTE_MS,
});

test('a silent part makes slices bad while the service lives, and none where it does not', (t) => {
  // Good, too late, silent, both silent, good exactly at the bound.
  const store = storeOf(
    { lag: [5, 61, undefined, undefined, 60], alive: [1, 1, 1, undefined, 1] },
    'gauge',
  );
  t.deepEqual(valuesOf(slices('goodSlices'), store), [2]);
  t.deepEqual(valuesOf(slices('validSlices'), store), [4]);
});

test('slices counted before are counted anew where older samples come in', (t) => {
  const store = storeOf({ lag: Array.from({ length: 60 }, () => 5) }, 'gauge');
  const good: Signal = {
    kind: 'goodSlices',
    gauge: all('lag'),
    bound: 60,
    sliceMs: MINUTE_MS,
    windowMs: 60 * MINUTE_MS,
  };
  t.deepEqual(valuesOf(good, store), [60]);
  const late = { name: 'lag', labels: { a: 'late' }, value: 99, kind: 'gauge' as const };
  store.append('late target', AT_MS - 30 * MINUTE_MS, [late]);
  t.deepEqual(valuesOf(good, store), [59]);
});

const quantile = (q: number): Signal => ({
  kind: 'quantile',
  quantile: q,
  histogram: all('h'),
  by: [],
  windowMs: 2 * MINUTE_MS,
});
const buckets = (counts: Readonly<Record<string, number>>) =>
  storeOf(
    Object.fromEntries(
      Object.entries(counts).map(([le, count]) => [`h_bucket/${le}`, [0, 0, count]]),
    ),
    'counter',
  );

const QUANTILES: readonly (readonly [string, number, Record<string, number>, number[]])[] = [
  ['linear within the bucket: 0.3 + 0.7 × 1/2', 0.75, { '0.3': 2, '1': 4, '+Inf': 4 }, [0.65]],
  ['from 0 in the first bucket', 0.5, { '0.3': 4, '+Inf': 4 }, [0.15]],
  ['the largest bound where it lies beyond', 0.99, { '0.3': 1, '1': 2, '+Inf': 9 }, [1]],
  ['NaN without observations', 0.5, { '0.3': 0, '+Inf': 0 }, [Number.NaN]],
  ['NaN without the bucket +Inf', 0.5, { '0.3': 1, '1': 2 }, [Number.NaN]],
  ['buckets torn apart are made to rise', 0.5, { '0.3': 3, '1': 2, '+Inf': 4 }, [0.2]],
  ['both spellings of a bound are one', 0.5, { '1': 2, '1.0': 2, '+Inf': 8 }, [1]],
];

for (const [title, q, counts, expected] of QUANTILES) {
  test(`a quantile: ${title}`, (t) => {
    const [value = 0] = valuesOf(quantile(q), buckets(counts));
    t.is(Number(value.toPrecision(12)), expected[0]!);
  });
}

test('small terms beside large ones are not lost in a sum', (t) => {
  const store = storeOf({ 'g/1': [1e100], 'g/2': [1], 'g/3': [-1e100] }, 'gauge');
  t.deepEqual(valuesOf({ kind: 'sum', gauge: all('g'), by: [], windowMs: MINUTE_MS }, store), [1]);
});

const gauge = (value: string): Selector => ({
  metric: 'g',
  matchers: [{ label: 'a', op: '=~', value }],
});

test('a regular expression that RE2 refuses is refused', (t) => {
  for (const value of ['(?=a)', '(a)\\1', '[']) {
    const error = t.throws(() =>
      evaluate({ kind: 'last', gauge: gauge(value), by: [], windowMs: 1 }, new MetricStore(), 0),
    );
    t.true(isAppError(error, 'invalid_argument'), value);
    t.false(isPattern(value), value);
  }
  t.true(isPattern('5..|(?P<a>b)'));
});
