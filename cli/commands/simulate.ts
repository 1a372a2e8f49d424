/** `highwater simulate`: publishes generated transactions. */
import type { Command } from 'commander';
import type { SimulateProgress, SimulateSummary } from '../../ingest/producers/index.ts';
import { publishTo, simulate } from '../../ingest/producers/index.ts';
import { AppError, formatDuration, parseDuration, systemClock } from '../../runtime/index.ts';
import { openPubsub } from '../parts.ts';
import { createContext, namedStream } from '../process.ts';

interface Options {
  readonly stream: string;
  readonly rate: string;
  readonly count?: string;
  readonly duration?: string;
  readonly malformed: string;
  readonly duplicates: string;
  readonly late: string;
  readonly gzip?: boolean;
  readonly seed?: string;
  readonly json?: boolean;
}

export function addSimulateCommand(program: Command): void {
  program
    .command('simulate')
    .description('publish generated transactions; without --count or --duration, until Ctrl+C')
    .option('--stream <name>', 'stream to publish to', 'transactions')
    .option('--rate <per second>', 'events per second', '100')
    .option('--count <events>', 'stop after so many')
    .option('--duration <duration>', 'stop after this long, such as 30s or 5m')
    .option('--malformed <share>', 'share of messages that no schema accepts, 0 to 1', '0')
    .option('--duplicates <share>', 'share of events sent again, 0 to 1', '0')
    .option('--late <share>', 'share of events minutes to hours old, 0 to 1', '0')
    .option('--gzip', 'pack payloads, with the attribute content-encoding')
    .option('--seed <text>', 'same seed, same events')
    .option('--json', 'print the closing summary as JSON')
    .action(run);
}

async function run(options: Options): Promise<void> {
  const context = createContext('simulate');
  const stream = namedStream(context, options.stream);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  const pubsub = openPubsub(context);
  try {
    const summary = await simulate({
      publish: publishTo(pubsub, stream.topic),
      ratePerSecond: toNumber('--rate', options.rate, 100),
      ...(options.count ? { count: toNumber('--count', options.count, 1000) } : {}),
      ...(options.duration ? { durationMs: toDurationMs(options.duration) } : {}),
      malformedRatio: toNumber('--malformed', options.malformed, 0.01),
      duplicateRatio: toNumber('--duplicates', options.duplicates, 0.01),
      lateRatio: toNumber('--late', options.late, 0.01),
      isGzip: options.gzip ?? false,
      ...(options.seed ? { seed: options.seed } : {}),
      clock: systemClock,
      signal: stop.signal,
      onProgress: process.stderr.isTTY ? showProgress : () => {},
    });
    if (process.stderr.isTTY) process.stderr.write('\n');
    process.stdout.write(options.json ? `${JSON.stringify(summary)}\n` : summaryText(summary));
    process.exitCode = summary.failedCount + summary.unansweredCount > 0 ? 1 : 0;
  } finally {
    await context.shutdown.run('done');
  }
  process.exit();
}

const BAR_WIDTH = 30;

function showProgress(progress: SimulateProgress): void {
  const { doneRatio, sentCount, answeredCount, failedCount, recentRatePerSecond } = progress;
  const filled = Math.round((doneRatio ?? 0) * BAR_WIDTH);
  const bar = doneRatio === undefined ? '' : `[${'='.repeat(filled).padEnd(BAR_WIDTH)}] `;
  const rate = Math.round(recentRatePerSecond);
  process.stderr.write(
    `\r${bar}${sentCount} sent, ${answeredCount} answered, ${failedCount} failed, ${rate}/s\u001b[K`,
  );
}

function summaryText(summary: SimulateSummary): string {
  const kinds = Object.entries({ ...summary.sentByKind, ...summary.sentByMalformedKind })
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `  ${kind.replaceAll('_', ' ').padEnd(24)} ${count}`);
  const rate = summary.achievedRatePerSecond;
  return [
    `${summary.sentCount} sent in ${formatDuration(summary.durationMs)}${rate === null ? '' : ` (${rate.toFixed(1)}/s)`}:`,
    `  ${'answered'.padEnd(24)} ${summary.answeredCount}`,
    `  ${'failed'.padEnd(24)} ${summary.failedCount}`,
    `  ${'unanswered'.padEnd(24)} ${summary.unansweredCount}`,
    'of which:',
    ...kinds,
    `first event ${summary.firstEventId ?? '-'}, last event ${summary.lastEventId ?? '-'}`,
    ...(summary.lastError === null ? [] : [`last error: ${summary.lastError}`]),
    '',
  ].join('\n');
}

function toNumber(option: string, text: string, example: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new AppError(
    'invalid_argument',
    `${option}: expected a number such as ${example}; got ${text}`,
  );
}

function toDurationMs(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs !== undefined) return durationMs;
  throw new AppError(
    'invalid_argument',
    `--duration: expected a duration such as 30s; got ${text}`,
  );
}
