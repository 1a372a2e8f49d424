/** The status of an SLO: every figure from the counts of its windows, and one word for what it comes to. */
import { formatDuration } from '../runtime/index.ts';
import { burnRate, isBurning, isGuarded, remainingAfter, timeToExhaustionMs } from './burn-rate.ts';
import type { Course } from './burn-rate.ts';
import { badCount, errorRatio, sli } from './counts.ts';
import type { Counts } from './counts.ts';
import { errorBudget, spentRatio } from './error-budget.ts';
import type { ErrorBudget } from './error-budget.ts';
import type { CountsAnswer } from './indicator-signals.ts';
import type { BurnRateTier, Slo } from './slo.ts';

/**
 * `no_data`: the source has no sample of the indicator, lately or at all. `no_traffic`: there are samples, and no valid event
 * in the window. `exhausted`: nothing of the budget remains. `burning`: a tier burns. `young`: fine, with less history than
 * the window. `ok`: fine. The first that holds, in this order.
 */
export type SloState = 'no_data' | 'no_traffic' | 'exhausted' | 'burning' | 'young' | 'ok';

/** What was read for an SLO, all of one moment. */
export interface SloReading {
  readonly atMs: number;
  /** Where the history begins, if within the window; `undefined` where it covers the window, or there is none. */
  readonly sinceAtMs: number | undefined;
  readonly period: CountsAnswer;
  /** By length, every window of the tiers. */
  readonly windows: ReadonlyMap<number, CountsAnswer>;
}

export interface WindowStatus {
  readonly windowMs: number;
  /** `undefined` where the window has no data. */
  readonly counts: Counts | undefined;
  readonly badCount: number;
  readonly errorRatio: number | undefined;
  readonly burnRate: number;
  /** Share of the budget that went within this window. */
  readonly budgetSpentRatio: number;
  /** From what remains, if this window's burn rate goes on. */
  readonly exhaustionMs: number | undefined;
}

export interface TierStatus {
  readonly tier: BurnRateTier;
  readonly isBurning: boolean;
  /** The long window has fewer events than the low-traffic guard wants. */
  readonly isGuarded: boolean;
}

export interface Forecast {
  /** The recent past that goes on, in words the assumption. */
  readonly basisWindowMs: number;
  readonly burnRate: number;
  readonly horizonMs: number;
  /** What remains at the horizon. */
  readonly remainingRatio: number;
  readonly exhaustionAtMs: number | undefined;
}

export interface SloStatus {
  readonly slo: Slo;
  readonly atMs: number;
  readonly state: SloState;
  /** One sentence with the figure that decided. */
  readonly reason: string;
  /** Begin of what was counted: the window's, or the history's where that is later. */
  readonly fromAtMs: number;
  readonly isYoung: boolean;
  /** Time that the counts cover; for slices, their sum. */
  readonly observedMs: number;
  readonly counts: Counts | undefined;
  readonly sliRatio: number | undefined;
  readonly budget: ErrorBudget | undefined;
  readonly windows: readonly WindowStatus[];
  readonly tiers: readonly TierStatus[];
  /** While a tier burns: the share of the budget spent in the long window of the slowest one that does. */
  readonly incident: { readonly windowMs: number; readonly budgetSpentRatio: number } | undefined;
  readonly forecast: Forecast | undefined;
}

const DAY_MS = 86_400_000;
/** The forecast rests on the longest tier window of at most this share of the SLO's window: recent, and no single spike. */
const BASIS_SHARE_MAX = 0.25;

export function sloStatus(slo: Slo, reading: SloReading): SloStatus {
  const { atMs, sinceAtMs, period } = reading;
  const fromAtMs = Math.max(atMs - slo.windowMs, sinceAtMs ?? 0);
  const isYoung = fromAtMs > atMs - slo.windowMs;
  const counts = countsIn(period);
  const observedMs =
    slo.indicator.kind === 'slices'
      ? Math.min(slo.windowMs, (counts?.validCount ?? 0) * slo.indicator.sliceMs)
      : atMs - fromAtMs;
  const budgetRatio = slo.objective.budgetRatio.value;
  const budget = counts && errorBudget(counts, budgetRatio, observedMs);
  const course = {
    remainingRatio: budget?.remainingRatio ?? 1,
    observedMs,
    windowMs: slo.windowMs,
  };
  const windows = [...reading.windows]
    .toSorted(([a], [b]) => a - b)
    .map(([windowMs, answer]) => windowStatus(windowMs, answer, counts, budgetRatio, course));
  const tiers = slo.tiers.map((tier) => tierStatus(slo, tier, reading));
  return {
    slo,
    atMs,
    ...verdict(slo, reading, { budget, tiers, isYoung, fromAtMs }),
    fromAtMs,
    isYoung,
    observedMs,
    counts,
    sliRatio: counts && sli(counts),
    budget,
    windows,
    tiers,
    incident: incidentOf(tiers, windows),
    forecast: budget && forecastOf(slo, atMs, windows, course),
  };
}

function windowStatus(
  windowMs: number,
  answer: CountsAnswer,
  period: Counts | undefined,
  budgetRatio: number,
  course: Omit<Course, 'burnRate'>,
): WindowStatus {
  const counts = countsIn(answer);
  if (!counts) {
    return {
      windowMs,
      counts,
      badCount: 0,
      errorRatio: undefined,
      burnRate: 0,
      budgetSpentRatio: 0,
      exhaustionMs: undefined,
    };
  }
  const bad = badCount(counts);
  const burn = burnRate(counts, budgetRatio);
  return {
    windowMs,
    counts,
    badCount: bad,
    errorRatio: errorRatio(counts),
    burnRate: burn,
    budgetSpentRatio: period ? spentRatio(bad, period, budgetRatio) : 0,
    exhaustionMs: timeToExhaustionMs({ ...course, burnRate: burn }),
  };
}

function tierStatus(slo: Slo, tier: BurnRateTier, { windows }: SloReading): TierStatus {
  const long = countsIn(windows.get(tier.longWindowMs));
  const short = countsIn(windows.get(tier.shortWindowMs));
  return {
    tier,
    isBurning: isBurning(tier, long, short, slo.guard),
    isGuarded: isGuarded(long, slo.guard),
  };
}

interface Findings {
  readonly budget: ErrorBudget | undefined;
  readonly tiers: readonly TierStatus[];
  readonly isYoung: boolean;
  readonly fromAtMs: number;
}

function verdict(
  slo: Slo,
  reading: SloReading,
  { budget, tiers, isYoung, fromAtMs }: Findings,
): { state: SloState; reason: string } {
  const missing = missingData(slo, reading);
  if (missing !== undefined || !budget) {
    return { state: 'no_data', reason: missing ?? 'No sample of the indicator is known.' };
  }
  const window = formatDuration(slo.windowMs);
  if ((countsIn(reading.period)?.validCount ?? 0) === 0) {
    return { state: 'no_traffic', reason: `No valid event in ${window}: nothing to judge.` };
  }
  const remaining = `${percent(budget.remainingRatio)} of the error budget remains`;
  if (budget.remainingRatio <= 0 && budget.spentCount >= slo.guard.badCountMin) {
    return {
      state: 'exhausted',
      reason: `${remaining}: ${round(budget.spentCount)} bad of ${round(budget.allowedCount)} allowed.`,
    };
  }
  const burning = tiers.filter((each) => each.isBurning).map((each) => each.tier);
  if (burning[0]) {
    const names = burning.map((each) => each.name).join(', ');
    return {
      state: 'burning',
      reason: `${names}: above ${burning[0].factor.text} times the sustainable pace; ${remaining}.`,
    };
  }
  if (isYoung) {
    const since = new Date(fromAtMs).toISOString();
    return { state: 'young', reason: `Counted since ${since}, less than ${window}; ${remaining}.` };
  }
  return { state: 'ok', reason: `${remaining}.` };
}

/** Why there is no data: none at all, none lately, or counts that cannot be right. */
function missingData(slo: Slo, { period, windows }: SloReading): string | undefined {
  for (const answer of [period, ...windows.values()]) {
    if (answer.kind === 'inconsistent') {
      return `${answer.countedCount} events are counted of ${answer.validCount} valid ones: the indicator is wrong.`;
    }
  }
  if (isMissing(slo, period)) return 'No sample of the indicator is known.';
  const [shortestMs, shortest] = [...windows].toSorted(([a], [b]) => a - b)[0] ?? [];
  if (shortestMs !== undefined && shortest && isMissing(slo, shortest)) {
    return `No sample of the indicator in the last ${formatDuration(shortestMs)}.`;
  }
  return undefined;
}

/** Slices exist wherever there are samples: none is no data. */
function isMissing(slo: Slo, answer: CountsAnswer): boolean {
  if (answer.kind !== 'counts') return true;
  return slo.budgeting === 'timeslices' && answer.counts.validCount === 0;
}

function incidentOf(
  tiers: readonly TierStatus[],
  windows: readonly WindowStatus[],
): SloStatus['incident'] {
  const longs = tiers.filter((each) => each.isBurning).map((each) => each.tier.longWindowMs);
  const window = windows.find((each) => each.windowMs === Math.max(...longs));
  return window && { windowMs: window.windowMs, budgetSpentRatio: window.budgetSpentRatio };
}

function forecastOf(
  slo: Slo,
  atMs: number,
  windows: readonly WindowStatus[],
  course: Omit<Course, 'burnRate'>,
): Forecast | undefined {
  const recent = windows.filter((each) => each.windowMs <= slo.windowMs * BASIS_SHARE_MAX);
  const basis = recent.at(-1) ?? windows[0];
  if (!basis?.counts) return undefined;
  const horizonMs = slo.windowMs >= 14 * DAY_MS ? 7 * DAY_MS : DAY_MS;
  const ahead = { ...course, burnRate: basis.burnRate };
  const inMs = timeToExhaustionMs(ahead);
  return {
    basisWindowMs: basis.windowMs,
    burnRate: basis.burnRate,
    horizonMs,
    remainingRatio: remainingAfter(ahead, horizonMs),
    exhaustionAtMs: inMs === undefined ? undefined : atMs + inMs,
  };
}

function countsIn(answer: CountsAnswer | undefined): Counts | undefined {
  return answer?.kind === 'counts' ? answer.counts : undefined;
}

function percent(ratio: number): string {
  return `${round(100 * ratio)} %`;
}

function round(value: number): string {
  return String(Number(value.toFixed(2)));
}
