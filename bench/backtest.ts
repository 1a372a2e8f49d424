/** Thirty days of minute data for ten SLOs, replayed by the evaluator of the service; beside it promtool, on the same rules and series. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  alertName,
  alertPlan,
  evaluateAlerts,
  NO_ALERTS,
  parsePolicies,
  ruleGroups,
  rulesYaml,
} from '../alerts/index.ts';
import type { AlertDefinitions, AlertState } from '../alerts/index.ts';
import { backtest } from '../alerts/backtest/index.ts';
import type { History } from '../alerts/backtest/index.ts';
import { systemClock } from '../runtime/index.ts';
import type { Slo } from '../slo/index.ts';
import { MetricStore, replaySignalReader } from '../telemetry/index.ts';
import { findPrometheus } from '../test/helpers/index.ts';
import type { Bench } from './figure.ts';
import { median } from './figure.ts';
import { historySeries, historySlos, SAMPLE_COUNT, START_MS } from './slo-history.ts';
import type { HistorySeries } from './slo-history.ts';

const SLO_COUNT = 10;
const ROUNDS = 3;
const MINUTE_MS = 60_000;
/** Of both, side by side; promtool takes minutes for a day. */
const PART_MINUTES = 360;
const PART_MINUTES_SHORT = 90;
/** Between two instants at which both have to say that the same alerts fire. */
const CHECK_MINUTES = 15;

export const backtestBench: Bench = {
  name: 'backtest',
  summary: `alerts of ${SLO_COUNT} SLOs over 30 days of minute samples, beside promtool`,
  figures: [
    { figure: 'seconds', unit: 's', target: { comparison: '<=', value: 5 } },
    { figure: 'ratio_to_promtool', unit: 'ratio' },
  ],
  async run({ isShort, progress, scratch }) {
    const found = await findPrometheus(3);
    if (found.kind === 'missing') return { kind: 'skipped', reason: found.reason };
    const slos = historySlos(SLO_COUNT);
    const series = historySeries(SLO_COUNT);
    const definitions = parsePolicies(
      'service: bench\nowner: bench\ninterval: 1m\npolicies: []\n',
      'bench.yaml',
      slos,
    );

    const seconds: number[] = [];
    for (let round = 1; round <= (isShort ? 1 : ROUNDS); round++) {
      const startedMs = systemClock.monotonicMs();
      const history = historyOf(filled(series), slos, SAMPLE_COUNT);
      const filledMs = systemClock.monotonicMs();
      const result = await backtest(history, [{ name: 'shipped tiers', definitions }]);
      const endedMs = systemClock.monotonicMs();
      const [candidate] = result.candidates;
      if (!candidate || candidate.alerts.length === 0) throw new Error('no alert fired');
      progress(
        `round ${round}: ${series.length * SAMPLE_COUNT} samples stored in ${((filledMs - startedMs) / 1_000).toFixed(2)} s, 30 days replayed in ${((endedMs - filledMs) / 1_000).toFixed(2)} s, ${candidate.alerts.length} incidents`,
      );
      seconds.push((endedMs - startedMs) / 1_000);
    }

    const minutes = isShort ? PART_MINUTES_SHORT : PART_MINUTES;
    const part = series.map((each) => ({ ...each, values: each.values.subarray(0, minutes + 1) }));
    const ratios: number[] = [];
    for (let round = 1; round <= (isShort ? 1 : ROUNDS); round++) {
      const startedMs = systemClock.monotonicMs();
      const firing = await firingOf(definitions, filled(part), minutes);
      const oursMs = systemClock.monotonicMs() - startedMs;
      const folder = scratch.folder();
      writeFileSync(join(folder, 'rules.yaml'), rulesYaml(ruleGroups(definitions, () => '')));
      writeFileSync(join(folder, 'test.json'), promtoolTest(part, firing));
      const theirStartMs = systemClock.monotonicMs();
      await promisify(execFile)(found.promtool, ['test', 'rules', join(folder, 'test.json')]);
      const theirsMs = systemClock.monotonicMs() - theirStartMs;
      progress(
        `round ${round}: ${minutes} minutes, ours ${oursMs.toFixed(0)} ms, promtool ${theirsMs.toFixed(0)} ms; the same alerts fire at ${firing.size} instants`,
      );
      ratios.push(oursMs / theirsMs);
    }
    return {
      kind: 'measured',
      values: { seconds: median(seconds), ratio_to_promtool: median(ratios) },
    };
  },
};

function historyOf(store: MetricStore, slos: readonly Slo[], sampleCount: number): History {
  return {
    source: 'bench',
    store,
    fromMs: START_MS,
    toMs: START_MS + (sampleCount - 1) * MINUTE_MS,
    stepMs: MINUTE_MS,
    slos,
    notes: [],
  };
}

/** As a backtest fills its store from a Prometheus or from counts. */
function filled(all: readonly HistorySeries[]): MetricStore {
  const store = new MetricStore();
  for (const { name, labels, kind, values } of all) {
    const series = store.openSeries(name, labels, kind);
    if (!series) throw new Error(`the store takes no series ${name}`);
    for (const [at, value] of values.entries()) {
      store.replay(series, START_MS + at * MINUTE_MS, value);
    }
  }
  return store;
}

/** Names of the alerts that fire at each instant of a check, by its minute. */
async function firingOf(
  definitions: AlertDefinitions,
  store: MetricStore,
  minutes: number,
): Promise<ReadonlyMap<number, readonly string[]>> {
  const plan = alertPlan(definitions.policies);
  const reader = replaySignalReader(store);
  const firing = new Map<number, readonly string[]>();
  let state = NO_ALERTS;
  for (let minute = 0; minute <= minutes; minute++) {
    const atMs = START_MS + minute * MINUTE_MS;
    state = (await evaluateAlerts(definitions, plan, reader, state, atMs)).state;
    if (minute > 0 && minute % CHECK_MINUTES === 0) firing.set(minute, namesOf(state.alerts));
  }
  return firing;
}

function namesOf(alerts: readonly AlertState[]): readonly string[] {
  return alerts
    .filter(({ phase }) => phase === 'firing')
    .map(({ policy, rung }) => alertName({ name: policy }, { name: rung }))
    .toSorted();
}

/** JSON is YAML. */
function promtoolTest(
  part: readonly HistorySeries[],
  firing: ReadonlyMap<number, readonly string[]>,
): string {
  const input = part.map(({ name, labels, values }) => {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return { series: `${name}{${pairs.join(',')}}`, values: values.join(' ') };
  });
  const checks = [...firing].map(([minute, names]) => ({
    expr: 'sum by (alertname) (ALERTS{alertstate="firing"})',
    eval_time: `${minute}m`,
    exp_samples: names.map((name) => ({ labels: `{alertname="${name}"}`, value: 1 })),
  }));
  return JSON.stringify({
    rule_files: ['rules.yaml'],
    evaluation_interval: '1m',
    tests: [{ interval: '1m', input_series: input, promql_expr_test: checks }],
  });
}
