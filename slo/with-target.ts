/** An SLO as it would be with another objective: budget and thresholds follow, windows and factors stay. */
import { multiply, parseDecimal } from './decimal.ts';
import { exact, parseObjective } from './objective.ts';
import type { Slo } from './slo.ts';

/** `undefined` where the text is no percentage above 0 and below 100, such as `99.5`. */
export function withTarget(slo: Slo, percentText: string): Slo | undefined {
  const objective = parseObjective(percentText);
  const budget = objective && parseDecimal(objective.budgetRatio.text);
  if (!objective || !budget) return undefined;
  const tiers = slo.tiers.map((tier) => {
    const factor = parseDecimal(tier.factor.text);
    return factor ? { ...tier, thresholdRatio: exact(multiply(factor, budget)) } : tier;
  });
  return { ...slo, objective, tiers };
}
