/** The warehouse port measured and traced: query and append durations, a span for each. */
import type { Clock } from '../runtime/index.ts';
import { inSpan, isTracing, observedTrace } from '../telemetry/index.ts';
import type { HistogramSeries, Metrics } from '../telemetry/index.ts';
import type { ObserveCall, Warehouse, WarehouseCall } from '../warehouse/index.ts';
import { observedWarehouse } from '../warehouse/index.ts';

type Outcome = 'ok' | 'error';

/** Spans are spared where traces are off by now. */
export function measuredWarehouse(
  inner: Warehouse,
  { metrics, clock }: { metrics: Metrics; clock: Clock },
): Warehouse {
  const hasSpans = isTracing();
  const known = new Map<string, Readonly<Record<Outcome, HistogramSeries>>>();
  const seriesOf = ({ operation, kind, stream = '' }: WarehouseCall) => {
    const isAppend = operation === 'append';
    const key = isAppend ? stream : ` ${operation}`;
    let series = known.get(key);
    if (!series) {
      const of = (outcome: Outcome) =>
        isAppend
          ? metrics.histogram('warehouse_append_duration_seconds', { stream, outcome })
          : metrics.histogram('warehouse_query_duration_seconds', { query: operation, outcome });
      series = { ok: of('ok'), error: of('error') };
      // Operations are a closed set, streams those of the definitions.
      known.set(key, series);
    }
    return { series, name: `warehouse ${operation}`, kind };
  };

  const measure: ObserveCall = async (call, run) => {
    const { series } = seriesOf(call);
    const startedAtMs = clock.monotonicMs();
    const finish = (outcome: Outcome) =>
      series[outcome].observe(
        (clock.monotonicMs() - startedAtMs) / 1_000,
        hasSpans ? observedTrace(clock.nowMs()) : undefined,
      );
    try {
      const result = await run();
      finish('ok');
      return result;
    } catch (error) {
      finish('error');
      throw error;
    }
  };
  const trace: ObserveCall = (call, run) =>
    inSpan(
      `warehouse ${call.operation}`,
      {
        role: 'client',
        attributes: {
          'db.operation.name': call.operation,
          ...(call.stream === undefined ? {} : { 'db.collection.name': call.stream }),
          ...(call.rowCount === undefined ? {} : { 'db.operation.batch.size': call.rowCount }),
        },
      },
      () => measure(call, run),
    );
  return observedWarehouse(inner, hasSpans ? trace : measure);
}
