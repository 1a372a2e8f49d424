/** `highwater pubsub`: the embedded Pub/Sub server alone, with its backlog on the metrics port. */
import { createServer } from 'node:http';
import type { Command } from 'commander';
import type { PubsubServer, SubscriptionBacklog } from '../../emulator/index.ts';
import { listenOn } from '../../runtime/index.ts';
import { openPubsubServer } from '../parts.ts';
import type { Context } from '../process.ts';
import { createContext, runUntilStopped } from '../process.ts';

export function addPubsubCommand(program: Command): void {
  program
    .command('pubsub')
    .description('run the embedded Pub/Sub server alone; set PUBSUB_EMULATOR_HOST in its clients')
    .action(async () => {
      const context = createContext('pubsub');
      await runUntilStopped(context, async (fail) => {
        const server = await openPubsubServer(context, fail);
        await serveBacklog(context, server);
        const { address } = server;
        context.logger.info('pubsub_started', { address, set: `PUBSUB_EMULATOR_HOST=${address}` });
      });
    });
}

/** Prometheus text of the backlog under the names that Cloud Monitoring's PromQL gives Pub/Sub's own. */
export function backlogText(backlog: readonly SubscriptionBacklog[]): string {
  const gauge = (metric: string, help: string, value: (row: SubscriptionBacklog) => number) => {
    const name = `pubsub_googleapis_com:subscription_${metric}`;
    const lines = backlog.map(
      (row) => `${name}{subscription_id="${row.subscription.split('/').at(-1)}"} ${value(row)}`,
    );
    return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...lines, ''].join('\n');
  };
  return (
    gauge('num_undelivered_messages', 'Messages not acked yet.', (row) => row.undeliveredCount) +
    gauge(
      'oldest_unacked_message_age',
      'Age in seconds of the oldest message not acked yet.',
      (row) => row.oldestUnackedMessageAgeSeconds,
    )
  );
}

async function serveBacklog({ config, shutdown }: Context, server: PubsubServer): Promise<void> {
  const http = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    server.backlog().then(
      (backlog) => {
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
        response.end(backlogText(backlog));
      },
      () => response.writeHead(503).end(),
    );
  });
  const at = { host: config.HIGHWATER_HOST, port: config.METRICS_PORT };
  await listenOn(http, at, 'METRICS_PORT');
  shutdown.add('metrics', () => void http.close());
}
