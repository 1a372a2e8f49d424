/** Past samples of the metrics that signals are about, from a Prometheus into a store, for replays. */
import { AppError } from '../runtime/index.ts';
import { eachOf } from './bounded-work.ts';
import type { Series, SeriesKind } from './metric-store-series.ts';
import { MetricStore } from './metric-store.ts';
import { PrometheusApi } from './prometheus-api.ts';
import type { PrometheusApiOptions } from './prometheus-api.ts';
import { boundMatcher, counterSeries } from './signal-series.ts';
import type { Instants, Matcher, Selector, Signal } from './signal.ts';
import { selectorPromQL } from './to-promql.ts';

/** Points of one question: a day by the minute. Its answer is below the limit of 32 MB for some 700 series. */
const POINTS_PER_QUESTION = 1_440;
/** Questions asked at once. */
const CONCURRENCY_MAX = 4;

/** Series that a signal is answered from, and what their samples mean. */
export interface StoredSelector {
  readonly selector: Selector;
  readonly kind: SeriesKind;
}

/**
 * What stood at each instant. Between two instants a gauge's peaks are not seen, and of a counter that began anew twice only the
 * last time; take a step of a minute or less.
 * Errors: `metrics_unavailable` as the reader's; `limit_exceeded` with more series than a store takes.
 */
export async function readHistory(
  options: PrometheusApiOptions,
  signals: readonly Signal[],
  { fromMs, toMs, stepMs }: Instants,
): Promise<MetricStore> {
  const api = new PrometheusApi(options);
  const store = new MetricStore();
  const selectors = new Map(
    signals.flatMap(storedSelectors).map((each) => [selectorPromQL(each.selector), each]),
  );
  const newest = new Map<Series, number>();
  const spanMs = POINTS_PER_QUESTION * stepMs;
  for (let startMs = fromMs; startMs <= toMs; startMs += spanMs) {
    const endMs = Math.min(toMs, startMs + spanMs - stepMs);
    await eachOf([...selectors], CONCURRENCY_MAX, async ([query, { selector, kind }]) => {
      const ranges = await api.queryRange(query, { fromMs: startMs, toMs: endMs, stepMs });
      for (const { labels, points } of ranges) {
        const series = store.openSeries(selector.metric, labels, kind);
        if (!series) {
          throw new AppError(
            'limit_exceeded',
            `expected at most ${store.limits.seriesMax} series; narrow the selector ${query}`,
          );
        }
        for (const { atMs, value } of points) {
          const lastMs = newest.get(series) ?? Infinity;
          if (atMs > lastMs + stepMs) store.replay(series, lastMs + stepMs, 'end');
          store.replay(series, atMs, value);
          newest.set(series, atMs);
        }
      }
    });
  }
  return store;
}

function part(histogram: Selector, suffix: string, ...more: Matcher[]): StoredSelector {
  const matchers = [...histogram.matchers, ...more];
  return { selector: { metric: `${histogram.metric}${suffix}`, matchers }, kind: 'counter' };
}

function counter(selector: Selector): StoredSelector {
  return { selector: counterSeries(selector), kind: 'counter' };
}

function gauge(selector: Selector): StoredSelector {
  return { selector, kind: 'gauge' };
}

/** The series of a signal, as they are stored. */
export function storedSelectors(signal: Signal): readonly StoredSelector[] {
  switch (signal.kind) {
    case 'rate':
    case 'increase':
      return [counter(signal.counter)];
    case 'ratio':
      return [counter(signal.part), counter(signal.whole)];
    case 'mean':
      return [part(signal.histogram, '_sum'), part(signal.histogram, '_count')];
    case 'quantile':
      return [part(signal.histogram, '_bucket')];
    case 'countAtOrBelow':
      return [part(signal.histogram, '_bucket', boundMatcher(signal.bound))];
    case 'shareAtOrBelow':
      return [
        part(signal.histogram, '_bucket', boundMatcher(signal.bound)),
        part(signal.histogram, '_count'),
      ];
    case 'goodSlices':
    case 'validSlices':
      return [gauge(signal.gauge), ...(signal.presence ? [gauge(signal.presence)] : [])];
    case 'max':
    case 'last':
    case 'sum':
      break;
  }
  return [gauge(signal.gauge)];
}
