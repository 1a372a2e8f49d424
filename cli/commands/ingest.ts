/** `highwater ingest`: Pub/Sub to warehouse, alone. */
import type { Command } from 'commander';
import { openIngest, openPubsub } from '../parts.ts';
import { openWarehouse } from '../warehouse.ts';
import { createContext, runUntilStopped } from '../process.ts';
import { openTelemetry } from '../telemetry.ts';

export function addIngestCommand(program: Command): void {
  program
    .command('ingest')
    .description('run the ingester alone: from every stream’s subscription into the warehouse')
    .action(async () => {
      const context = createContext('ingest');
      await runUntilStopped(context, async () => {
        const telemetry = await openTelemetry(context, 'ingest');
        const pubsub = openPubsub(context);
        const warehouse = await openWarehouse(context, telemetry);
        await openIngest(context, pubsub, warehouse, telemetry);
        context.logger.info('ingest_started', { streams: context.streams.map(({ name }) => name) });
      });
    });
}
