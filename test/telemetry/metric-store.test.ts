/** The metric store: columns that give back what was put in, minutes that lose nothing that counts, limits. */
import * as fc from 'fast-check';
import test from 'ava';
import { evaluate, MetricStore } from '../../telemetry/index.ts';
import type { StoredSample } from '../../telemetry/index.ts';
import { chunkFromBytes, chunkToBytes } from '../../telemetry/metric-store-codec.ts';
import type { Chunk } from '../../telemetry/metric-store-chunk.ts';
import { packChunk } from '../../telemetry/metric-store-pack.ts';
import { thinned } from '../../telemetry/metric-store-thin.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const FROM_MS = Date.UTC(2026, 0, 5);

const VALUE = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 40 }),
  fc.integer({ min: 0, max: 60 }),
  fc.integer({ min: 0, max: 10 ** 6 }).map((thousandths) => thousandths / 1_000),
  fc.double(),
);
const STEP_MS = fc.oneof(
  { weight: 8, arbitrary: fc.constant(10_000) },
  fc.integer({ min: 1, max: 100_000 }),
);
/** Runs of one shape, so that every way of packing is met. */
const SAMPLES = fc.oneof(
  fc.array(fc.tuple(STEP_MS, VALUE), { minLength: 1, maxLength: 300 }),
  fc.array(fc.tuple(STEP_MS, fc.nat(9)), { minLength: 1, maxLength: 300 }),
  fc.array(
    fc.tuple(
      fc.nat(20_000).map((each) => each + 1),
      fc.constant(5),
    ),
    { minLength: 1 },
  ),
);

function columnsOf(samples: readonly (readonly [number, number])[]) {
  let atMs = FROM_MS;
  const times = Float64Array.from(samples, ([stepMs]) => (atMs += stepMs));
  return { times, values: Float64Array.from(samples, ([, value]) => value) };
}

function samplesOf(chunk: Chunk): (readonly [number, number])[] {
  return Array.from({ length: chunk.count }, (_, at) => [chunk.atMs(at), chunk.value(at)]);
}

test('packed samples are read back exactly, from memory and from bytes', (t) => {
  fc.assert(
    fc.property(SAMPLES, (samples) => {
      const { times, values } = columnsOf(samples);
      const chunk = packChunk(times, values);
      const expected = Array.from(times, (atMs, at) => [atMs, values[at]!] as const);
      t.deepEqual(samplesOf(chunk), expected);
      const restored = chunkFromBytes(chunkToBytes(chunk));
      t.deepEqual(samplesOf(restored), expected);
      t.is(restored.resetsUpTo(values.length - 1), chunk.resetsUpTo(values.length - 1));
    }),
    { seed: 1, numRuns: 500 },
  );
});

const regularChunk = (count: number, value: (at: number) => number) =>
  packChunk(
    Float64Array.from({ length: count }, (_, at) => FROM_MS + at * 10_000),
    Float64Array.from({ length: count }, (_, at) => value(at)),
  );

const countOf = (store: MetricStore) =>
  store.named('c')[0]!.chunks.reduce((sum, { count }) => sum + count, 0);

test('what does not move and comes regularly takes no room a sample', (t) => {
  t.is(regularChunk(1_000, () => 7).bytes, regularChunk(10, () => 7).bytes);
  t.true(regularChunk(1_000, (at) => at * 50 + (at % 7)).bytes < 400 + 1_000 * 1.3);
});

test('by the minute, a counter keeps its rise and a gauge its peaks, however often it is thinned', (t) => {
  fc.assert(
    fc.property(SAMPLES, fc.constantFrom('counter' as const, 'gauge' as const), (samples, kind) => {
      const finite = samples.map(([stepMs, value]) => [stepMs, Math.abs(value) || 0] as const);
      const { times, values } = columnsOf(finite);
      const full = packChunk(times, values);
      const [once] = thinned([full], kind);
      const [twice] = thinned([once!], kind);
      t.deepEqual(samplesOf(twice!), samplesOf(once!));
      t.is(once!.lastAtMs, full.lastAtMs);
      if (kind === 'gauge') t.is(once!.max, full.max);
      else t.is(riseOf(once!), values.at(-1)! + full.resetsUpTo(full.count - 1));
    }),
    { seed: 2, numRuns: 500 },
  );
});

/** Since the counter was 0: the first sample may be one that thinning drops. */
function riseOf(chunk: Chunk): number {
  return chunk.value(chunk.count - 1) + chunk.resetsUpTo(chunk.count - 1);
}

test('halves thinned one after the other are what the whole thinned is', (t) => {
  fc.assert(
    fc.property(SAMPLES, fc.double({ min: 0, max: 1, noNaN: true }), (samples, share) => {
      const { times, values } = columnsOf(samples);
      const cut = Math.max(1, Math.floor(times.length * share));
      if (cut >= times.length) return;
      const first = thinned([packChunk(times.slice(0, cut), values.slice(0, cut))], 'counter');
      const second = packChunk(times.slice(cut), values.slice(cut));
      t.deepEqual(
        thinned([first[0]!, second], 'counter').map(samplesOf),
        thinned([packChunk(times, values)], 'counter').map(samplesOf),
      );
    }),
    { seed: 3, numRuns: 300 },
  );
});

const sample = (name: string, labels: Record<string, string>, value: number): StoredSample => ({
  name,
  labels,
  value,
  kind: 'gauge',
});

test('label sets never mix, whatever their names and values', (t) => {
  const store = new MetricStore();
  const sets: Record<string, string>[] = [
    { a: 'b,c' },
    { a: 'b', c: '' },
    { a: 'b', c: 'd' },
    { 'a","c': 'd' },
    { a: '","c":"d' },
    {},
  ];
  store.append('t', FROM_MS, [
    ...sets.map((labels, at) => sample('g', labels, at)),
    sample('g2', {}, 9),
  ]);
  t.is(store.seriesCount, 7);
  t.deepEqual(
    store.named('g').map((series) => series.newest(0, FROM_MS)?.value),
    [0, 1, 2, 3, 4, 5],
  );
});

test('samples not after the newest of their series are left out and counted', (t) => {
  const store = new MetricStore();
  store.append('t', FROM_MS, [sample('g', {}, 1)]);
  const again = store.append('t', FROM_MS, [sample('g', {}, 2), sample('g', {}, 3)]);
  t.deepEqual(again, { storedCount: 0, outOfOrderCount: 2, refusedCount: 0 });
  t.is(store.named('g')[0]!.newest(0, FROM_MS)?.value, 1);
});

test('series beyond the limit are refused and counted, the others go on', (t) => {
  const store = new MetricStore({ seriesMax: 2 });
  const samples = ['1', '2', '3'].map((a) => sample('g', { a }, 1));
  t.deepEqual(store.append('t', FROM_MS, samples), {
    storedCount: 2,
    outOfOrderCount: 0,
    refusedCount: 1,
  });
});

test('what is older than the retention goes, and series without samples with it', (t) => {
  const store = new MetricStore({ retentionMs: 2 * HOUR_MS });
  store.append('other', FROM_MS, [sample('old', {}, 1)]);
  for (let at = 0; at < 10 * 60; at++) {
    store.append('t', FROM_MS + at * MINUTE_MS, [sample('g', {}, at)]);
  }
  t.is(store.seriesCount, 1);
  t.true(store.named('g')[0]!.chunks.every(({ lastAtMs }) => lastAtMs > FROM_MS + 7 * HOUR_MS));
});

test('where the bytes are too many, the oldest samples of all series go first', (t) => {
  const bytesMax = 60_000;
  const store = new MetricStore({ bytesMax });
  for (let at = 0; at < 6_000; at++) {
    const samples = ['1', '2', '3'].map((a) => sample('g', { a }, Math.sin(at)));
    store.append('t', FROM_MS + at * 10_000, samples);
  }
  t.true(store.bytes() <= bytesMax + 20_000, String(store.bytes()));
  t.truthy(store.named('g')[0]!.newest(0, store.newestAtMs));
});

test('an answer over days is the same to a minute’s share whether full or by the minute', (t) => {
  const full = new MetricStore({ fullResolutionMs: 90 * DAY_MS });
  const thin = new MetricStore({ fullResolutionMs: HOUR_MS });
  let value = 0;
  for (let at = 0; at < 2 * 8_640; at++) {
    value = at % 3_001 === 3_000 ? 0 : value + (at % 5);
    const samples: StoredSample[] = [{ name: 'c', labels: {}, value, kind: 'counter' }];
    full.append('t', FROM_MS + at * 10_000, samples);
    thin.append('t', FROM_MS + at * 10_000, samples);
  }
  const increaseOf = (store: MetricStore) =>
    evaluate(
      { kind: 'increase', counter: { metric: 'c', matchers: [] }, by: [], windowMs: DAY_MS },
      store,
      FROM_MS + 2 * DAY_MS - HOUR_MS,
    )[0]!.value;
  t.true(countOf(thin) < countOf(full) / 4, `${countOf(thin)} of ${countOf(full)}`);
  t.true(Math.abs(increaseOf(thin) / increaseOf(full) - 1) < 1 / 1_440, String(increaseOf(thin)));
});

test('a hundred series of a busy service for 35 days take less than 12 MB', (t) => {
  t.timeout(60_000);
  const store = new MetricStore();
  const values = new Float64Array(100);
  for (let at = 0; at < 35 * 1_440; at++) {
    const samples = Array.from({ length: 100 }, (_, series): StoredSample => {
      // A third never moves, a third now and then, a third all the time, one of them in fractions.
      if (series % 3 === 1) values[series]! += at % 50 === series % 50 ? 1 : 0;
      if (series % 3 === 2) values[series]! += 3_000 + ((at * series) % 997);
      if (series === 2) values[series]! += (at % 7) / 7;
      const value = values[series]!;
      return { name: 'c', labels: { series: String(series) }, value, kind: 'counter' };
    });
    store.append('t', FROM_MS + at * MINUTE_MS, samples);
  }
  t.log(`${Math.round(store.bytes() / 1_000)} kB`);
  t.true(store.bytes() < 12_000_000, String(store.bytes()));
});
