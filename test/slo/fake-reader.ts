/** An exact `SignalReader` over events that a test writes down: no sampling, so nothing is extrapolated. */
import type {
  Instants,
  Labels,
  Selector,
  Signal,
  SignalRange,
  SignalReader,
  SignalValue,
} from '../../telemetry/index.ts';

interface Point {
  readonly atMs: number;
  readonly value: number;
}

interface Series {
  readonly metric: string;
  readonly labels: Labels;
  readonly points: Point[];
}

export class FakeReader implements SignalReader {
  readonly lookbackMaxMs: number;
  /** Signals asked for so far. */
  askedCount = 0;
  /** Set to make every read fail. */
  failure: Error | undefined;
  readonly #series = new Map<string, Series>();

  constructor(lookbackMaxMs = 40 * 86_400_000) {
    this.lookbackMaxMs = lookbackMaxMs;
  }

  /** Counters: a rise by `value`. Histograms: an observation. Gauges: a sample. */
  put(metric: string, labels: Labels, atMs: number, value: number): void {
    const key = `${metric} ${JSON.stringify(labels)}`;
    const series = this.#series.get(key) ?? { metric, labels, points: [] };
    this.#series.set(key, series);
    series.points.push({ atMs, value });
  }

  read(signals: readonly Signal[], atMs: number): Promise<readonly (readonly SignalValue[])[]> {
    this.askedCount += signals.length;
    if (this.failure) return Promise.reject(this.failure);
    return Promise.resolve(
      signals.map((signal) => {
        const value = this.#answer(signal, atMs);
        return value === undefined ? [] : [{ labels: {}, value }];
      }),
    );
  }

  readRange(signal: Signal, { fromMs, toMs, stepMs }: Instants): Promise<readonly SignalRange[]> {
    if (this.failure) return Promise.reject(this.failure);
    const points: Point[] = [];
    for (let atMs = fromMs; atMs <= toMs; atMs += stepMs) {
      const value = this.#answer(signal, atMs);
      if (value !== undefined) points.push({ atMs, value });
    }
    return Promise.resolve(points.length === 0 ? [] : [{ labels: {}, points }]);
  }

  #answer(signal: Signal, atMs: number): number | undefined {
    const within = (selector: Selector) =>
      this.#matching(selector).flatMap(({ points }) => inWindow(points, atMs, signal.windowMs));
    if (signal.kind === 'increase') {
      const points = within(signal.counter);
      if (points.length === 0) return undefined;
      const isHistogram = signal.counter.metric.endsWith('_seconds');
      return points.reduce((sum, { value }) => sum + (isHistogram ? 1 : value), 0);
    }
    if (signal.kind === 'countAtOrBelow') {
      const points = within(signal.histogram);
      if (points.length === 0) return undefined;
      return points.filter(({ value }) => value <= signal.bound).length;
    }
    if (signal.kind === 'goodSlices' || signal.kind === 'validSlices') {
      const slices = new Map<number, number>();
      const sliceOf = (each: Point) => Math.floor(each.atMs / signal.sliceMs);
      if (signal.presence) {
        for (const each of within(signal.presence)) slices.set(sliceOf(each), Infinity);
      }
      const samples = within(signal.gauge);
      for (const each of samples) slices.set(sliceOf(each), -Infinity);
      for (const each of samples) {
        slices.set(sliceOf(each), Math.max(slices.get(sliceOf(each))!, each.value));
      }
      if (slices.size === 0) return undefined;
      const good = [...slices.values()].filter((worst) => worst <= signal.bound);
      return signal.kind === 'goodSlices' ? good.length : slices.size;
    }
    throw new Error(`the fake reader does not answer ${signal.kind}`);
  }

  #matching({ metric, matchers }: Selector): Series[] {
    return [...this.#series.values()].filter(
      (series) =>
        series.metric === metric &&
        matchers.every(({ label, op, value }) => {
          const has = series.labels[label] ?? '';
          const isHit = op.endsWith('~') ? new RegExp(`^(?:${value})$`).test(has) : has === value;
          return isHit === op.startsWith('=');
        }),
    );
  }
}

/** Points in `(atMs - windowMs, atMs]`, of points in order of time. */
function inWindow(points: readonly Point[], atMs: number, windowMs: number): readonly Point[] {
  const after = (limitMs: number) => {
    let [low, high] = [0, points.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (points[middle]!.atMs > limitMs) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  return points.slice(after(atMs - windowMs), after(atMs));
}
