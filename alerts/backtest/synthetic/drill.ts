/** Candidates on every synthetic incident, seed by seed, scored. */
import { seededRandom } from '../../../runtime/index.ts';
import { metricsOf, replaySignalReader } from '../../../telemetry/index.ts';
import { conditionSignals } from '../../condition.ts';
import type { AlertDefinitions } from '../../load-policies.ts';
import type { Pain } from '../history.ts';
import { replayAlerts } from '../replay.ts';
import type { Episode } from '../replay.ts';
import { MODEL_METRICS, modelHistory } from './model-service.ts';
import type { ModelStream } from './model-service.ts';
import { conditionsAt, SCENARIOS } from './scenario.ts';
import { scoreOf, sumScores } from './score.ts';
import type { Score } from './score.ts';

export interface Candidate {
  readonly name: string;
  readonly definitions: AlertDefinitions;
}

export interface DrillOptions {
  readonly candidates: readonly Candidate[];
  readonly streams: readonly ModelStream[];
  /** Histories of each scenario; each has its own chance. */
  readonly seedCount: number;
  readonly seed: string;
  /** Scenarios by name; all where none is named. */
  readonly scenarios: readonly string[];
}

/** What one candidate made of one scenario, over all seeds. */
export interface ScenarioResult {
  readonly scenario: string;
  readonly title: string;
  readonly page: Score;
  readonly ticket: Score;
  /** Policies that told, by how often. */
  readonly toldBy: Readonly<Record<string, number>>;
}

export interface DrillResult {
  readonly candidate: string;
  readonly scenarios: readonly ScenarioResult[];
  readonly page: Score;
  readonly ticket: Score;
  /** Policies on metrics that the model does not have. */
  readonly leftOut: readonly string[];
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
/** A Monday, at midnight. */
const START_MS = Date.UTC(2026, 0, 5);

interface Run {
  readonly scenario: string;
  readonly pains: readonly Pain[];
  readonly episodes: readonly Episode[];
}

export async function drill(options: DrillOptions): Promise<readonly DrillResult[]> {
  const { candidates, scenarios } = options;
  const chosen = SCENARIOS.filter(({ name }) => scenarios.length === 0 || scenarios.includes(name));
  const fitted = candidates.map((candidate) => ({ candidate, ...fit(candidate.definitions) }));
  const runs = new Map<string, Run[]>(candidates.map(({ name }) => [name, []]));
  for (const scenario of chosen) {
    for (let at = 0; at < options.seedCount; at++) {
      const random = seededRandom(`${options.seed}/${scenario.name}/${at}`);
      const plan = scenario.plan(random, START_MS);
      const minuteCount = scenario.days * DAY_MINUTES;
      const store = modelHistory(
        options.streams,
        random,
        { fromMs: START_MS, minuteCount },
        (atMs) => conditionsAt(plan, atMs),
      );
      const reader = replaySignalReader(store);
      const instants = {
        fromMs: START_MS + 2 * MINUTE_MS,
        toMs: START_MS + minuteCount * MINUTE_MS,
        stepMs: MINUTE_MS,
      };
      for (const { candidate, definitions } of fitted) {
        const episodes = await replayAlerts(definitions, reader, instants);
        runs.get(candidate.name)!.push({ scenario: scenario.name, pains: plan.pains, episodes });
      }
    }
  }
  return fitted.map(({ candidate, leftOut }) => {
    const own = runs.get(candidate.name) ?? [];
    const results = chosen.map(({ name, title }) =>
      resultOf(
        name,
        title,
        own.filter((run) => run.scenario === name),
      ),
    );
    return {
      candidate: candidate.name,
      scenarios: results,
      page: sumScores(results.map(({ page }) => page)),
      ticket: sumScores(results.map(({ ticket }) => ticket)),
      leftOut,
    };
  });
}

/** Only policies on metrics that the model has; the others would fire for want of data. */
function fit(definitions: AlertDefinitions): { definitions: AlertDefinitions; leftOut: string[] } {
  const has = new Set(MODEL_METRICS);
  const isKnown = (policy: AlertDefinitions['policies'][number]) =>
    policy.rungs.every(({ condition }) =>
      conditionSignals(condition)
        .flatMap(metricsOf)
        .every((metric) => has.has(metric)),
    );
  const { policies } = definitions;
  return {
    definitions: { ...definitions, policies: policies.filter(isKnown), maintenance: [] },
    leftOut: policies.filter((policy) => !isKnown(policy)).map(({ name }) => name),
  };
}

function resultOf(scenario: string, title: string, runs: readonly Run[]): ScenarioResult {
  const toldBy: Record<string, number> = {};
  for (const { policy, pagedAtMs, ticketedAtMs } of runs.flatMap(({ episodes }) => episodes)) {
    if (pagedAtMs === undefined && ticketedAtMs === undefined) continue;
    toldBy[policy] = (toldBy[policy] ?? 0) + 1;
  }
  const score = (route: 'page' | 'ticket') =>
    sumScores(runs.map(({ episodes, pains }) => scoreOf(route, episodes, pains)));
  return { scenario, title, page: score('page'), ticket: score('ticket'), toldBy };
}
