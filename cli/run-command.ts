/** Runs one call of `highwater`: loads the command that is named, and turns what it throws into words and an exit code. */
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { hideUrlCredentials, isAppError, messageOf } from '../runtime/index.ts';

/** Exit codes: done; it ran and the answer is no; wrong use or configuration. */
const EXIT = { done: 0, no: 1, wrongUse: 2 } as const;

/** Whose 1 is an answer that somebody acts on: whatever kept them from it is wrong use, and never that answer. */
const ANSWERS: readonly string[] = ['drift'];

type Add = (program: Command) => void;

/** Every command, in the order of `--help`. A named one is loaded alone: few need the warehouse or a client of Google's. */
const COMMANDS: Readonly<Record<string, () => Promise<Add>>> = {
  start: async () => (await import('./commands/start.ts')).addStartCommand,
  api: async () => (await import('./commands/api.ts')).addApiCommand,
  ingest: async () => (await import('./commands/ingest.ts')).addIngestCommand,
  pubsub: async () => (await import('./commands/pubsub.ts')).addPubsubCommand,
  simulate: async () => (await import('./commands/simulate.ts')).addSimulateCommand,
  flights: async () => (await import('./commands/flights.ts')).addFlightsCommand,
  quarantine: async () => (await import('./commands/quarantine.ts')).addQuarantineCommand,
  slo: async () => (await import('./commands/slo.ts')).addSloCommand,
  alerts: async () => (await import('./commands/alerts.ts')).addAlertsCommand,
  faults: async () => (await import('./commands/faults.ts')).addFaultsCommand,
  gameday: async () => (await import('./commands/gameday.ts')).addGamedayCommand,
  'api-key': async () => (await import('./commands/api-key.ts')).addApiKeyCommand,
  compile: async () => (await import('./commands/compile.ts')).addCompileCommand,
  drift: async () => (await import('./commands/drift.ts')).addDriftCommand,
  config: async () => (await import('./commands/config.ts')).addConfigCommand,
};

/** Runs the call that `argv` holds (as `process.argv`) and resolves with its exit code. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  const program = new Command('highwater')
    .description('Events in by Pub/Sub, stored once, served by REST, measured against their SLOs.')
    .version(packageJson.version)
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .showHelpAfterError('Try: highwater --help');
  try {
    const name = argv[2] ?? '';
    const named = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    for (const load of named ? [named] : Object.values(COMMANDS)) (await load())(program);
    await program.parseAsync([...argv]);
    return typeof process.exitCode === 'number' ? process.exitCode : EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
    process.stderr.write(`highwater: ${hideUrlCredentials(messageOf(error))}\n`);
    if (!isAppError(error)) {
      const stack = error instanceof Error ? (error.stack ?? '') : '';
      process.stderr.write(`${hideUrlCredentials(stack)}\n`);
    }
    const isWrongUse = isAppError(
      error,
      'invalid_argument',
      'invalid_config',
      'invalid_definition',
      'address_in_use',
      'locked',
      'schema_conflict',
    );
    return isWrongUse || ANSWERS.includes(argv[2] ?? '') ? EXIT.wrongUse : EXIT.no;
  }
}
