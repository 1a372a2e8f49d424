/** Results of a backtest as rows of text: for the terminal, and for the tables of the page. */
import { formatDuration } from '../../runtime/index.ts';
import type { Backtest, BacktestAlert } from './backtest.ts';
import type { DrillResult } from './synthetic/drill.ts';
import { medianDetectMs, precisionOf, recallOf } from './synthetic/score.ts';

type Rows = readonly (readonly string[])[];

/** Candidates side by side. */
export function candidateRows({ candidates }: Backtest): Rows {
  return [
    ['CANDIDATE', 'PAGES', 'TICKETS', 'TIME TO DETECT', 'TIME TO RESOLVE'],
    ...candidates.map((each) => [
      each.candidate,
      String(each.pageCount),
      String(each.ticketCount),
      lasted(each.medianDetectMs),
      lasted(each.medianResolveMs),
    ]),
  ];
}

/** Every page and ticket. */
export function alertRows(alerts: readonly BacktestAlert[]): Rows {
  return [
    ['TOLD AT', 'AS', 'POLICY', 'RUNGS', 'TO DETECT', 'TO RESOLVE', 'BUDGET GONE'],
    ...alerts.map((alert) => [
      instant(alert.pagedAtMs ?? alert.ticketedAtMs ?? alert.firedAtMs),
      toldAs(alert),
      nameOf(alert),
      alert.rungs.join(', '),
      lasted(alert.detection.timeToDetectMs),
      lasted(alert.detection.timeToResolveMs),
      share(alert.detection.budgetSpentRatio),
    ]),
  ];
}

/** One row a scenario and candidate, and the sums. */
export function drillRows(results: readonly DrillResult[]): Rows {
  const head = [
    'SCENARIO',
    'CANDIDATE',
    'PAGES',
    'FALSE',
    'PRECISION',
    'RECALL',
    'TO PAGE',
    'TICKETS',
    'FALSE',
    'RECALL',
    'TO TICKET',
  ];
  const names = results[0]?.scenarios.map(({ scenario }) => scenario) ?? [];
  return [
    head,
    ...names.flatMap((name, index) =>
      results.map((result) => drillRow(name, result, result.scenarios[index]!)),
    ),
    ...results.map((result) => drillRow('all', result, result)),
  ];
}

type Scores = Pick<DrillResult, 'page' | 'ticket'>;

function drillRow(scenario: string, { candidate }: DrillResult, { page, ticket }: Scores) {
  return [
    scenario,
    candidate,
    String(page.toldCount),
    String(page.falseCount),
    share(precisionOf(page)),
    share(recallOf(page)),
    lasted(medianDetectMs(page)),
    String(ticket.toldCount),
    String(ticket.falseCount),
    share(recallOf(ticket)),
    lasted(medianDetectMs(ticket)),
  ];
}

/** Policy and label group: `backlog-age/subscription_id=events-ingest`. */
export function nameOf({ policy, labels }: Pick<BacktestAlert, 'labels' | 'policy'>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  return [policy, ...pairs].join('/');
}

function toldAs({ pagedAtMs, ticketedAtMs, mutedBy }: BacktestAlert): string {
  if (pagedAtMs !== undefined) return ticketedAtMs === undefined ? 'page' : 'ticket, then page';
  return ticketedAtMs === undefined ? `nobody (${mutedBy ?? 'muted'})` : 'ticket';
}

/** To the minute. */
export function instant(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');
}

/** At most two units. */
export function lasted(durationMs: number | undefined): string {
  if (durationMs === undefined) return '-';
  const unitMs = durationMs >= 86_400_000 ? 3_600_000 : durationMs >= 3_600_000 ? 60_000 : 1_000;
  return formatDuration(Math.round(durationMs / unitMs) * unitMs);
}

function share(ratio: number | undefined): string {
  return ratio === undefined ? '-' : `${Number((100 * ratio).toFixed(1))} %`;
}
