/** Where Prometheus 2 extrapolates otherwise than Prometheus 3, so that a difference can be told from a fault. */
import type { MetricStore, Signal } from '../../telemetry/index.ts';

/**
 * Prometheus 2 compares the time to a counter's zero with the bridged distance, Prometheus 3 with half an interval: they differ
 * where a series begins well within the window and its zero lies between the two.
 */
export function isBornApart(signal: Signal, store: MetricStore, atMs: number): boolean {
  return metricsOf(signal).some((name) =>
    store.named(name).some((series) => {
      const span = series.counterSpan(atMs - signal.windowMs, atMs);
      if (!span || span.count < 2) return false;
      const rise = span.lastValue - span.firstValue + span.resetsSum;
      const sampledMs = span.lastAtMs - span.firstAtMs;
      const averageMs = sampledMs / (span.count - 1);
      const startMs = span.firstAtMs - (atMs - signal.windowMs);
      const zeroMs = sampledMs * (span.firstValue / rise);
      return startMs >= averageMs * 1.1 && zeroMs > averageMs / 2 && zeroMs < averageMs * 1.1;
    }),
  );
}

function metricsOf(signal: Signal): readonly string[] {
  if ('counter' in signal) return counted(signal.counter.metric);
  if ('whole' in signal) return [signal.whole.metric, signal.part.metric].flatMap(counted);
  if (!('histogram' in signal)) return [];
  const { metric } = signal.histogram;
  return [`${metric}_bucket`, `${metric}_sum`, `${metric}_count`];
}

/** A histogram is counted by its `_count`. */
function counted(metric: string): readonly string[] {
  return [metric, `${metric}_count`];
}
