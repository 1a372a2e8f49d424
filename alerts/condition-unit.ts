/** The unit of the figure that a condition compares. */
import { metricSpec, metricsOf } from '../telemetry/index.ts';
import type { Signal } from '../telemetry/index.ts';
import type { Condition } from './condition.ts';

/** A `ratio` is 0 to 1. */
export type ConditionUnit = 'ratio' | 'seconds' | 'count';

/** Of a burn the error ratio; of missing data the unit of what is missing. */
export function conditionUnit(condition: Condition): ConditionUnit {
  return condition.kind === 'burn' ? 'ratio' : signalUnit(condition.signal);
}

export function signalUnit(signal: Signal): ConditionUnit {
  if (signal.kind === 'ratio' || signal.kind === 'shareAtOrBelow') return 'ratio';
  if (signal.kind === 'rate' || signal.kind === 'increase') return 'count';
  return metricSpec(metricsOf(signal)[0] ?? '')?.unit === 's' ? 'seconds' : 'count';
}
