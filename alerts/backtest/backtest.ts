/** A backtest: candidates over one history, each page and ticket with what it was worth, side by side. */
import type { Slo } from '../../slo/index.ts';
import { countsOf, countSignals, remainingRatio } from '../../slo/index.ts';
import { replaySignalReader } from '../../telemetry/index.ts';
import type { SignalReader } from '../../telemetry/index.ts';
import type { AlertDefinitions } from '../load-policies.ts';
import { Detector } from './detection.ts';
import type { Detection } from './detection.ts';
import type { History } from './history.ts';
import { replayAlerts } from './replay.ts';
import type { Episode } from './replay.ts';

export interface BacktestAlert extends Episode {
  readonly slo: string | undefined;
  readonly detection: Detection;
}

export interface CandidateResult {
  readonly candidate: string;
  readonly alerts: readonly BacktestAlert[];
  readonly pageCount: number;
  readonly ticketCount: number;
  /** Middle of the times from the start of the pain to the page; absent without a page. */
  readonly medianDetectMs: number | undefined;
  readonly medianResolveMs: number | undefined;
}

/** What remained of an SLO's budget over the history, for the picture. */
export interface BudgetCourse {
  readonly slo: string;
  readonly points: readonly { readonly atMs: number; readonly remainingRatio: number }[];
}

export interface Backtest {
  readonly source: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  readonly notes: readonly string[];
  readonly candidates: readonly CandidateResult[];
  readonly budgets: readonly BudgetCourse[];
}

export interface BacktestCandidate {
  readonly name: string;
  /** Policies made from the history's own SLOs. */
  readonly definitions: AlertDefinitions;
}

/** Points of a budget's course: one for every few pixels of the picture. */
const COURSE_POINTS = 240;

export async function backtest(
  history: History,
  candidates: readonly BacktestCandidate[],
): Promise<Backtest> {
  const reader = replaySignalReader(history.store);
  const { source, fromMs, toMs, stepMs, notes, slos } = history;
  const detector = new Detector(history);
  const results: CandidateResult[] = [];
  for (const { name, definitions } of candidates) {
    const episodes = await replayAlerts(definitions, reader, history);
    const sloOf = new Map(definitions.policies.map((policy) => [policy.name, policy.slo]));
    const alerts: BacktestAlert[] = [];
    for (const episode of episodes) {
      const slo = slos.find((each) => each.name === sloOf.get(episode.policy));
      const detection = await detector.detect(episode, slo);
      alerts.push({ ...episode, slo: slo?.name, detection });
    }
    results.push(resultOf(name, alerts));
  }
  const budgets: BudgetCourse[] = [];
  for (const slo of slos) budgets.push(await courseOf(slo, reader, history));
  return { source, fromMs, toMs, stepMs, notes, candidates: results, budgets };
}

function resultOf(candidate: string, alerts: readonly BacktestAlert[]): CandidateResult {
  const pages = alerts.filter(({ pagedAtMs }) => pagedAtMs !== undefined);
  const resolved = pages.flatMap(({ detection }) => detection.timeToResolveMs ?? []);
  return {
    candidate,
    alerts,
    pageCount: pages.length,
    ticketCount: alerts.filter(({ ticketedAtMs }) => ticketedAtMs !== undefined).length,
    medianDetectMs: middle(pages.map(({ detection }) => detection.timeToDetectMs)),
    medianResolveMs: middle(resolved),
  };
}

async function courseOf(
  slo: Slo,
  reader: SignalReader,
  { fromMs, toMs, stepMs }: History,
): Promise<BudgetCourse> {
  const points: { atMs: number; remainingRatio: number }[] = [];
  const strideMs = Math.max(stepMs, Math.ceil((toMs - fromMs) / COURSE_POINTS / stepMs) * stepMs);
  const { part, counted, valid } = countSignals(slo.indicator, slo.windowMs);
  for (let atMs = fromMs; atMs <= toMs; atMs += strideMs) {
    const [ofCounted = [], ofValid = []] = await reader.read([counted, valid], atMs);
    const answer = countsOf(part, ofCounted, ofValid);
    if (answer.kind !== 'counts') continue;
    points.push({
      atMs,
      remainingRatio: remainingRatio(answer.counts, slo.objective.budgetRatio.value),
    });
  }
  return { slo: slo.name, points };
}

function middle(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
