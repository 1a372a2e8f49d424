/** Burn rate: how many times faster than just sustainable the budget goes, and how long what is left will last. */
import { badCount, errorRatio, tidy } from './counts.ts';
import type { Counts } from './counts.ts';
import type { BurnRateTier, LowTrafficGuard } from './slo.ts';

/** Error ratio / budget ratio; 1 uses up the budget exactly within the window. Without a valid event nothing burns: 0. */
export function burnRate(counts: Counts, budgetRatio: number): number {
  return tidy((errorRatio(counts) ?? 0) / budgetRatio);
}

/**
 * Milliseconds until nothing remains, at this burn rate: remaining · observed / burn. 0 where nothing remains already,
 * `undefined` where nothing burns. Traffic is taken to stay as it is, and no old error to leave the window: the soonest end.
 */
export function timeToExhaustionMs(
  remainingRatio: number,
  observedMs: number,
  burn: number,
): number | undefined {
  if (remainingRatio <= 0) return 0;
  return burn > 0 ? Math.round((remainingRatio * observedMs) / burn) : undefined;
}

/**
 * Whether a tier burns: the error ratio of both windows is above the threshold (strictly, as in the compiled rules), and the
 * long window has the events that the guard wants. Without data, or without traffic, it does not.
 */
export function isBurning(
  tier: BurnRateTier,
  long: Counts | undefined,
  short: Counts | undefined,
  guard: LowTrafficGuard,
): boolean {
  return isOver(tier, long) && isOver(tier, short) && !isGuarded(long, guard);
}

/** Whether the guard keeps a tier quiet: fewer valid or bad events in the long window than it wants. */
export function isGuarded(long: Counts | undefined, guard: LowTrafficGuard): boolean {
  if (!long) return false;
  return long.validCount < guard.validCountMin || badCount(long) < guard.badCountMin;
}

function isOver(tier: BurnRateTier, counts: Counts | undefined): boolean {
  return counts !== undefined && (errorRatio(counts) ?? 0) > tier.thresholdRatio.value;
}
