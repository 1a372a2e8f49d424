/** `highwater alerts backtest`: what policies would have done on a history, or on synthetic incidents. */
import { writeFileSync } from 'node:fs';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import {
  alertRows,
  backtest,
  backtestHtml,
  backtestJson,
  candidateRows,
  drill,
  drillJson,
  drillRows,
  SCENARIOS,
} from '../../../alerts/backtest/index.ts';
import type { Backtest, DrillResult } from '../../../alerts/backtest/index.ts';
import {
  AppError,
  formatDuration,
  loadConfig,
  parseDuration,
  systemClock,
} from '../../../runtime/index.ts';
import { loadStreams } from '../../../streams/index.ts';
import { candidatesFor, openHistory } from '../../backtest-history.ts';
import type { Range } from '../../backtest-history.ts';
import { loadConfiguredSlos, sloStreams } from '../../slos.ts';
import { textTable } from '../../text-table.ts';

interface Options extends Range {
  readonly file?: string;
  readonly prometheus?: string;
  readonly synthetic?: boolean;
  readonly policies: readonly string[];
  readonly scenario: readonly string[];
  readonly seeds: number;
  readonly seed: string;
  readonly json?: boolean;
  readonly html?: string;
}

const STEP_DEFAULT_MS = 60_000;

export function addBacktestCommand(alerts: Command): void {
  alerts
    .command('backtest')
    .description(
      'what the alerts would have done: on past metrics, on counts, or on synthetic incidents',
    )
    .option(
      '--from <time>',
      'begin, such as 2026-11-01T00:00:00Z, or 7d for that long ago',
      instant,
    )
    .option('--to <time>', 'end (default: the newest sample)', instant)
    .addOption(
      new Option('--step <duration>', 'between two evaluations')
        .argParser(duration)
        .default(STEP_DEFAULT_MS, formatDuration(STEP_DEFAULT_MS)),
    )
    .option(
      '--file <file>',
      'counts as CSV or NDJSON instead of the local metric store; - is standard input',
    )
    .option('--prometheus <url>', 'samples of a Prometheus instead')
    .option('--synthetic', 'incidents whose truth is known, with precision and recall')
    .addOption(
      new Option('--policies <file>', 'a candidate beside what is configured; repeatable')
        .argParser(list)
        .default([], 'none'),
    )
    .addOption(
      new Option(
        '--scenario <name>',
        `of --synthetic: ${SCENARIOS.map(({ name }) => name).join(', ')}; repeatable`,
      )
        .argParser(scenarioName)
        .default([], 'all'),
    )
    .option('--seeds <count>', 'histories of each scenario', count, 2)
    .option('--seed <text>', 'chance of --synthetic', 'highwater')
    .option('--json', 'one JSON object')
    .option('--html <file>', 'write a page with pictures there')
    .action(run);
}

async function run(options: Options): Promise<void> {
  const sources = [options.file, options.prometheus, options.synthetic].filter(Boolean);
  if (sources.length > 1) {
    throw new AppError('invalid_argument', 'expected one of --file, --prometheus and --synthetic');
  }
  if (options.synthetic) {
    await runDrill(options);
    return;
  }
  const config = loadConfig();
  const history = await openHistory(options, config);
  const result = await backtest(history, candidatesFor(options.policies, history, config));
  if (options.html !== undefined) writeFileSync(options.html, backtestHtml(result));
  process.stdout.write(options.json ? `${JSON.stringify(backtestJson(result))}\n` : textOf(result));
}

async function runDrill(options: Options): Promise<void> {
  if (options.html !== undefined) {
    throw new AppError('invalid_argument', '--html: expected a history, not --synthetic');
  }
  const config = loadConfig();
  const slos = loadConfiguredSlos(config);
  const results = await drill({
    candidates: candidatesFor(options.policies, { slos, isCounts: false }, config),
    streams: sloStreams(loadStreams(config.HIGHWATER_STREAMS_DIR)),
    seedCount: options.seeds,
    seed: options.seed,
    scenarios: options.scenario,
  });
  const text = options.json ? `${JSON.stringify(drillJson(results))}\n` : drillText(results);
  process.stdout.write(text);
}

function textOf(result: Backtest): string {
  const { source, fromMs, toMs, stepMs, notes, candidates } = result;
  const [from, to] = [fromMs, toMs].map((atMs) => new Date(atMs).toISOString());
  const parts = [
    `${source}, ${from} to ${to}, every ${formatDuration(stepMs)}\n\n`,
    textTable(candidateRows(result)),
  ];
  for (const { candidate, alerts } of candidates) {
    if (alerts.length > 0) parts.push(`\n${candidate}\n`, textTable(alertRows(alerts)));
  }
  if (notes.length > 0) parts.push(`\n${notes.join('\n')}\n`);
  return parts.join('');
}

function drillText(results: readonly DrillResult[]): string {
  const parts = [textTable(drillRows(results)), '\n'];
  for (const { scenario, title } of results[0]?.scenarios ?? []) {
    parts.push(`${scenario}: ${title}. Told by`);
    for (const { candidate, scenarios } of results) {
      const toldBy = scenarios.find((each) => each.scenario === scenario)?.toldBy ?? {};
      const words = Object.entries(toldBy).map(([policy, times]) => `${policy} ${times}`);
      const prefix = results.length > 1 ? ` (${candidate})` : '';
      parts.push(`${prefix} ${words.join(', ') || 'nobody'}.`);
    }
    parts.push('\n');
  }
  const leftOut = [...new Set(results.flatMap((each) => each.leftOut))];
  if (leftOut.length > 0) {
    parts.push(`Left out, as the model has none of their metrics: ${leftOut.join(', ')}.\n`);
  }
  return parts.join('');
}

function instant(text: string): number {
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return systemClock.nowMs() - agoMs;
  const atMs = /^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (!Number.isNaN(atMs)) return atMs;
  throw new InvalidArgumentError('expected a time such as 2026-11-01T00:00:00Z, or 7d');
}

function duration(text: string): number {
  const valueMs = parseDuration(text);
  if (valueMs !== undefined && valueMs >= 1_000) return valueMs;
  throw new InvalidArgumentError('expected a duration of 1s or more, such as 1m');
}

function list(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function scenarioName(text: string, before: readonly string[]): readonly string[] {
  if (SCENARIOS.some(({ name }) => name === text)) return [...before, text];
  throw new InvalidArgumentError(`expected one of ${SCENARIOS.map(({ name }) => name).join(', ')}`);
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 100) return value;
  throw new InvalidArgumentError('expected a whole number from 1 to 100, such as 2');
}
