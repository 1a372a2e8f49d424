/** Results of a backtest as JSON: names as the API has them, instants as texts, durations in seconds. */
import type { Backtest, BacktestAlert, CandidateResult } from './backtest.ts';
import type { DrillResult } from './synthetic/drill.ts';
import { medianDetectMs, precisionOf, recallOf } from './synthetic/score.ts';
import type { Score } from './synthetic/score.ts';

export function backtestJson({
  source,
  fromMs,
  toMs,
  stepMs,
  notes,
  candidates,
  budgets,
}: Backtest) {
  return {
    source,
    from: time(fromMs),
    to: time(toMs),
    step_seconds: stepMs / 1_000,
    notes,
    candidates: candidates.map(candidateJson),
    budgets: budgets.map(({ slo, points }) => ({
      slo,
      points: points.map(({ atMs, remainingRatio }) => ({
        at: time(atMs),
        remaining_ratio: remainingRatio,
      })),
    })),
  };
}

/** What one candidate would have told. */
export function candidateJson(result: CandidateResult) {
  return {
    candidate: result.candidate,
    page_count: result.pageCount,
    ticket_count: result.ticketCount,
    median_seconds_to_detect: seconds(result.medianDetectMs),
    median_seconds_to_resolve: seconds(result.medianResolveMs),
    alerts: result.alerts.map(alertJson),
  };
}

function alertJson(alert: BacktestAlert) {
  const { detection } = alert;
  return {
    policy: alert.policy,
    slo: alert.slo ?? null,
    labels: alert.labels,
    route: alert.route,
    severity: alert.severity,
    rungs: alert.rungs,
    pain_started_at: time(detection.painStartMs),
    pain_ended_at: timeOrNull(detection.painEndMs),
    condition_held_at: time(alert.startedAtMs),
    fired_at: time(alert.firedAtMs),
    paged_at: timeOrNull(alert.pagedAtMs),
    ticketed_at: timeOrNull(alert.ticketedAtMs),
    resolved_at: timeOrNull(alert.resolvedAtMs),
    muted_by: alert.mutedBy ?? null,
    seconds_to_detect: seconds(detection.timeToDetectMs),
    seconds_to_resolve: seconds(detection.timeToResolveMs),
    budget_spent_ratio: detection.budgetSpentRatio ?? null,
  };
}

export function drillJson(results: readonly DrillResult[]) {
  return {
    candidates: results.map(({ candidate, scenarios, page, ticket, leftOut }) => ({
      candidate,
      page: scoreJson(page),
      ticket: scoreJson(ticket),
      left_out: leftOut,
      scenarios: scenarios.map((each) => ({
        scenario: each.scenario,
        title: each.title,
        page: scoreJson(each.page),
        ticket: scoreJson(each.ticket),
        told_by: each.toldBy,
      })),
    })),
  };
}

function scoreJson(score: Score) {
  return {
    told_count: score.toldCount,
    false_count: score.falseCount,
    pain_count: score.painCount,
    found_count: score.foundCount,
    precision: precisionOf(score) ?? null,
    recall: recallOf(score) ?? null,
    median_seconds_to_detect: seconds(medianDetectMs(score)),
  };
}

function time(atMs: number): string {
  return new Date(atMs).toISOString();
}

function timeOrNull(atMs: number | undefined): string | null {
  return atMs === undefined ? null : time(atMs);
}

function seconds(durationMs: number | undefined): number | null {
  return durationMs === undefined ? null : durationMs / 1_000;
}
