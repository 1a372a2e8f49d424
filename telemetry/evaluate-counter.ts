/** How much a counter rose over a span, extrapolated to its ends as Prometheus 3 does. */
import type { CounterSpan, Series } from './metric-store-series.ts';

/** A gap at an end that is longer than the average interval by this factor is not bridged. Source: Prometheus, `rate()`. */
const BRIDGED_INTERVALS = 1.1;

/**
 * `increase()` of (fromMs, toMs], divided by `divisor`: the window in seconds gives `rate()`. `undefined` with less than two
 * samples.
 */
export function increaseOf(
  series: Series,
  fromMs: number,
  toMs: number,
  divisor = 1,
): number | undefined {
  const span = series.counterSpan(fromMs, toMs);
  return span && increaseOfSpan(span, series, fromMs, toMs, divisor);
}

/** `increaseOf` where the samples of the span are found already. */
export function increaseOfSpan(
  span: CounterSpan,
  series: Series,
  fromMs: number,
  toMs: number,
  divisor: number,
): number | undefined {
  if (span.count < 2) return undefined;
  return extrapolated(span, riseOf(span, series), fromMs, toMs, divisor);
}

/** Sums of resets that hold an infinity cannot be subtracted; what was between is then walked. */
function riseOf(span: CounterSpan, series: Series): number {
  const rise = span.lastValue - span.firstValue + span.resetsSum;
  if (Number.isFinite(span.resetsSum)) return rise;
  let walked = span.lastValue - span.firstValue;
  let before = Number.NaN;
  series.scan(span.firstAtMs - 1, span.lastAtMs, (_, value) => {
    if (value < before) walked += before;
    before = value;
  });
  return walked;
}

function extrapolated(
  { count, firstAtMs, firstValue, lastAtMs }: CounterSpan,
  rise: number,
  fromMs: number,
  toMs: number,
  divisor: number,
): number {
  const sampledSeconds = (lastAtMs - firstAtMs) / 1_000;
  const averageSeconds = sampledSeconds / (count - 1);
  const bridgedSeconds = averageSeconds * BRIDGED_INTERVALS;
  let startSeconds = (firstAtMs - fromMs) / 1_000;
  let endSeconds = (toMs - lastAtMs) / 1_000;
  if (startSeconds >= bridgedSeconds) startSeconds = averageSeconds / 2;
  if (endSeconds >= bridgedSeconds) endSeconds = averageSeconds / 2;
  // A counter was never below 0: it began where the line through it meets 0.
  if (rise > 0 && firstValue >= 0) {
    startSeconds = Math.min(startSeconds, sampledSeconds * (firstValue / rise));
  }
  return rise * ((sampledSeconds + startSeconds + endSeconds) / sampledSeconds / divisor);
}
