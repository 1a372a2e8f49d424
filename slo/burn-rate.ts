/** Burn rate: how many times faster than just sustainable the budget goes, and how long what is left will last. */
import { badCount, errorRatio, tidy } from './counts.ts';
import type { Counts } from './counts.ts';
import type { BurnRateTier, LowTrafficGuard } from './slo.ts';

/** Error ratio / budget ratio; 1 uses up the budget exactly within the window. Without a valid event nothing burns: 0. */
export function burnRate(counts: Counts, budgetRatio: number): number {
  return tidy((errorRatio(counts) ?? 0) / budgetRatio);
}

/** What an extrapolation starts from. */
export interface Course {
  /** Of the budget, now; 1 is all. */
  readonly remainingRatio: number;
  /** Time that the counts cover: the SLO's window, or less while it is young. */
  readonly observedMs: number;
  /** The SLO's window. */
  readonly windowMs: number;
  /** The burn rate that goes on. */
  readonly burnRate: number;
}

/**
 * What remains after `elapsedMs` at this burn rate: 1 − ((1 − remaining) · observed + burn · elapsed) / covered, where covered
 * is observed + elapsed, at most the window: while an SLO is young its budget grows with its events. Traffic is taken to stay
 * as it is, and no old error to leave the window. Half of a whole window left, 10 times the pace, 36 h of 30 d: 0.
 */
export function remainingAfter(course: Course, elapsedMs: number): number {
  const { remainingRatio, observedMs, windowMs, burnRate: burn } = course;
  const coveredMs = Math.min(windowMs, observedMs + elapsedMs);
  return tidy(1 - ((1 - remainingRatio) * observedMs + burn * elapsedMs) / coveredMs);
}

/**
 * Milliseconds until nothing remains, where `remainingAfter` is 0. With a whole window that is remaining · window / burn.
 * 0 where nothing remains already, `undefined` where nothing burns.
 */
export function timeToExhaustionMs(course: Course): number | undefined {
  const { remainingRatio, observedMs, windowMs, burnRate: burn } = course;
  if (remainingRatio <= 0) return 0;
  if (burn <= 0) return undefined;
  const whileYoungMs = burn > 1 ? (remainingRatio * observedMs) / (burn - 1) : Infinity;
  if (observedMs + whileYoungMs <= windowMs) return Math.round(whileYoungMs);
  return Math.round((windowMs - (1 - remainingRatio) * observedMs) / burn);
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
