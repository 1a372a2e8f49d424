/** Generated histories of alerts: policies of every kind with series that come and go around their bounds, from a seed. */
import type { AlertDefinitions, Observation, Policy } from '../../alerts/index.ts';
import { alertPlan, labelsKey, NO_ALERTS, parsePolicies, stepAlerts } from '../../alerts/index.ts';
import { caseSeries } from '../../alerts/compile/case-series.ts';
import type { CaseSeries, Level } from '../../alerts/compile/case-series.ts';
import { CaseFeed } from '../../alerts/compile/run-case.ts';
import { parseSlos } from '../../slo/index.ts';
import { evaluate } from '../../telemetry/index.ts';
import type { Labels, Signal, SignalValue } from '../../telemetry/index.ts';
import { isBornApart } from '../telemetry/prometheus-2.ts';
import { randomOf } from '../telemetry/generated-series.ts';

export const STEP_MS = 30_000;
/** A bit a step: a double holds 53 exactly. */
export const STEP_COUNT = 50;
/** Closer to a bound than this, two ways of adding up may fall on different sides. */
const TIE_RATIO = 1e-9;

export interface History {
  readonly definitions: AlertDefinitions;
  readonly series: readonly CaseSeries[];
  /** What the evaluator said: for each alert and phase the steps at which it was in it, as bits. */
  readonly said: readonly SaidAlert[];
  /** Policies of which some step is no fair question. */
  readonly excused: ReadonlySet<string>;
}

export interface SaidAlert {
  readonly policy: string;
  readonly rung: string;
  readonly labels: Labels;
  readonly phase: 'pending' | 'firing';
  readonly bits: number;
}

export interface HistoryOptions {
  readonly seed: number;
  /** Samples fall this long after the instants of evaluation. */
  readonly offsetMs: number;
  /** Prometheus 2 counts a slice whose end is the begin of the window, and extrapolates otherwise after a gap. */
  readonly isForPrometheus2: boolean;
}

const REQUESTS = 'http_server_request_duration_seconds';

/** Policies of one world; each has its metrics told apart by the label `job`. */
export function generateHistory(options: HistoryOptions): History {
  const random = randomOf(options.seed);
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  const definitions = definitionsOf(pick, options.isForPrometheus2);
  const series = definitions.policies.flatMap((policy) => seriesOf(policy, random, pick));
  return { definitions, series, ...run(definitions, series, options) };
}

type PickOne = <T>(of: readonly T[]) => T;

/** Conditions that tell the metrics of one policy from those of another. */
function job(name: string, more = ''): string {
  return `{job="${name}"${more}}`;
}

function definitionsOf(pick: PickOne, isForPrometheus2: boolean): AlertDefinitions {
  const timing = () =>
    `for: ${pick(['0s', '30s', '1m', '90s', '2m'])}, keep_firing_for: ${pick(['0s', '0s', '30s', '1m', '2m'])}`;
  const policy = (name: string, condition: string, more = '') =>
    `  - { name: ${name}, title: T, description: D, user_impact: U, playbook: p.md, severity: error, route: page, ${timing()}, condition: { window: ${pick(['1m', '2m', '3m', '5m'])}, ${condition} }${more} }\n`;
  const noData = () => pick(['', ', no_data: alert']);
  const text = [
    policy(
      'mean',
      `mean: '${REQUESTS}${job('mean')}', above: 500ms, min_events: ${pick([1, 20])}`,
      noData(),
    ),
    policy(
      'errors',
      `ratio: { part: '${REQUESTS}${job('errors', ',http_response_status_code=~"5.."')}', whole: '${REQUESTS}${job('errors')}' }, above: 10%, min_events: 20, min_bad_events: ${pick([1, 3])}`,
      noData(),
    ),
    policy(
      'grouped',
      `ratio: { part: 'ingest_messages_total${job('grouped', ',outcome="quarantined"')}', whole: 'ingest_messages_total${job('grouped')}' }, by: [stream], above: 5%, min_events: 5`,
    ),
    policy(
      'rises',
      `increase: 'ingest_retries_total${job('rises')}', by: [stream], above: ${pick([0, 2])}`,
    ),
    policy(
      'stands',
      `increase: 'canary_probes_total${job('stands')}', below: ${pick([1, 4])}`,
      noData(),
    ),
    policy('quick', `rate: 'ingest_received_total${job('quick')}', by: [stream], above: 2`),
    policy('old', `last: 'ingest_watermark_lag_seconds${job('old')}', by: [stream], above: 2m`),
    policy('low', `max: 'ingest_in_flight_messages${job('low')}', by: [stream], below: 5`),
    policy('many', `sum: 'http_server_active_requests${job('many')}', above: 100`),
    policy('gone', `absent: 'highwater_build_info${job('gone')}'`),
  ].join('');
  const slo = (name: string, indicator: string) => `  - name: ${name}
    title: T
    description: D
    user_impact: U
    playbook: p.md
    objective: ${pick([90, 95])}
    window: 2h
    tiers:
      - { name: fast, severity: page, budget: ${pick([20, 40])}%, long: ${pick(['6m', '10m'])}, short: ${pick(['1m', '2m'])} }
      - { name: slow, severity: ticket, budget: 30%, long: 15m, short: 3m }
    low_traffic: { min_events: ${pick([0, 10])}, min_bad_events: ${pick([1, 3])} }
    indicator: ${indicator}
    no_data: ${pick(['alert', 'ignore'])}
`;
  const slos = [
    slo(
      'slo-bad',
      `{ ratio: { bad: 'ingest_messages_total${job('slo-bad', ',outcome="quarantined"')}', valid: 'ingest_messages_total${job('slo-bad')}' } }`,
    ),
    slo(
      'slo-slow',
      `{ at_or_below: { histogram: '${REQUESTS}${job('slo-slow')}', at_most: 300ms } }`,
    ),
    ...(isForPrometheus2
      ? []
      : [
          slo(
            'slo-late',
            `{ slices: { gauge: 'ingest_watermark_lag_seconds${job('slo-late')}', at_most: 60s, slice: 1m } }`,
          ),
        ]),
  ];
  const sloText = `service: s\nowner: o\nslos:\n${slos.join('')}`;
  const burn = `burn_rate: { for: ${pick(['0s', '1m'])}, keep_firing_for: ${pick(['0s', '1m', '2m'])}, no_data_for: ${pick(['1m', '2m'])} }`;
  return parsePolicies(
    `service: s\nowner: o\n${burn}\npolicies:\n${text}`,
    'histories.yaml',
    parseSlos(sloText, 'slos.yaml', []),
  );
}

/** One to three label groups of a policy, each with a course of its own; an SLO and an absence have one. */
function seriesOf(policy: Policy, random: () => number, pick: PickOne): readonly CaseSeries[] {
  const groups: readonly Labels[] =
    policy.by.length === 0
      ? [{}]
      : ['a', 'b', 'c'].slice(0, pick([1, 2, 3])).map((value) => ({ [policy.by[0]!]: value }));
  const [rung] = policy.rungs;
  return groups.flatMap((group) =>
    caseSeries(rung!.condition, {
      levels: levelsOf(random, pick),
      sampleMs: STEP_MS,
      group,
      ...(random() < 0.3 ? { resetAt: Math.floor(random() * STEP_COUNT) } : {}),
    }),
  );
}

function levelsOf(random: () => number, pick: PickOne): readonly Level[] {
  const levels: Level[] = [];
  const kinds: readonly Level[] = ['bad', 'bad', 'good', 'good', 'edge', 'faint', 'idle', 'none'];
  while (levels.length < STEP_COUNT) {
    const level = pick(kinds);
    for (let left = 1 + Math.floor(random() * 10); left > 0; left--) levels.push(level);
  }
  return levels.slice(0, STEP_COUNT);
}

function run(
  definitions: AlertDefinitions,
  series: readonly CaseSeries[],
  { offsetMs, isForPrometheus2 }: HistoryOptions,
): Pick<History, 'excused' | 'said'> {
  const plan = alertPlan(definitions.policies);
  const feed = new CaseFeed(series, STEP_MS, offsetMs);
  const said = new Map<string, SaidAlert>();
  const excused = new Set<string>();
  let state = NO_ALERTS;
  for (let step = 0; step < STEP_COUNT; step++) {
    const atMs = step * STEP_MS;
    feed.feed(atMs);
    const observations = plan.observe(plan.signals.map((each) => evaluate(each, feed.store, atMs)));
    for (const each of observations) {
      if (isTie(each) || isGuardTie(each, (signal) => evaluate(signal, feed.store, atMs))) {
        excused.add(each.policy.name);
      }
    }
    if (isForPrometheus2) {
      for (const each of observations) {
        const { condition } = each.rung;
        const signals =
          condition.kind === 'burn'
            ? [condition.long, condition.short].flatMap(({ counted, valid }) => [counted, valid])
            : condition.kind === 'threshold'
              ? [condition.signal, ...condition.guards.map(({ signal }) => signal)]
              : [];
        if (signals.some((signal) => isBornApart(signal, feed.store, atMs))) {
          excused.add(each.policy.name);
        }
      }
    }
    ({ state } = stepAlerts(definitions, observations, state, atMs));
    for (const { policy, rung, labels, phase } of state.alerts) {
      const key = `${policy} ${rung} ${phase} ${labelsKey(labels)}`;
      const bits = (said.get(key)?.bits ?? 0) + 2 ** step;
      said.set(key, { policy, rung, labels, phase, bits });
    }
  }
  return { said: [...said.values()], excused };
}

/** Whether a figure lies on its bound but for rounding. */
function isTie({ rung, measured }: Observation): boolean {
  const { condition } = rung;
  if (condition.kind === 'absent') return false;
  const isExact = condition.kind === 'threshold' && 'gauge' in condition.signal;
  if (isExact) return false;
  const bound = condition.kind === 'burn' ? condition.thresholdRatio.value : condition.bound;
  return measured.some(({ value }) => isNearly(value, bound));
}

/** Whether a guard's count lies beside what it asks for by no more than rounding; at it, both sides let it through. */
function isGuardTie(
  { rung: { condition } }: Observation,
  ask: (signal: Signal) => readonly SignalValue[],
): boolean {
  if (condition.kind === 'absent') return false;
  const guards =
    condition.kind === 'threshold'
      ? condition.guards
      : [
          { signal: condition.long.valid, countMin: condition.guard.validCountMin },
          { signal: condition.long.counted, countMin: condition.guard.badCountMin },
        ];
  return guards.some(({ signal, countMin }) =>
    ask(signal).some(({ value }) => value !== countMin && isNearly(value, countMin)),
  );
}

function isNearly(value: number, bound: number): boolean {
  return bound !== 0 && Math.abs(value - bound) <= Math.abs(bound) * TIE_RATIO;
}
