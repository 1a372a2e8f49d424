/** `highwater start`: all in one process, embedded: Pub/Sub server, ingester, warehouse, API and the demo producers. */
import type { Command } from 'commander';
import { openApi, openIngest, openPubsub, openPubsubServer, openWarehouse } from '../parts.ts';
import type { Stream } from '../../streams/index.ts';
import { createContext, runUntilStopped } from '../process.ts';
import { startDemo } from '../demo.ts';

export function addStartCommand(program: Command): void {
  program
    .command('start')
    .description('run all of it in one process, with a gentle demo load')
    .option('--no-demo', 'without the simulator and the flights replay')
    .action(async (options: { demo: boolean }) => {
      const context = createContext('highwater');
      const { config, streams } = context;
      await runUntilStopped(context, async (fail) => {
        const server = config.PUBSUB_EMULATOR_HOST
          ? undefined
          : await openPubsubServer(context, fail);
        const pubsub = openPubsub(context, server?.address);
        const warehouse = await openWarehouse(context);
        const ingest = await openIngest(context, pubsub, warehouse);
        const url = await openApi(context, pubsub, warehouse, {
          ...(server ? { server } : {}),
          ingest,
        });
        if (options.demo) await startDemo(context, pubsub);
        const address = server?.address ?? config.PUBSUB_EMULATOR_HOST;
        process.stdout.write(whereToLook(url, address, shownStream(streams)));
      });
    });
}

/** The demo's stream where it is defined. */
function shownStream(streams: readonly Stream[]): string {
  const shown = streams.find(({ name }) => name === 'transactions') ?? streams[0];
  return shown?.name ?? 'transactions';
}

function whereToLook(url: string, pubsubAddress: string, stream: string): string {
  return `
Highwater is running. Stop it with Ctrl+C; the data stay.

  API and docs     ${url}/   ${url}/docs
  newest rows      ${url}/v1/streams/${stream}/events?limit=5
  windows          ${url}/v1/streams/${stream}/windows
  quarantine       ${url}/v1/streams/${stream}/quarantine
  Pub/Sub server   PUBSUB_EMULATOR_HOST=${pubsubAddress}

`;
}
