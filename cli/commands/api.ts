/** `highwater api`: the REST API alone. */
import type { Command } from 'commander';
import { ensureTopology } from '../../ingest/index.ts';
import { openApi, openPubsub } from '../parts.ts';
import { openWarehouse } from '../warehouse.ts';
import { createContext, runUntilStopped } from '../process.ts';
import { openSignals } from '../signals.ts';
import { openSlos } from '../slos.ts';
import { openTelemetry } from '../telemetry.ts';

export function addApiCommand(program: Command): void {
  program
    .command('api')
    .description('run the REST API alone (an embedded warehouse lets one process hold its file)')
    .action(async () => {
      const context = createContext('api');
      await runUntilStopped(context, async () => {
        const telemetry = await openTelemetry(context, 'api');
        const pubsub = openPubsub(context);
        const warehouse = await openWarehouse(context, telemetry);
        await ensureTopology(pubsub, context.streams);
        const slos = await openSlos(context, openSignals(context, telemetry));
        const url = await openApi(context, pubsub, warehouse, telemetry, { slos });
        context.logger.info('api_started', { url });
      });
    });
}
