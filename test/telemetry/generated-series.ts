/** Generated series and signals about them: every shape that a scrape can have, from a seed. */
import { MetricStore } from '../../telemetry/index.ts';
import type { Labels, Matcher, Selector, Signal, StoredSample } from '../../telemetry/index.ts';
import type { WrittenSeries } from '../helpers/prometheus.ts';

export interface GeneratedSeries extends WrittenSeries {
  readonly kind: StoredSample['kind'];
}

export interface World {
  readonly series: readonly GeneratedSeries[];
  readonly signals: readonly Signal[];
  readonly instants: readonly number[];
}

export interface WorldOptions {
  /** Neither samples nor ends of slices lie on the edge of a window, which Prometheus 2 includes and 3 does not. */
  readonly isOffBoundary: boolean;
}

export const FROM_MS = Date.UTC(2026, 0, 5, 10);
const SPAN_MS = 3 * 3_600_000;
const MINUTE_MS = 60_000;

/** Numbers from 0 to 1 that are always the same for a seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One set of metrics of its own names, and questions about it. */
export function generateWorld(index: number, seed: number, options: WorldOptions): World {
  const random = randomOf(seed * 100_003 + index);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  const chance = (ratio: number) => random() < ratio;
  const prefix = `w${index}`;

  const intervalMs = pick([1_000, 5_000, 10_000, 15_000, 30_000, 60_000]);
  const isRegular = chance(0.5);
  const targets = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, at) => ({
    a: pick(['x', 'y', 'say "hi"\\\n', '']),
    b: String(at),
  }));

  const timesOf = (): { atMs: number; isEnd: boolean }[] => {
    const bornMs = chance(0.3) ? random() * SPAN_MS : 0;
    const diesMs = chance(0.2) ? bornMs + random() * SPAN_MS : SPAN_MS;
    const times: { atMs: number; isEnd: boolean }[] = [];
    let atMs = Math.ceil(bornMs / intervalMs) * intervalMs;
    while (atMs < diesMs) {
      const jitterMs = isRegular ? 0 : Math.floor((random() - 0.5) * intervalMs * 0.9);
      times.push({ atMs: snapped(atMs + jitterMs), isEnd: false });
      atMs += intervalMs;
      if (chance(0.01)) atMs += intervalMs * Math.floor(1 + random() * 40);
      if (chance(0.01)) {
        times.push({ atMs: snapped(atMs), isEnd: true });
        atMs += intervalMs * Math.floor(1 + random() * 20);
      }
    }
    if (diesMs < SPAN_MS && chance(0.6)) times.push({ atMs: snapped(atMs), isEnd: true });
    return times.filter((time, at) => at === 0 || time.atMs > times[at - 1]!.atMs);
  };
  const snapped = (offsetMs: number) =>
    FROM_MS + (options.isOffBoundary ? Math.round(offsetMs / 1_000) * 1_000 + 137 : offsetMs);

  const counterOf = (name: string, labels: Labels, isFloat = false): GeneratedSeries => {
    let value = chance(0.5) ? 0 : Math.floor(random() * 10_000);
    const step = pick([0, 0.2, 3, 500]);
    const resetRatio = pick([0, 0, 0.005, 0.05]);
    const samples = timesOf().map(({ atMs, isEnd }) => {
      if (isEnd) return { atMs, value: 'stale' as const };
      if (chance(resetRatio)) value = isFloat ? random() : 0;
      const risen = random() * step * 2;
      value += isFloat ? risen : Math.floor(risen);
      return { atMs, value };
    });
    return { name, labels, kind: 'counter', samples };
  };

  const gaugeOf = (name: string, labels: Labels): GeneratedSeries => {
    const peak = pick([10, 100, 1_000]);
    const oddRatio = pick([0, 0, 0.02]);
    const samples = timesOf().map(({ atMs, isEnd }) => {
      if (isEnd) return { atMs, value: 'stale' as const };
      if (chance(oddRatio)) return { atMs, value: pick([Number.NaN, Infinity, -Infinity, 0]) };
      return { atMs, value: chance(0.3) ? 60 : Math.round(random() * peak * 1_000) / 1_000 };
    });
    return { name, labels, kind: 'gauge', samples };
  };

  const histogramOf = (name: string, labels: Labels): GeneratedSeries[] => {
    const les = pick([
      ['0.3', '1', '60', '+Inf'],
      ['0.3', '1.0', '60.0', '+Inf'],
      ['-1', '0.3', '1', '60', '+Inf'],
      ['0.3', '1', '60'],
      ['+Inf'],
      ['0.3', '1', '60', '+Inf', 'broken'],
    ]);
    const times = timesOf();
    const counts = les.map(() => 0);
    const weights = les.map(() => pick([0, 1, 5]));
    let sum = 0;
    const isTorn = chance(0.2);
    const columns = les.map((): { atMs: number; value: number | 'stale' }[] => []);
    const sums: { atMs: number; value: number | 'stale' }[] = [];
    const totals: typeof sums = [];
    for (const { atMs, isEnd } of times) {
      if (!isEnd && chance(0.003)) counts.fill(0);
      let cumulative = 0;
      for (const [at, weight] of weights.entries()) {
        if (!isEnd) counts[at]! += Math.floor(random() * weight * 2);
        cumulative += counts[at]!;
        const isLate = isTorn && chance(0.1);
        columns[at]!.push({ atMs, value: isEnd ? 'stale' : isLate ? counts[at]! : cumulative });
      }
      sum += random();
      sums.push({ atMs, value: isEnd ? 'stale' : sum });
      totals.push({ atMs, value: isEnd ? 'stale' : cumulative });
    }
    return [
      ...les.map((le, at) => ({
        name: `${name}_bucket`,
        labels: { ...labels, le },
        kind: 'counter' as const,
        samples: columns[at]!,
      })),
      { name: `${name}_sum`, labels, kind: 'counter', samples: sums },
      { name: `${name}_count`, labels, kind: 'counter', samples: totals },
    ];
  };

  const series: GeneratedSeries[] = targets.flatMap((target) => [
    counterOf(`${prefix}_total`, { ...target, code: '200' }),
    ...(chance(0.7) ? [counterOf(`${prefix}_total`, { ...target, code: '503' })] : []),
    counterOf(`${prefix}_seconds_total`, target, true),
    gaugeOf(`${prefix}:lag_seconds`, target),
    gaugeOf(`${prefix}_info`, target),
    ...histogramOf(`${prefix}_latency`, target),
  ]);

  const matchers = (): Matcher[] =>
    chance(0.5)
      ? []
      : [
          pick<Matcher>([
            { label: 'a', op: '=', value: 'x' },
            { label: 'a', op: '!=', value: 'x' },
            { label: 'a', op: '=', value: 'say "hi"\\\n' },
            { label: 'a', op: '=~', value: 'x|y' },
            { label: 'a', op: '!~', value: '(?i)X.*' },
            { label: 'a', op: '=', value: '' },
            { label: 'b', op: '=~', value: '[0-1]' },
            { label: 'none', op: '!=', value: '' },
            { label: 'a', op: '=~', value: '(?s)say.*' },
          ]),
        ];
  const select = (metric: string, ...more: Matcher[]): Selector => ({
    metric: `${prefix}${metric}`,
    matchers: [...matchers(), ...more],
  });
  const signals = Array.from({ length: 3 }, (): Signal[] => {
    const windowMs = pick([30_000, 60_000, 150_000, 300_000, 450_000, 1_800_000, 7_200_000]);
    const by = pick([[], ['a'], ['b'], ['a', 'b'], ['b', 'none']]);
    const common = { by, windowMs };
    const bound = pick([0.3, 1, 60, 7, Number.POSITIVE_INFINITY]);
    const sliceMs = pick([MINUTE_MS, MINUTE_MS, 30_000, 5 * MINUTE_MS]);
    const histogram = select('_latency');
    const failed: Matcher = { label: 'code', op: '=~', value: '5..' };
    const slice = {
      gauge: select(':lag_seconds'),
      bound: pick([60, 5, 0]),
      sliceMs,
      windowMs: Math.max(windowMs, sliceMs),
      ...(chance(0.6) ? { presence: select('_info') } : {}),
    };
    return [
      { kind: 'rate', counter: select(pick(['_total', '_seconds_total'])), ...common },
      { kind: 'increase', counter: select(pick(['_total', '_seconds_total'])), ...common },
      { kind: 'ratio', part: select('_total', failed), whole: select('_total'), ...common },
      { kind: 'mean', histogram, ...common },
      { kind: 'quantile', quantile: pick([0, 0.5, 0.95, 0.99, 1]), histogram, ...common },
      { kind: 'countAtOrBelow', bound, histogram, ...common },
      { kind: 'shareAtOrBelow', bound, histogram, ...common },
      { kind: 'max', gauge: select(':lag_seconds'), ...common },
      { kind: 'last', gauge: select(':lag_seconds'), ...common },
      { kind: 'sum', gauge: select(':lag_seconds'), ...common },
      { kind: 'goodSlices', ...slice },
      { kind: 'validSlices', ...slice },
    ];
  }).flat();

  const instants = Array.from({ length: 4 }, () => {
    const offsetMs = random() * (SPAN_MS + 10 * MINUTE_MS);
    if (options.isOffBoundary) return FROM_MS + Math.round(offsetMs / 1_000) * 1_000 + 500;
    // Half of them on the very instants of samples and slices.
    return FROM_MS + (chance(0.5) ? Math.round(offsetMs / 60_000) * 60_000 : Math.round(offsetMs));
  });
  return { series, signals, instants };
}

/** A store that scraped each series in order of time; `'stale'` is a scrape without it. */
export function storeOf(all: readonly GeneratedSeries[]): MetricStore {
  const store = new MetricStore();
  const events = all.flatMap((series, target) =>
    series.samples.map((sample) => ({ series, target: String(target), ...sample })),
  );
  for (const { series, target, atMs, value } of events.toSorted((a, b) => a.atMs - b.atMs)) {
    store.append(target, atMs, value === 'stale' ? [] : [{ ...series, value }]);
  }
  return store;
}
