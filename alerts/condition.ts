/** Conditions of alerts: which signals they ask for, and which elements of the answers hold. `conditionPromQL` says the same. */
import type { CountSignals, Exact, LowTrafficGuard } from '../slo/index.ts';
import type { Labels, Signal, SignalValue } from '../telemetry/index.ts';

/** Holds only where the signal is at least this much, for the same labels. */
export interface Guard {
  readonly signal: Signal;
  readonly countMin: number;
}

export type Condition =
  | {
      /** Strictly above or below: a value at the bound is good. */
      readonly kind: 'threshold';
      readonly signal: Signal;
      readonly comparison: 'above' | 'below';
      readonly bound: number;
      readonly guards: readonly Guard[];
    }
  | {
      /** Error ratio of the long and of the short window strictly above the threshold, with enough events in the long one. */
      readonly kind: 'burn';
      readonly long: CountSignals;
      readonly short: CountSignals;
      readonly thresholdRatio: Exact;
      readonly guard: LowTrafficGuard;
    }
  | {
      /** Holds where nothing answers the signal. */
      readonly kind: 'absent';
      readonly signal: Signal;
    };

/** What a condition came to at one instant. */
export interface ConditionAnswer {
  /** Every element before it was compared: the figure that is shown whether it fires or not. */
  readonly measured: readonly SignalValue[];
  /** Elements for which it holds, with the figure that was compared; of a burn the error ratio of the long window. */
  readonly held: readonly SignalValue[];
}

/** The questions of a condition, in the order in which `answerCondition` takes the answers. */
export function conditionSignals(condition: Condition): readonly Signal[] {
  switch (condition.kind) {
    case 'threshold':
      return [condition.signal, ...condition.guards.map(({ signal }) => signal)];
    case 'burn': {
      const { long, short } = condition;
      return [long.counted, long.valid, short.counted, short.valid];
    }
    case 'absent':
      break;
  }
  return [condition.signal];
}

/** Compares as PromQL does: NaN is neither above nor below, and an element that a guard lacks does not hold. */
export function answerCondition(
  condition: Condition,
  answers: readonly (readonly SignalValue[])[],
): ConditionAnswer {
  switch (condition.kind) {
    case 'threshold': {
      const [measured = [], ...guarding] = answers;
      const { bound, guards } = condition;
      const isOver = (value: number) =>
        condition.comparison === 'above' ? value > bound : value < bound;
      const enough = guards.map(({ countMin }, index) =>
        keysWhere(guarding[index] ?? [], (count) => count >= countMin),
      );
      const held = measured.filter(
        ({ labels, value }) => isOver(value) && enough.every((keys) => keys.has(labelsKey(labels))),
      );
      return { measured, held };
    }
    case 'burn': {
      const long = errorCounts(condition.long, answers[0], answers[1]);
      const short = errorCounts(condition.short, answers[2], answers[3]);
      if (!long) return { measured: [], held: [] };
      const ratio = long.badCount / long.validCount;
      const measured = [{ labels: {}, value: ratio }];
      const { guard, thresholdRatio } = condition;
      const isBurning =
        short !== undefined &&
        ratio > thresholdRatio.value &&
        short.badCount / short.validCount > thresholdRatio.value &&
        long.validCount >= guard.validCountMin &&
        long.badCount >= guard.badCountMin;
      return { measured, held: isBurning ? measured : [] };
    }
    case 'absent':
      break;
  }
  const measured = answers[0] ?? [];
  return { measured, held: measured.length === 0 ? [{ labels: {}, value: 1 }] : [] };
}

/** One text for a label set, whatever the order of its labels. */
export function labelsKey(labels: Labels): string {
  const entries = Object.entries(labels);
  // Most alerts have no group, and a backtest asks a million times.
  if (entries.length === 0) return '[]';
  const pairs = entries.filter(([, value]) => value !== '');
  return JSON.stringify(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Events of a window; a counted part without series is 0. The arithmetic is that of `badEventsPromQL`, to the last bit. */
function errorCounts(
  { part }: CountSignals,
  counted: readonly SignalValue[] = [],
  valid: readonly SignalValue[] = [],
): { badCount: number; validCount: number } | undefined {
  const validCount = valid[0]?.value;
  if (validCount === undefined) return undefined;
  const countedCount = counted[0]?.value ?? 0;
  const badCount = part === 'bad' ? countedCount : Math.max(validCount - countedCount, 0);
  return { badCount, validCount };
}

function keysWhere(
  values: readonly SignalValue[],
  holds: (value: number) => boolean,
): ReadonlySet<string> {
  return new Set(values.filter(({ value }) => holds(value)).map(({ labels }) => labelsKey(labels)));
}
