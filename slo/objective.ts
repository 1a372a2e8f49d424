/** An objective and its error budget, derived exactly from the percentage as it was written. */
import {
  compare,
  decimalNumber,
  decimalText,
  divide,
  fraction,
  parseDecimal,
  subtract,
} from './decimal.ts';
import type { Fraction } from './decimal.ts';
import type { Exact, Objective } from './slo.ts';

const HUNDRED = fraction(100n);

/** The objective of a percentage text such as `99.9`, or `undefined` where it is not above 0 and below 100. */
export function parseObjective(percentText: string): Objective | undefined {
  const percent = parseDecimal(percentText);
  if (!percent || percent.numerator <= 0n || compare(percent, HUNDRED) >= 0) return undefined;
  const targetRatio = divide(percent, HUNDRED);
  return {
    percent: exact(percent),
    targetRatio: exact(targetRatio),
    budgetRatio: exact(subtract(fraction(1n), targetRatio)),
  };
}

/** Text and double of a fraction. */
export function exact(value: Fraction): Exact {
  return { text: decimalText(value), value: decimalNumber(value) };
}
