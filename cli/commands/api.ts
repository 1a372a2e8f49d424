/** `highwater api`: the REST API alone. */
import type { Command } from 'commander';
import { ensureTopology } from '../../ingest/index.ts';
import { openApi, openIngest, openPubsub } from '../parts.ts';
import { openWarehouse } from '../warehouse.ts';
import { createContext, runUntilStopped } from '../process.ts';
import { openAlerts } from '../alerting.ts';
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
        // Pushed messages come in by the API, so its process is the one that stores them.
        const isPush = context.config.INGEST_INTAKE === 'push';
        const ingest = isPush ? await openIngest(context, pubsub, warehouse, telemetry) : undefined;
        if (!ingest) await ensureTopology(pubsub, context.streams);
        const reader = openSignals(context, telemetry);
        const slos = await openSlos(context, telemetry, reader);
        const alerts = openAlerts(context, telemetry, { reader, slos, hasCanary: false });
        const url = await openApi(context, pubsub, warehouse, telemetry, {
          slos,
          alerts,
          signals: reader,
          ...(ingest ? { ingest } : {}),
        });
        context.logger.info('api_started', { url });
      });
    });
}
