/** `highwater start`: all in one process, embedded: Pub/Sub server, ingester, warehouse, API and the demo producers. */
import type { Command } from 'commander';
import { openApi, openIngest, openPubsub, openPubsubServer } from '../parts.ts';
import { openWarehouse } from '../warehouse.ts';
import type { Stream } from '../../streams/index.ts';
import { createContext, runUntilStopped } from '../process.ts';
import { systemClock } from '../../runtime/index.ts';
import { demoSilence, startDemo } from '../demo.ts';
import { openAlerts } from '../alerting.ts';
import { openGameDays } from '../game-day.ts';
import { openSignals } from '../signals.ts';
import { openSlos } from '../slos.ts';
import { openCanary, openTelemetry } from '../telemetry.ts';

export function addStartCommand(program: Command): void {
  program
    .command('start')
    .description('run all of it in one process, with a gentle demo load')
    .option('--no-demo', 'without the simulator and the flights replay')
    .action(async (options: { demo: boolean }) => {
      const context = createContext('highwater');
      const { config, streams } = context;
      await runUntilStopped(context, async (fail) => {
        const telemetry = await openTelemetry(context, 'highwater');
        const server = config.PUBSUB_EMULATOR_HOST
          ? undefined
          : await openPubsubServer(context, telemetry, fail);
        const pubsub = openPubsub(context, server?.address);
        const warehouse = await openWarehouse(context, telemetry);
        const ingest = await openIngest(context, pubsub, warehouse, telemetry, server);
        const reader = openSignals(context, telemetry);
        const slos = await openSlos(context, telemetry, reader);
        const hasCanary = config.CANARY_INTERVAL > 0;
        const silences = options.demo ? [demoSilence(systemClock.nowMs())] : [];
        const alerts = openAlerts(context, telemetry, { reader, slos, hasCanary, silences });
        const days = openGameDays(context, telemetry, alerts);
        const url = await openApi(context, pubsub, warehouse, telemetry, {
          signals: reader,
          ...(server ? { server } : {}),
          ingest,
          slos,
          alerts,
          ...(days ? { gameDays: days.gameDays } : {}),
        });
        days?.open(url);
        openCanary(context, telemetry, url);
        if (options.demo) await startDemo(context, pubsub);
        const address = server?.address ?? config.PUBSUB_EMULATOR_HOST;
        const metricsUrl = telemetry.server.url;
        process.stdout.write(
          whereToLook({ url, metricsUrl, address, stream: shownStream(streams) }),
        );
      });
    });
}

/** The demo's stream where it is defined. */
function shownStream(streams: readonly Stream[]): string {
  const shown = streams.find(({ name }) => name === 'transactions') ?? streams[0];
  return shown?.name ?? 'transactions';
}

function whereToLook({
  url,
  metricsUrl,
  address,
  stream,
}: Readonly<Record<'url' | 'metricsUrl' | 'address' | 'stream', string>>): string {
  return `
Highwater is running. Stop it with Ctrl+C; the data stay.

  console          ${url}/console
  API and docs     ${url}/   ${url}/docs
  newest rows      ${url}/v1/streams/${stream}/events?limit=5
  windows          ${url}/v1/streams/${stream}/windows
  quarantine       ${url}/v1/streams/${stream}/quarantine
  SLOs             ${url}/v1/slos   (npx highwater slo status)
  alerts           ${url}/v1/alerts   (npx highwater alerts status)
  metrics          ${metricsUrl}/metrics
  Pub/Sub server   PUBSUB_EMULATOR_HOST=${address}

`;
}
