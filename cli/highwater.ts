#!/usr/bin/env node
/** The `highwater` command: every part of the service and its tools, by name. */
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { hideUrlCredentials, isAppError, messageOf } from '../runtime/index.ts';
import { addAlertsCommand } from './commands/alerts.ts';
import { addApiCommand } from './commands/api.ts';
import { addApiKeyCommand } from './commands/api-key.ts';
import { addCompileCommand } from './commands/compile.ts';
import { addConfigCommand } from './commands/config.ts';
import { addFaultsCommand } from './commands/faults.ts';
import { addFlightsCommand } from './commands/flights.ts';
import { addIngestCommand } from './commands/ingest.ts';
import { addPubsubCommand } from './commands/pubsub.ts';
import { addQuarantineCommand } from './commands/quarantine.ts';
import { addSimulateCommand } from './commands/simulate.ts';
import { addSloCommand } from './commands/slo.ts';
import { addStartCommand } from './commands/start.ts';

/** Exit codes: done; it ran and the answer is no; wrong use or configuration. */
const EXIT = { done: 0, no: 1, wrongUse: 2 } as const;

const program = new Command('highwater')
  .description('Events in by Pub/Sub, stored once, served by REST, measured against their SLOs.')
  .version(packageJson.version)
  .exitOverride()
  .configureHelp({ sortSubcommands: false })
  .showHelpAfterError('Try: highwater --help');

for (const add of [
  addStartCommand,
  addApiCommand,
  addIngestCommand,
  addPubsubCommand,
  addSimulateCommand,
  addFlightsCommand,
  addQuarantineCommand,
  addSloCommand,
  addAlertsCommand,
  addFaultsCommand,
  addApiKeyCommand,
  addCompileCommand,
  addConfigCommand,
]) {
  add(program);
}

process.exitCode = await run();

async function run(): Promise<number> {
  try {
    await program.parseAsync();
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
    return isWrongUse ? EXIT.wrongUse : EXIT.no;
  }
}
