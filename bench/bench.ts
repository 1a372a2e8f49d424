/** `npm run bench -- [name…] [--json] [--short]`: runs benchmarks and prints their figures. */
import { Command, CommanderError } from 'commander';
import { messageOf } from '../runtime/index.ts';
import { apiBench } from './api.ts';
import { backtestBench } from './backtest.ts';
import type { Bench, Measured } from './figure.ts';
import { jsonLines, table } from './figure.ts';
import { freshnessBench } from './freshness.ts';
import { growthBench } from './growth.ts';
import { ingestBench } from './ingest.ts';
import { memoryBench } from './memory.ts';
import { overloadBench } from './overload.ts';
import { pubsubBench } from './pubsub.ts';
import { Scratch } from './scratch.ts';
import { startBench } from './start.ts';
import { telemetryBench } from './telemetry.ts';
import { sloBench } from './slo.ts';

const BENCHES: readonly Bench[] = [
  ingestBench,
  pubsubBench,
  freshnessBench,
  apiBench,
  overloadBench,
  growthBench,
  memoryBench,
  startBench,
  telemetryBench,
  sloBench,
  backtestBench,
];

const EXIT_FAILED = 1;
const EXIT_WRONG_USE = 2;

const program = new Command('bench')
  .description('Measures Highwater on this machine: loopback only, temporary folders, all removed.')
  .argument('[name...]', 'benchmarks to run; all where none is named')
  .option('--json', 'one JSON object a line instead of a table')
  .option('--short', 'less data and less time: for a first look, not for a comparison')
  .addHelpText(
    'after',
    `\nBenchmarks:\n${nameList()}\n\nWhat each figure means: docs/benchmarks.md`,
  )
  .exitOverride()
  .action(runAll);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : EXIT_WRONG_USE;
}

async function runAll(names: readonly string[], options: { json?: boolean; short?: boolean }) {
  const unknown = names.filter((name) => !BENCHES.some((bench) => bench.name === name));
  if (unknown.length > 0) {
    process.stderr.write(`bench: no benchmark ${unknown.join(', ')}; there are:\n${nameList()}\n`);
    process.exitCode = EXIT_WRONG_USE;
    return;
  }
  const chosen = BENCHES.filter((bench) => names.length === 0 || names.includes(bench.name));
  const measured: Measured[] = [];
  for (const bench of chosen) {
    const result = await runOne(bench, options.short === true);
    if (result === undefined) continue;
    measured.push(...result);
    if (options.json) process.stdout.write(jsonLines(result));
  }
  if (!options.json && measured.length > 0) process.stdout.write(table(measured));
}

/** `undefined` where the bench was skipped or failed; either is said on standard error. */
async function runOne(bench: Bench, isShort: boolean): Promise<readonly Measured[] | undefined> {
  const progress = (text: string) => void process.stderr.write(`${bench.name}: ${text}\n`);
  const scratch = new Scratch();
  const drop = () => scratch.drop();
  process.on('exit', drop);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt);
  try {
    const outcome = await bench.run({ isShort, progress, scratch });
    if (outcome.kind === 'measured') {
      return bench.figures.map((figure) => {
        const value = outcome.values[figure.figure];
        if (value === undefined) throw new Error(`${bench.name} gave no ${figure.figure}`);
        return { ...figure, bench: bench.name, value };
      });
    }
    progress(`skipped. ${outcome.reason}`);
  } catch (error) {
    progress(`failed. ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exitCode = EXIT_FAILED;
  } finally {
    await scratch.close().catch((error: unknown) => progress(`left open: ${messageOf(error)}`));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupt);
    process.off('exit', drop);
  }
  return undefined;
}

function interrupt(signal: NodeJS.Signals): void {
  process.exit(signal === 'SIGINT' ? 130 : 143);
}

function nameList(): string {
  return BENCHES.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join('\n');
}
