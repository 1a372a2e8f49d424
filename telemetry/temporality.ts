/** How values live on from one collection to the next. */
import {
  AggregationTemporality,
  InstrumentType,
  type AggregationTemporalitySelector,
} from '@opentelemetry/sdk-metrics';

/**
 * Counters and histograms as `others` says, cumulative where absent. A gauge only while it is read: the SDK would tell the last
 * value of a cumulative one for ever, and a reader that broke would look like a measure that stands still.
 */
export function gaugesWhileRead(
  others: AggregationTemporalitySelector = () => AggregationTemporality.CUMULATIVE,
): AggregationTemporalitySelector {
  return (type) => (GAUGES.includes(type) ? AggregationTemporality.DELTA : others(type));
}

const GAUGES: readonly InstrumentType[] = [InstrumentType.GAUGE, InstrumentType.OBSERVABLE_GAUGE];
