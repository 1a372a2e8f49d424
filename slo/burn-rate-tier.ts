/** Burn-rate tiers: the shipped ones, and how a factor comes from a share of the budget and two windows. */
import { divide, fraction, multiply, parseDecimal } from './decimal.ts';
import { exact } from './objective.ts';
import type { BurnRateTier, Objective, Severity } from './slo.ts';

/** A tier as it is written. */
export interface TierDraft {
  readonly name: string;
  readonly severity: Severity;
  /** Percent of the budget, as a decimal text: `2`. */
  readonly budgetPercentText: string;
  readonly longWindowMs: number;
  readonly shortWindowMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * Tiers that a definition may choose by name. With a window of 30 d their factors are 14.4, 6, 3 and 1.
 * Source: The Site Reliability Workbook, chapter 5, table 5-8 (1 h, 6 h and 3 d); 1 d at 10 % as its sample code has it.
 */
export const SHIPPED_TIERS: readonly TierDraft[] = [
  tier('page-1h', 'page', '2', HOUR_MS, 5 * MINUTE_MS),
  tier('page-6h', 'page', '5', 6 * HOUR_MS, 30 * MINUTE_MS),
  tier('ticket-1d', 'ticket', '10', DAY_MS, 2 * HOUR_MS),
  tier('ticket-3d', 'ticket', '10', 3 * DAY_MS, 6 * HOUR_MS),
];

/** Derives factor = share · window / long and threshold = factor · budget; a percent text that is none counts as 0. */
export function deriveTier(draft: TierDraft, windowMs: number, objective: Objective): BurnRateTier {
  const percent = parseDecimal(draft.budgetPercentText) ?? fraction(0n);
  const share = divide(percent, fraction(100n));
  const windows = fraction(BigInt(windowMs), BigInt(draft.longWindowMs));
  const factor = multiply(share, windows);
  const budget = parseDecimal(objective.budgetRatio.text) ?? fraction(0n);
  return {
    name: draft.name,
    severity: draft.severity,
    budgetShareRatio: exact(share),
    longWindowMs: draft.longWindowMs,
    shortWindowMs: draft.shortWindowMs,
    factor: exact(factor),
    thresholdRatio: exact(multiply(factor, budget)),
  };
}

function tier(
  name: string,
  severity: Severity,
  budgetPercentText: string,
  longWindowMs: number,
  shortWindowMs: number,
): TierDraft {
  return { name, severity, budgetPercentText, longWindowMs, shortWindowMs };
}
