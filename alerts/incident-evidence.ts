/** What an incident rests on: the figure that decided, before, during and after it, and what of the error budget it cost. */
import { formatDuration } from '../runtime/index.ts';
import { badCount, countsOf, countSignals, spentRatio } from '../slo/index.ts';
import type { Counts, CountSignals, Slo } from '../slo/index.ts';
import { toPromQL } from '../telemetry/index.ts';
import type {
  Instants,
  Labels,
  Signal,
  SignalPoint,
  SignalRange,
  SignalReader,
} from '../telemetry/index.ts';
import type { IncidentRecord } from './alert-log.ts';
import type { Condition } from './condition.ts';
import { labelsKey } from './condition.ts';
import { conditionUnit } from './condition-unit.ts';
import type { ConditionUnit } from './condition-unit.ts';
import type { Policy } from './policy.ts';

/** One line of the picture. */
export interface EvidenceLine {
  readonly name: string;
  readonly points: readonly SignalPoint[];
}

/** Bad events of the SLO while it went on, and the share of the window's budget that they are. */
export interface IncidentCost {
  readonly slo: string;
  /** Begins one short window before the condition held: the events that made it hold count. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly badCount: number;
  readonly validCount: number;
  readonly budgetSpentRatio: number;
}

export interface IncidentEvidence extends Instants {
  /** What is drawn, such as `Burn rate`. */
  readonly title: string;
  readonly unit: ConditionUnit | 'burn_rate';
  readonly lines: readonly EvidenceLine[];
  /** Where it alerts; absent where missing data is what alerts. */
  readonly threshold: { readonly value: number; readonly badWhen: 'above' | 'below' } | undefined;
  /** The same question for Prometheus or Cloud Monitoring, where it is one. */
  readonly query: string | undefined;
  /** Absent where the policy is of no SLO, or the metrics of that time are gone. */
  readonly cost: IncidentCost | undefined;
}

export interface EvidenceContext {
  readonly policy: Policy;
  readonly slo: Slo | undefined;
  readonly reader: SignalReader;
  readonly nowMs: number;
}

/** Points of the picture: one for every few pixels. */
const POINTS = 120;
const STEP_MS_MIN = 15_000;
/** What is shown before the condition began to hold and after the end, at least; a share of an incident that lasts. */
const MARGIN_MS = 600_000;
const MARGIN_SHARE = 0.25;
/** Of a query that stands for a title. */
const TITLE_CHARS_MAX = 90;

/** Errors: `metrics_unavailable`. */
export async function incidentEvidence(
  record: IncidentRecord,
  context: EvidenceContext,
): Promise<IncidentEvidence> {
  const { policy, slo, reader } = context;
  const { incident } = record;
  const rung = policy.rungs.find(({ name }) => name === incident.rung) ?? policy.rungs[0];
  const instants = instantsOf(record, context.nowMs);
  const cost = await incidentCost(record, context);
  if (!rung) {
    const nothing = { title: 'Not known', unit: 'count', lines: [], threshold: undefined } as const;
    return { ...instants, ...nothing, query: undefined, cost };
  }
  const { condition } = rung;
  const course =
    condition.kind === 'burn'
      ? await burnCourse(condition, slo, reader, instants)
      : await signalCourse(condition, incident.labels, reader, instants);
  return { ...instants, ...course, cost };
}

/** What it cost so far, or in all. Errors: `metrics_unavailable`. */
export async function incidentCost(
  { incident, resolvedAtMs }: IncidentRecord,
  { policy, slo, reader, nowMs }: EvidenceContext,
): Promise<IncidentCost | undefined> {
  if (!slo) return undefined;
  const condition = policy.rungs.find(({ name }) => name === incident.rung)?.condition;
  const leadMs = condition?.kind === 'burn' ? condition.short.valid.windowMs : 0;
  const fromMs = incident.startedAtMs - leadMs;
  const toMs = resolvedAtMs ?? nowMs;
  if (toMs <= fromMs || nowMs - fromMs > reader.lookbackMaxMs) return undefined;
  const own = countSignals(slo.indicator, toMs - fromMs);
  const whole = countSignals(slo.indicator, slo.windowMs);
  const answers = await reader.read([own.counted, own.valid, whole.counted, whole.valid], toMs);
  const spent = countsOf(own.part, answers[0] ?? [], answers[1] ?? []);
  const period = countsOf(whole.part, answers[2] ?? [], answers[3] ?? []);
  if (spent.kind !== 'counts' || period.kind !== 'counts') return undefined;
  const bad = badCount(spent.counts);
  return {
    slo: slo.name,
    fromMs,
    toMs,
    badCount: bad,
    validCount: spent.counts.validCount,
    budgetSpentRatio: spentRatio(bad, period.counts, slo.objective.budgetRatio.value),
  };
}

function instantsOf({ incident, resolvedAtMs }: IncidentRecord, nowMs: number): Instants {
  const endMs = resolvedAtMs ?? nowMs;
  const marginMs = Math.max(MARGIN_MS, MARGIN_SHARE * (endMs - incident.startedAtMs));
  const fromMs = incident.startedAtMs - marginMs;
  const toMs = Math.min(nowMs, endMs + marginMs);
  const stepMs = Math.max(1, Math.ceil((toMs - fromMs) / POINTS / STEP_MS_MIN)) * STEP_MS_MIN;
  return { fromMs: toMs - Math.floor((toMs - fromMs) / stepMs) * stepMs, toMs, stepMs };
}

type Course = Pick<IncidentEvidence, 'lines' | 'query' | 'threshold' | 'title' | 'unit'>;

async function signalCourse(
  condition: Exclude<Condition, { kind: 'burn' }>,
  labels: Labels,
  reader: SignalReader,
  instants: Instants,
): Promise<Course> {
  const { signal } = condition;
  const ranges = await reader.readRange(signal, instants);
  const own = ranges.filter((range) => labelsKey(range.labels) === labelsKey(labels));
  const shown = own.length > 0 ? own : ranges.slice(0, 1);
  return {
    title: titleOf(signal),
    unit: conditionUnit(condition),
    lines: shown.map((range) => ({ name: nameOf(range, signal), points: range.points })),
    threshold:
      condition.kind === 'threshold'
        ? { value: condition.bound, badWhen: condition.comparison }
        : undefined,
    query: toPromQL(signal),
  };
}

/** Burn rates of both windows where the objective is known, else error ratios. */
async function burnCourse(
  { long, short, thresholdRatio }: Extract<Condition, { kind: 'burn' }>,
  slo: Slo | undefined,
  reader: SignalReader,
  instants: Instants,
): Promise<Course> {
  const budgetRatio = slo?.objective.budgetRatio.value ?? 1;
  const lines: EvidenceLine[] = [];
  for (const signals of [long, short]) {
    const points = await errorRatios(signals, reader, instants);
    lines.push({
      name: `last ${formatDuration(signals.valid.windowMs)}`,
      points: points.map(({ atMs, value }) => ({ atMs, value: value / budgetRatio })),
    });
  }
  // Twelve digits: a threshold is written with few, and a quotient of doubles with noise behind them.
  const value = Number((thresholdRatio.value / budgetRatio).toPrecision(12));
  return {
    title: slo ? 'Burn rate, both windows' : 'Error ratio, both windows',
    unit: slo ? 'burn_rate' : 'ratio',
    lines,
    threshold: { value, badWhen: 'above' },
    query: undefined,
  };
}

async function errorRatios(
  { part, counted, valid }: CountSignals,
  reader: SignalReader,
  instants: Instants,
): Promise<readonly SignalPoint[]> {
  const [ofCounted, ofValid] = await Promise.all([
    reader.readRange(counted, instants),
    reader.readRange(valid, instants),
  ]);
  const countedAt = new Map((ofCounted[0]?.points ?? []).map((each) => [each.atMs, each.value]));
  return (ofValid[0]?.points ?? []).flatMap(({ atMs, value }) => {
    const countedCount = countedAt.get(atMs);
    const before = countedCount === undefined ? [] : [{ labels: {}, value: countedCount }];
    const answer = countsOf(part, before, [{ labels: {}, value }]);
    if (answer.kind !== 'counts' || answer.counts.validCount === 0) return [];
    return [{ atMs, value: badShare(answer.counts) }];
  });
}

function badShare(counts: Counts): number {
  return badCount(counts) / counts.validCount;
}

function titleOf(signal: Signal): string {
  const query = toPromQL(signal);
  return query.length > TITLE_CHARS_MAX ? 'The signal that decided' : query;
}

function nameOf({ labels }: SignalRange, signal: Signal): string {
  const texts = Object.values(labels);
  return texts.length > 0 ? texts.join(', ') : `last ${formatDuration(signal.windowMs)}`;
}
