/** How much was counted between two instants, sample to sample and not extrapolated: for what is added up. */
import { answerTo } from './evaluate.ts';
import { groupsOf } from './evaluate-groups.ts';
import { sliceCounts } from './evaluate-slices.ts';
import type { Series } from './metric-store-series.ts';
import type { MetricStore } from './metric-store.ts';
import type { Signal, SignalValue } from './signal.ts';
import { LOOKBACK_MS } from './to-promql.ts';

/**
 * The answer to a counting signal over (fromMs, toMs], whatever its window: each counter from its sample at or before the begin
 * to its sample at or before the end.
 */
export function riseBetween(
  signal: Signal,
  store: MetricStore,
  fromMs: number,
  toMs: number,
): readonly SignalValue[] {
  const answer = answerTo(
    { ...signal, windowMs: toMs - fromMs },
    {
      groups: (selector, by) => groupsOf(store, selector, by),
      increase: (series) => () => rise(series, fromMs, toMs),
      slices: (slice) => (atMs) => sliceCounts(slice, store, atMs),
    },
  );
  return answer(toMs);
}

function rise(series: Series, fromMs: number, toMs: number): number | undefined {
  const base = series.newest(fromMs - LOOKBACK_MS, fromMs)?.atMs ?? fromMs;
  const span = series.counterSpan(base - 1, toMs);
  return span && span.lastValue - span.firstValue + span.resetsSum;
}
