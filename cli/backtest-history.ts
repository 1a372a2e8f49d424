/** Where a backtest takes its past from, as the command line says, and the policies that are tried on it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { conditionSignals, loadPolicies } from '../alerts/index.ts';
import type { AlertDefinitions } from '../alerts/index.ts';
import type { BacktestCandidate, History } from '../alerts/backtest/index.ts';
import { historyOfCounts, parseCounts, STEPS_MAX } from '../alerts/backtest/index.ts';
import { AppError, messageOf, silentLogger, systemClock } from '../runtime/index.ts';
import type { Config } from '../runtime/index.ts';
import { countSignals } from '../slo/index.ts';
import type { Slo } from '../slo/index.ts';
import type { MetricStore, Signal } from '../telemetry/index.ts';
import { readHistory, readMetricStore } from '../telemetry/index.ts';
import { loadConfiguredSlos } from './slos.ts';

const DAY_MS = 86_400_000;
/** Of a Prometheus, where no begin is given. */
const SPAN_DEFAULT_MS = 7 * DAY_MS;

export interface Range {
  readonly from?: number;
  readonly to?: number;
  readonly step: number;
}

export interface HistoryOptions extends Range {
  readonly file?: string;
  readonly prometheus?: string;
  readonly policies: readonly string[];
}

/** A history, and whether it has counts of SLOs alone. */
export interface OpenedHistory extends History {
  readonly isCounts: boolean;
}

export async function openHistory(options: HistoryOptions, config: Config): Promise<OpenedHistory> {
  const slos = loadConfiguredSlos(config);
  if (options.file !== undefined) return historyOfFile(options.file, slos, options);
  if (options.prometheus !== undefined)
    return historyOfPrometheus(options.prometheus, slos, options, config.HIGHWATER_ALERT_POLICIES);
  const path = join(config.HIGHWATER_DATA_DIR, 'metrics.sqlite');
  const store = readMetricStore(path, silentLogger);
  const source = `the metric store ${path}`;
  return ranged(store, { source, slos, notes: [], isCounts: false }, options);
}

/** The configured policies and the candidates, each made from the history's SLOs. @throws AppError `invalid_definition` */
export function candidatesFor(
  files: readonly string[],
  { slos, isCounts }: Pick<OpenedHistory, 'isCounts' | 'slos'>,
  config: Config,
): readonly BacktestCandidate[] {
  const counted = new Map(slos.map((slo) => [slo.name, slo]));
  const all = loadConfiguredSlos(config).map((slo) => counted.get(slo.name) ?? slo);
  return [...new Set([config.HIGHWATER_ALERT_POLICIES, ...files])].map((name) => {
    const definitions = loadPolicies(name, all);
    return {
      name,
      definitions: {
        ...definitions,
        policies: definitions.policies.filter(({ slo }) =>
          slo === undefined ? !isCounts : counted.has(slo),
        ),
      },
    };
  });
}

function historyOfFile(file: string, slos: readonly Slo[], range: Range): OpenedHistory {
  const name = file === '-' ? 'standard input' : file;
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new AppError(
      'invalid_argument',
      `--file: expected a file of counts; got ${name} (${messageOf(error)})`,
      { cause: error },
    );
  }
  const history = historyOfCounts(parseCounts(text, name), slos, `counts of ${name}`);
  const fromMs = Math.max(history.fromMs, range.from ?? 0);
  const toMs = Math.min(history.toMs, range.to ?? Infinity);
  const { stepMs } = history;
  const first = history.fromMs + Math.ceil((fromMs - history.fromMs) / stepMs) * stepMs;
  return { ...history, ...checked(first, toMs, stepMs), isCounts: true };
}

async function historyOfPrometheus(
  url: string,
  slos: readonly Slo[],
  { from, to, step: stepMs, policies }: HistoryOptions,
  configured: string,
): Promise<OpenedHistory> {
  if (!/^https?:\/\//.test(url)) {
    throw new AppError(
      'invalid_argument',
      `--prometheus: expected a URL such as http://127.0.0.1:9090; got ${url}`,
    );
  }
  const toMs = Math.floor((to ?? systemClock.nowMs()) / stepMs) * stepMs;
  const fromMs = Math.floor((from ?? toMs - SPAN_DEFAULT_MS) / stepMs) * stepMs;
  const range = checked(fromMs, toMs, stepMs);
  const signals = [configured, ...policies].flatMap((file) => signalsOf(loadPolicies(file, slos)));
  for (const slo of slos) {
    const { counted, valid } = countSignals(slo.indicator, slo.windowMs);
    signals.push(counted, valid);
  }
  const longestMs = Math.max(
    ...slos.flatMap(({ tiers }) => tiers.map((tier) => tier.longWindowMs)),
    DAY_MS / 24,
  );
  const startMs = fromMs - Math.ceil(longestMs / stepMs) * stepMs;
  const store = await readHistory(
    {
      baseUrl: `${url.replace(/\/+$/, '')}/api/v1`,
      clock: systemClock,
      logger: silentLogger,
    },
    signals,
    { fromMs: startMs, toMs, stepMs },
  );
  const notes = [
    `Read from ${new Date(startMs).toISOString()} on, so that the longest window of a tier is whole at the begin; budgets count what was read.`,
  ];
  return { source: `Prometheus ${url}`, store, ...range, slos, notes, isCounts: false };
}

function signalsOf({ policies }: AlertDefinitions): Signal[] {
  return policies.flatMap(({ rungs }) => rungs.flatMap((rung) => conditionSignals(rung.condition)));
}

/** What a store holds, or the part of it that was asked for. */
function ranged(
  store: MetricStore,
  rest: Pick<OpenedHistory, 'isCounts' | 'notes' | 'slos' | 'source'>,
  { from, to, step: stepMs }: Range,
): OpenedHistory {
  let oldestMs = Infinity;
  for (const { chunks, head } of store.all()) {
    const first = chunks[0]?.firstAtMs ?? (head.count > 0 ? head.atMs(0) : Infinity);
    oldestMs = Math.min(oldestMs, first);
  }
  if (oldestMs === Infinity) {
    throw new AppError('not_found', `${rest.source} holds no sample yet`);
  }
  const fromMs = Math.ceil(Math.max(oldestMs, from ?? 0) / stepMs) * stepMs;
  const toMs = Math.min(store.newestAtMs, to ?? Infinity);
  return { ...rest, store, ...checked(fromMs, toMs, stepMs) };
}

function checked(fromMs: number, toMs: number, stepMs: number) {
  if (toMs < fromMs) {
    throw new AppError(
      'invalid_argument',
      `expected samples between --from and --to; there are none from ${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}`,
    );
  }
  if ((toMs - fromMs) / stepMs > STEPS_MAX) {
    throw new AppError(
      'invalid_argument',
      `expected at most ${STEPS_MAX} steps; take a longer --step`,
    );
  }
  return { fromMs, toMs, stepMs };
}
