/** The error budget of a window: how many bad events the objective allows, how many there were, what is left. */
import { badCount, tidy } from './counts.ts';
import type { Counts } from './counts.ts';

export interface ErrorBudget {
  /** Bad events that the objective allows: budget ratio · valid events of the window. */
  readonly allowedCount: number;
  readonly spentCount: number;
  /** Below 0 where more was spent than allowed. */
  readonly remainingCount: number;
  /** 1 − spent / allowed: 1 untouched, 0 used up, below 0 overspent, never clamped; 1 without a valid event. */
  readonly remainingRatio: number;
  /** The budget as time: budget ratio · observed minutes; minutes of total outage at the window's mean traffic. */
  readonly allowedMinutes: number;
  readonly remainingMinutes: number;
}

/**
 * The budget of the events counted, over the time that they cover.
 * 1,000,000 events at a budget ratio of 0.001 allow 1,000 bad ones; 250 bad leave 0.75 of it.
 */
export function errorBudget(counts: Counts, budgetRatio: number, observedMs: number): ErrorBudget {
  const allowedCount = tidy(budgetRatio * counts.validCount);
  const spentCount = badCount(counts);
  const remaining = remainingRatio(counts, budgetRatio);
  const allowedMinutes = tidy((budgetRatio * observedMs) / 60_000);
  return {
    allowedCount,
    spentCount,
    remainingCount: tidy(allowedCount - spentCount),
    remainingRatio: remaining,
    allowedMinutes,
    remainingMinutes: tidy(remaining * allowedMinutes),
  };
}

/** 1 − bad / (budget ratio · valid). */
export function remainingRatio(counts: Counts, budgetRatio: number): number {
  if (counts.validCount <= 0) return 1;
  return tidy(1 - badCount(counts) / (budgetRatio * counts.validCount));
}

/** Share of a window's budget that some bad events took: bad / (budget ratio · valid); 0 where nothing was allowed or bad. */
export function spentRatio(bad: number, period: Counts, budgetRatio: number): number {
  const allowed = budgetRatio * period.validCount;
  return allowed > 0 ? tidy(bad / allowed) : 0;
}
