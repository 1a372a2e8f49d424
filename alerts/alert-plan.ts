/** What one evaluation asks, worked out once: every signal of every policy once, and which answers make which rung. */
import type { Signal, SignalValue } from '../telemetry/index.ts';
import { answerCondition, conditionSignals, labelsKey } from './condition.ts';
import type { ConditionAnswer } from './condition.ts';
import type { Policy, Rung } from './policy.ts';

/** What a rung came to at an instant. */
export interface Observation extends ConditionAnswer {
  readonly policy: Policy;
  readonly rung: Rung;
  /** Label groups that held beyond the limit and were left out. */
  readonly droppedCount: number;
}

export interface AlertPlan {
  readonly policies: readonly Policy[];
  readonly signals: readonly Signal[];
  /** Observations of all rungs, from the answers to `signals` in their order. */
  observe(answers: readonly (readonly SignalValue[])[]): readonly Observation[];
  /** What is known where nothing answered: policies that fire when blind do. */
  observeNothing(): readonly Observation[];
}

/** Label groups of one rung that can fire: more pages than anybody can read. */
export const GROUPS_MAX = 200;

export function alertPlan(policies: readonly Policy[]): AlertPlan {
  const signals: Signal[] = [];
  const indexes = new Map<string, number>();
  const indexOf = (signal: Signal) => {
    const key = JSON.stringify(signal);
    const index = indexes.get(key) ?? signals.push(signal) - 1;
    indexes.set(key, index);
    return index;
  };
  const parts = policies.flatMap((policy) =>
    policy.rungs.map((rung) => ({
      policy,
      rung,
      asked: conditionSignals(rung.condition).map(indexOf),
    })),
  );
  return {
    policies,
    signals,
    observe: (answers) =>
      parts.map(({ policy, rung, asked }) =>
        limited(
          policy,
          rung,
          answerCondition(
            rung.condition,
            asked.map((index) => answers[index] ?? []),
          ),
        ),
      ),
    observeNothing: () =>
      policies.flatMap((policy) => {
        const [rung] = policy.rungs;
        if (!policy.firesWhenBlind || !rung) return [];
        const held = [{ labels: {}, value: 1 }];
        return [{ policy, rung, measured: [], held, droppedCount: 0 }];
      }),
  };
}

/**
 * What one policy comes to, from the answers to `conditionSignals` of each of its rungs in turn: for tests and for the explanation
 * of a single policy.
 */
export function evaluatePolicy(
  policy: Policy,
  answers: readonly (readonly (readonly SignalValue[])[])[],
): readonly Observation[] {
  return policy.rungs.map((rung, index) =>
    limited(policy, rung, answerCondition(rung.condition, answers[index] ?? [])),
  );
}

function limited(policy: Policy, rung: Rung, { measured, held }: ConditionAnswer): Observation {
  const droppedCount = Math.max(0, held.length - GROUPS_MAX);
  if (droppedCount === 0) return { policy, rung, measured, held, droppedCount };
  const keyed = held.map((element) => ({ element, key: labelsKey(element.labels) }));
  const kept = keyed.toSorted((a, b) => (a.key < b.key ? -1 : 1)).slice(0, GROUPS_MAX);
  return { policy, rung, measured, held: kept.map(({ element }) => element), droppedCount };
}
