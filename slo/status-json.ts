/** A status as it goes out: every figure with the counts that it comes from, so that each can be recomputed by hand. */
import { formatDuration } from '../runtime/index.ts';
import type { Breakdown } from './breakdown.ts';
import type { BurnDown } from './burn-down.ts';
import type { Counts } from './counts.ts';
import { badCount } from './counts.ts';
import type { LedgerRow } from './ledger.ts';
import { LEDGER_HOUR_MS } from './ledger.ts';
import { formatSelector } from './selector.ts';
import type { SloEvaluation } from './slo-evaluator.ts';
import { isStale } from './slo-evaluator.ts';
import type { Forecast, SloStatus, TierStatus, WindowStatus } from './slo-status.ts';
import type { Indicator } from './slo.ts';

/** The answer of `/v1/slos`. */
export type SlosJson = ReturnType<typeof evaluationJson>;
/** The answer of `/v1/slos/{name}`, and one element of the list. */
export type SloJson = ReturnType<typeof statusJson>;

/** All statuses, with when they were made and whether they are too old to act on. */
export function evaluationJson(evaluation: SloEvaluation, nowMs: number) {
  return {
    count: evaluation.statuses.length,
    evaluated_at: timeOrNull(evaluation.lastSuccessAtMs),
    interval_seconds: evaluation.intervalMs / 1_000,
    is_stale: isStale(evaluation, nowMs),
    failure: evaluation.failure ?? null,
    slos: evaluation.statuses.map(statusJson),
  };
}

export function statusJson(status: SloStatus) {
  const { slo, budget, counts, incident, forecast } = status;
  const { objective } = slo;
  return {
    name: slo.name,
    title: slo.title,
    service: slo.service,
    owner: slo.owner,
    description: slo.description,
    user_impact: slo.userImpact,
    playbook: slo.playbook,
    labels: slo.labels,
    revision: slo.revision,
    state: status.state,
    reason: status.reason,
    evaluated_at: time(status.atMs),
    objective_percent: objective.percent.value,
    target_ratio: objective.targetRatio.value,
    budget_ratio: objective.budgetRatio.value,
    window: formatDuration(slo.windowMs),
    window_seconds: slo.windowMs / 1_000,
    budgeting: slo.budgeting,
    indicator: indicatorJson(slo.indicator),
    is_young: status.isYoung,
    counted: {
      since: time(status.fromAtMs),
      to: time(status.atMs),
      observed_seconds: status.observedMs / 1_000,
      ...countsJson(counts),
    },
    sli_ratio: status.sliRatio ?? null,
    budget: budget
      ? {
          allowed_count: budget.allowedCount,
          spent_count: budget.spentCount,
          remaining_count: budget.remainingCount,
          remaining_ratio: budget.remainingRatio,
          allowed_minutes: budget.allowedMinutes,
          remaining_minutes: budget.remainingMinutes,
        }
      : null,
    burn_rates: status.windows.map(windowJson),
    tiers: status.tiers.map(tierJson),
    low_traffic: { min_events: slo.guard.validCountMin, min_bad_events: slo.guard.badCountMin },
    incident: incident
      ? {
          window_seconds: incident.windowMs / 1_000,
          budget_spent_ratio: incident.budgetSpentRatio,
        }
      : null,
    forecast: forecast ? forecastJson(forecast) : null,
    links: { self: `/v1/slos/${slo.name}`, history: `/v1/slos/${slo.name}/history` },
  };
}

/** One hour of the ledger. */
export function ledgerRowJson(row: LedgerRow) {
  return {
    hour_start: time(row.startAtMs),
    hour_end: time(row.startAtMs + LEDGER_HOUR_MS),
    good_count: row.goodCount,
    valid_count: row.validCount,
    objective_percent: row.objectivePercentText,
    budget_ratio: row.budgetRatio,
    revision: row.revision,
  };
}

export type LedgerRowJson = ReturnType<typeof ledgerRowJson>;

/** How the budget was spent, step by step; the answer of `/v1/slos/{name}/burn-down`. */
export function burnDownJson(slo: string, { fromMs, toMs, stepMs, points }: BurnDown) {
  return {
    slo,
    from: time(fromMs),
    to: time(toMs),
    step_seconds: stepMs / 1_000,
    count: points.length,
    points: points.map((each) => ({
      at: time(each.atMs),
      bad_count: each.badCount,
      valid_count: each.validCount,
      remaining_ratio: each.remainingRatio,
    })),
  };
}

export type BurnDownJson = ReturnType<typeof burnDownJson>;

/** Where bad events come from; the answer of `/v1/slos/{name}/breakdown`. No label: the indicator tells no parts apart. */
export function breakdownJson(slo: string, answer: Breakdown | undefined) {
  const rows = answer?.rows ?? [];
  return {
    slo,
    label: answer?.label ?? null,
    window_seconds: answer ? answer.windowMs / 1_000 : null,
    count: rows.length,
    rows: rows.map((each) => ({
      value: each.value,
      bad_count: each.badCount,
      valid_count: each.validCount,
    })),
  };
}

export type BreakdownJson = ReturnType<typeof breakdownJson>;

function windowJson(window: WindowStatus) {
  return {
    window: formatDuration(window.windowMs),
    window_seconds: window.windowMs / 1_000,
    ...countsJson(window.counts),
    error_ratio: window.errorRatio ?? null,
    burn_rate: window.burnRate,
    budget_spent_ratio: window.budgetSpentRatio,
    exhaustion_seconds: window.exhaustionMs === undefined ? null : window.exhaustionMs / 1_000,
  };
}

function tierJson({ tier, isBurning, isGuarded }: TierStatus) {
  return {
    name: tier.name,
    severity: tier.severity,
    budget_share_ratio: tier.budgetShareRatio.value,
    factor: tier.factor.value,
    threshold_ratio: tier.thresholdRatio.value,
    long_window_seconds: tier.longWindowMs / 1_000,
    short_window_seconds: tier.shortWindowMs / 1_000,
    is_burning: isBurning,
    is_guarded: isGuarded,
  };
}

function forecastJson(forecast: Forecast) {
  const basis = formatDuration(forecast.basisWindowMs);
  return {
    assumption: `The burn rate of the last ${basis} goes on, traffic stays as it is, no old error leaves the window.`,
    basis_window_seconds: forecast.basisWindowMs / 1_000,
    burn_rate: forecast.burnRate,
    horizon_seconds: forecast.horizonMs / 1_000,
    remaining_ratio: forecast.remainingRatio,
    exhausted_at: timeOrNull(forecast.exhaustionAtMs),
  };
}

/** The indicator in the words of its definition. */
function indicatorJson(indicator: Indicator): Readonly<Record<string, string | number>> {
  switch (indicator.kind) {
    case 'ratio':
      return {
        kind: 'ratio',
        [indicator.part]: formatSelector(indicator.counted),
        valid: formatSelector(indicator.valid),
      };
    case 'atOrBelow':
      return {
        kind: 'at_or_below',
        histogram: formatSelector(indicator.histogram),
        at_most: indicator.bound,
      };
    case 'slices':
      return {
        kind: 'slices',
        gauge: formatSelector(indicator.gauge),
        at_most: indicator.bound,
        slice_seconds: indicator.sliceMs / 1_000,
        ...(indicator.presence ? { presence: formatSelector(indicator.presence) } : {}),
      };
    default:
      return indicator satisfies never;
  }
}

function countsJson(counts: Counts | undefined) {
  return {
    good_count: counts?.goodCount ?? null,
    bad_count: counts ? badCount(counts) : null,
    valid_count: counts?.validCount ?? null,
  };
}

function time(atMs: number): string {
  return new Date(atMs).toISOString();
}

function timeOrNull(atMs: number | undefined): string | null {
  // An exhaustion after the year 275,760 is no date, and none to plan for.
  return atMs === undefined || Math.abs(atMs) > 8.64e15 ? null : time(atMs);
}
