/** An indicator as signals: which two counts to ask for, and how the answers become good and valid events. */
import type { Signal, SignalValue } from '../telemetry/index.ts';
import type { Counts } from './counts.ts';
import type { Indicator } from './slo.ts';

/** The two questions of an indicator over a window; `part` says whether `counted` are the good or the bad events. */
export interface CountSignals {
  readonly part: 'good' | 'bad';
  readonly counted: Signal;
  readonly valid: Signal;
}

/** What two answers come to. */
export type CountsAnswer =
  | { readonly kind: 'counts'; readonly counts: Counts }
  /** No series answers for the valid events. */
  | { readonly kind: 'no_data' }
  /** More events are counted than are valid, by more than extrapolation can do: the definition or its source is wrong. */
  | { readonly kind: 'inconsistent'; readonly countedCount: number; readonly validCount: number };

/**
 * Two counters of the same events may be extrapolated by up to half a sample interval at each end, each for itself. With at
 * least four samples in the shortest window that is below this share.
 */
const EXTRAPOLATION_EXCESS_RATIO_MAX = 0.25;

/** Signals that count the indicator's events over a window. */
export function countSignals(indicator: Indicator, windowMs: number): CountSignals {
  const common = { by: [], windowMs };
  if (indicator.kind === 'ratio') {
    const { part, counted, valid } = indicator;
    return {
      part,
      counted: { kind: 'increase', counter: counted, ...common },
      valid: { kind: 'increase', counter: valid, ...common },
    };
  }
  if (indicator.kind === 'atOrBelow') {
    const { histogram, bound } = indicator;
    return {
      part: 'good',
      counted: { kind: 'countAtOrBelow', histogram, bound, ...common },
      valid: { kind: 'increase', counter: histogram, ...common },
    };
  }
  const { gauge, bound, sliceMs, presence } = indicator;
  const slices = { gauge, bound, sliceMs, ...(presence ? { presence } : {}), windowMs };
  return {
    part: 'good',
    counted: { kind: 'goodSlices', ...slices },
    valid: { kind: 'validSlices', ...slices },
  };
}

/** Good and valid events of two answers. A counted part without series is 0 events; valid without series is no data. */
export function countsOf(
  part: 'good' | 'bad',
  counted: readonly SignalValue[],
  valid: readonly SignalValue[],
): CountsAnswer {
  const validCount = valueOf(valid);
  if (validCount === undefined) return { kind: 'no_data' };
  const countedCount = valueOf(counted) ?? 0;
  if (countedCount > validCount * (1 + EXTRAPOLATION_EXCESS_RATIO_MAX)) {
    return { kind: 'inconsistent', countedCount, validCount };
  }
  const inBounds = Math.min(countedCount, validCount);
  const goodCount = part === 'good' ? inBounds : validCount - inBounds;
  return { kind: 'counts', counts: { goodCount, validCount } };
}

function valueOf(answer: readonly SignalValue[]): number | undefined {
  const value = answer[0]?.value;
  return value === undefined || Number.isNaN(value) ? undefined : value;
}
