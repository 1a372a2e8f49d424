/** `highwater pubsub`: the embedded Pub/Sub server alone, with its backlog on the metrics port. */
import type { Command } from 'commander';
import { openPubsubServer } from '../parts.ts';
import { createContext, runUntilStopped } from '../process.ts';
import { openTelemetry } from '../telemetry.ts';

export function addPubsubCommand(program: Command): void {
  program
    .command('pubsub')
    .description('run the embedded Pub/Sub server alone; set PUBSUB_EMULATOR_HOST in its clients')
    .action(async () => {
      const context = createContext('pubsub');
      await runUntilStopped(context, async (fail) => {
        const telemetry = await openTelemetry(context, 'pubsub');
        const { address } = await openPubsubServer(context, telemetry, fail);
        context.logger.info('pubsub_started', { address, set: `PUBSUB_EMULATOR_HOST=${address}` });
      });
    });
}
