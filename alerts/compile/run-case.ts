/** A case answered by the evaluator itself, in virtual time: the other judge is promtool. */
import { localSignalReader, MetricStore } from '../../telemetry/index.ts';
import type { Labels, StoredSample } from '../../telemetry/index.ts';
import { alertPlan } from '../alert-plan.ts';
import { NO_ALERTS } from '../alert-state.ts';
import { labelsKey } from '../condition.ts';
import { evaluateAlerts } from '../evaluate-alerts.ts';
import type { AlertDefinitions } from '../load-policies.ts';
import type { CaseSeries } from './case-series.ts';
import type { PolicyCase } from './policy-cases.ts';

export interface CaseResult {
  readonly case: PolicyCase;
  readonly hasPassed: boolean;
  /** Instants at which what fires is not what was expected. */
  readonly failures: readonly {
    readonly atMs: number;
    readonly expected: readonly Labels[];
    readonly got: readonly Labels[];
  }[];
}

/** Appends what is sampled at each step of a course, as scrapes do. */
export class CaseFeed {
  readonly store = new MetricStore();
  readonly #series: readonly CaseSeries[];
  readonly #sampleMs: number;
  readonly #offsetMs: number;
  #next = 0;

  constructor(series: readonly CaseSeries[], sampleMs: number, offsetMs = 0) {
    this.#series = series;
    this.#sampleMs = sampleMs;
    this.#offsetMs = offsetMs;
  }

  /** Everything sampled up to and with `atMs`. */
  feed(atMs: number): void {
    for (; this.#next * this.#sampleMs + this.#offsetMs <= atMs; this.#next++) {
      const samples = this.#series.flatMap((series) => sampleOf(series, this.#next));
      this.store.append('case', this.#next * this.#sampleMs + this.#offsetMs, samples);
    }
  }
}

export async function runCase(
  { intervalMs }: AlertDefinitions,
  each: PolicyCase,
): Promise<CaseResult> {
  const { policy, rung, series, sampleMs, evaluationMs, checks } = each;
  const alone = { ...policy, rungs: [rung] };
  const definitions = {
    policies: [alone],
    maintenance: [],
    intervalMs: Math.max(intervalMs, evaluationMs),
  };
  const plan = alertPlan(definitions.policies);
  const feed = new CaseFeed(series, sampleMs);
  const reader = localSignalReader(feed.store);
  const failures: CaseResult['failures'][number][] = [];
  const endMs = Math.max(...checks.map(({ atMs }) => atMs));
  let state = NO_ALERTS;
  for (let atMs = 0; atMs <= endMs; atMs += evaluationMs) {
    feed.feed(atMs);
    ({ state } = await evaluateAlerts(definitions, plan, reader, state, atMs));
    const check = checks.find((one) => one.atMs === atMs);
    if (!check) continue;
    const got = state.alerts.filter(({ phase }) => phase === 'firing').map(({ labels }) => labels);
    if (isSame(got, check.firing)) continue;
    failures.push({ atMs, expected: check.firing, got });
  }
  return { case: each, hasPassed: failures.length === 0, failures };
}

function sampleOf({ name, labels, samples }: CaseSeries, index: number): StoredSample[] {
  const value = samples[index];
  if (typeof value !== 'number') return [];
  const kind = /_(?:total|count|sum|bucket)$/.test(name) ? 'counter' : 'gauge';
  return [{ name, labels, value, kind }];
}

function isSame(some: readonly Labels[], others: readonly Labels[]): boolean {
  return groupKeys(some) === groupKeys(others);
}

function groupKeys(groups: readonly Labels[]): string {
  return groups.map(labelsKey).toSorted().join('\n');
}
