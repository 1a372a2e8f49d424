/** `highwater gameday`: has a running embedded service break itself, waits for the right alert and for its end, and tells the times. */
import { Argument } from 'commander';
import type { Command } from 'commander';
import { DRILL_NAMES, gameDaySchema } from '../../alerts/index.ts';
import type { DrillJson, DrillName, GameDayJson } from '../../alerts/index.ts';
import { AppError, formatDuration, systemClock } from '../../runtime/index.ts';
import { isLoopbackHost } from '../../telemetry/index.ts';
import { askInternal, AT_OPTION, internalUrl } from '../internal-port.ts';
import { textTable } from '../text-table.ts';

const LOOK_EVERY_MS = 500;
/** The newest figure is said this often while nothing else happens. */
const SAY_EVERY_MS = 15_000;
/** A service that is busy with a fault may miss a look or two. */
const MISSED_MAX = 20;

interface Options {
  readonly at?: string;
  readonly json?: boolean;
}

export function addGamedayCommand(program: Command): void {
  program
    .command('gameday')
    .description(
      'break a running embedded service on purpose, and see the right alert come and go; it must have been started with HIGHWATER_FAULTS=allow',
    )
    .addArgument(new Argument('<drill...>', 'what to break').choices([...DRILL_NAMES, 'all']))
    .option(...AT_OPTION)
    .option('--json', 'the result as one JSON object')
    .addHelpText(
      'after',
      `
A drill lasts as long as its alert's windows: some minutes. Progress goes to standard error; Ctrl+C removes the fault and ends it.
Alert channels that are set up are told, as in earnest. Exit code 0: each alert came and went; 1: one did not.`,
    )
    .action(run);
}

async function run(words: readonly string[], options: Options): Promise<void> {
  const at = internalUrl(options.at);
  if (!isLoopbackHost(new URL(at).host)) {
    throw new AppError(
      'invalid_argument',
      `--at: expected a service on loopback, such as http://127.0.0.1:9464; got ${at}. Game days break things: they are for a laptop.`,
    );
  }
  const drills = words.includes('all')
    ? DRILL_NAMES
    : DRILL_NAMES.filter((name) => words.includes(name));
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt);
  try {
    const result = await watched(at, drills, stop.signal);
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : textOf(result));
    const isPassed = result.drills.every(({ outcome }) => outcome === 'passed');
    if (!isPassed) process.exitCode = 1;
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupt);
  }
}

/** Starts it and looks until it is over; whatever ends the looking ends the game day too. */
async function watched(
  at: string,
  drills: readonly DrillName[],
  signal: AbortSignal,
): Promise<GameDayJson> {
  let known = await call(at, 'POST', { drills });
  say(
    `${known.channels.join(', ')} will be told, as in earnest; Ctrl+C removes the fault and ends it`,
  );
  const sayer = new Sayer();
  let missedCount = 0;
  try {
    while (known.state === 'running' && !signal.aborted) {
      sayer.say(known);
      await systemClock.sleep(LOOK_EVERY_MS, signal);
      try {
        known = await call(at, 'GET');
        missedCount = 0;
      } catch (error) {
        missedCount += 1;
        if (missedCount > MISSED_MAX) throw error;
      }
    }
    sayer.say(known);
    return known;
  } finally {
    if (known.state === 'running') {
      say('removing the fault');
      known = await call(at, 'DELETE');
      say('the fault is removed; what fires ends by itself');
    }
  }
}

/** Says each change, and now and then the newest figure. */
class Sayer {
  #said = '';
  #saidAtMs = 0;

  say({ drills }: GameDayJson): void {
    const drill = drills.find(({ phase }) => phase !== 'planned' && phase !== 'over');
    if (!drill) return;
    const nowMs = systemClock.monotonicMs();
    const change = `${drill.drill} ${drill.phase}`;
    if (change === this.#said && nowMs - this.#saidAtMs < SAY_EVERY_MS) return;
    if (change !== this.#said) say(phaseWords(drill));
    if (drill.waiting_for !== null) say(`${drill.drill}: waiting for ${drill.waiting_for}`);
    this.#said = change;
    this.#saidAtMs = nowMs;
  }
}

function phaseWords({
  drill,
  phase,
  faults,
  policy,
  seconds_to_detect: detect,
}: DrillJson): string {
  const injected = Object.entries(faults).map(([name, value]) => `${name}=${value}`);
  if (phase === 'quiet') return `${drill}: first its alert has to be quiet`;
  if (phase === 'firing') return `${drill}: injected ${injected.join(' ')}`;
  return `${drill}: ${policy} fired after ${lengthOf(detect)}; the fault is removed`;
}

function textOf({ drills, failure }: GameDayJson): string {
  const rows = drills.map((each) => [
    each.drill,
    each.outcome ?? 'stopped',
    each.policy === null ? each.expected.join(' or ') : `${each.policy} ${each.rung ?? ''}`,
    lengthOf(each.seconds_to_detect),
    lengthOf(each.seconds_to_clear),
    each.is_told === null ? '-' : each.is_told ? 'yes' : 'no',
    each.also_fired.join(', ') || '-',
  ]);
  const head = ['DRILL', 'OUTCOME', 'ALERT', 'DETECTED', 'CLEARED', 'TOLD', 'ALSO FIRED'];
  return `${textTable([head, ...rows])}${failure === null ? '' : `\n${failure}\n`}`;
}

function lengthOf(seconds: number | null): string {
  return seconds === null ? '-' : formatDuration(Math.round(seconds) * 1_000);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function call(
  at: string,
  method: 'DELETE' | 'GET' | 'POST',
  body?: object,
): Promise<GameDayJson> {
  const notFound =
    'No game day there: it is for an embedded service (highwater start) with HIGHWATER_FAULTS=allow.';
  const answer = await askInternal(at, {
    path: '/gameday',
    method,
    notFound,
    ...(body ? { body } : {}),
  });
  return gameDaySchema.parse(answer);
}
