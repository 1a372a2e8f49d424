/** Builds the adapters behind the ports, as the configuration says: messages, ingest, API, producers. */
import { join } from 'node:path';
import { PubSub } from '@google-cloud/pubsub';
import type { AlertEvaluator, GameDays } from '../alerts/index.ts';
import type { PubsubServer, SubscriptionBacklog } from '../emulator/index.ts';
import { startPubsubThread } from '../emulator/index.ts';
import type { Ingest, IngestOptions } from '../ingest/index.ts';
import { observeIngest, replayQuarantine, startIngest } from '../ingest/index.ts';
import { AppError, makeDataFolder, systemClock } from '../runtime/index.ts';
import type { ServiceDeps } from '../service/index.ts';
import { createApp, guardedWarehouse, laneLimits, listen } from '../service/index.ts';
import { loadDashboards } from '../dashboards/index.ts';
import type { SloEvaluator } from '../slo/index.ts';
import type { Warehouse } from '../warehouse/index.ts';
import type { SignalReader } from '../telemetry/index.ts';
import { markFailed, startSpan, traceAttributes, withSpan } from '../telemetry/index.ts';
import { DASHBOARDS_FOLDER } from './compiled.ts';
import { faultyIntake, stoppableIngest } from './faulty-parts.ts';
import { openConfiguredIdentity, openRequestLimits } from './identity.ts';
import type { Context } from './process.ts';
import { sloStreams } from './slos.ts';
import { loadPlaybooks } from './playbooks.ts';
import type { ProcessTelemetry } from './telemetry.ts';

/** The project id that means: no cloud, the embedded Pub/Sub server. */
export const LOCAL_PROJECT = 'highwater-local';

/** Starts the embedded Pub/Sub server in a thread of its own, durable in the data folder; its backlog is measured. */
export async function openPubsubServer(
  { config, logger, shutdown }: Context,
  { metrics }: ProcessTelemetry,
  fail: (error: Error) => void,
): Promise<PubsubServer> {
  const dataDir = join(makeDataFolder(config.HIGHWATER_DATA_DIR), 'pubsub');
  const server = await startPubsubThread({
    host: config.HIGHWATER_HOST,
    port: config.PUBSUB_PORT,
    dataDir,
    storageBytesMax: config.PUBSUB_STORAGE_BYTES_MAX,
    logger: logger.child({ component: 'pubsub' }),
  });
  shutdown.add('pubsub server', () => server.close());
  const observe = (
    name: `pubsub_googleapis_com:subscription_${'oldest_unacked_message_age' | 'num_undelivered_messages'}`,
    value: (row: SubscriptionBacklog) => number,
  ) =>
    metrics.observe(name, async () =>
      (await server.backlog()).map((row) => ({
        labels: { subscription_id: row.subscription.split('/').at(-1) ?? '' },
        value: value(row),
      })),
    );
  observe(
    'pubsub_googleapis_com:subscription_num_undelivered_messages',
    (row) => row.undeliveredCount,
  );
  observe(
    'pubsub_googleapis_com:subscription_oldest_unacked_message_age',
    (row) => row.oldestUnackedMessageAgeSeconds,
  );
  void server.exited.then((error) => {
    if (error) fail(error);
  });
  return server;
}

/** The real client, at `address` where one is given, else as the configuration says. */
export function openPubsub({ config, shutdown }: Context, address?: string): PubSub {
  const isLocal = config.GOOGLE_CLOUD_PROJECT === LOCAL_PROJECT;
  const apiEndpoint =
    address ||
    config.PUBSUB_EMULATOR_HOST ||
    (isLocal ? `${config.HIGHWATER_HOST}:${config.PUBSUB_PORT}` : undefined);
  const projectId = config.GOOGLE_CLOUD_PROJECT;
  // Away from Google Cloud the client's look for a metadata server only costs time and a warning.
  if (apiEndpoint) process.env['METADATA_SERVER_DETECTION'] ??= 'none';
  const pubsub = new PubSub(
    apiEndpoint ? { projectId, apiEndpoint, emulatorMode: true } : { projectId },
  );
  shutdown.add('pubsub client', () => pubsub.close());
  return pubsub;
}

export async function openIngest(
  context: Context,
  pubsub: PubSub,
  warehouse: Warehouse,
  { metrics, faults }: ProcessTelemetry,
  server?: PubsubServer,
): Promise<Ingest> {
  const { config, streams, shutdown } = context;
  const logger = context.logger.child({ component: 'ingest' });
  const onIntake = faults && faultyIntake(faults);
  const options: IngestOptions = {
    pubsub,
    warehouse,
    streams,
    metrics,
    intake: config.INGEST_INTAKE,
    ...(onIntake && { onIntake }),
    limits: {
      batchRowsMax: config.INGEST_BATCH_ROWS_MAX,
      batchBytesMax: config.INGEST_BATCH_BYTES_MAX,
      batchWaitMs: config.INGEST_BATCH_WAIT,
      commitsInFlightMax: config.INGEST_COMMITS_IN_FLIGHT_MAX,
      messagesInFlightMax: config.INGEST_MESSAGES_IN_FLIGHT_MAX,
      messageBytesMax: config.INGEST_MESSAGE_BYTES_MAX,
    },
    clock: systemClock,
    logger,
  };
  const open = () => startIngest(options);
  const ingest = await (faults ? stoppableIngest(open, faults, logger) : open());
  shutdown.add('ingest', () => ingest.close());
  observeIngest({
    metrics,
    streams,
    stats: () => ingest.stats(),
    ...(server ? { backlog: () => server.backlog() } : {}),
    clock: systemClock,
  });
  return ingest;
}

/** Starts the API; resolves with its base URL. */
export async function openApi(
  context: Context,
  pubsub: PubSub,
  warehouse: Warehouse,
  { metrics, faults, trace }: ProcessTelemetry,
  parts: {
    signals?: SignalReader;
    server?: PubsubServer;
    ingest?: Ingest;
    slos?: SloEvaluator;
    alerts?: AlertEvaluator;
    gameDays?: GameDays;
  } = {},
): Promise<string> {
  const { config, logger, streams, shutdown, version } = context;
  const { server, ingest, slos, alerts, gameDays, signals } = parts;
  const checks = [
    { name: 'warehouse', check: () => warehouse.check() },
    { name: 'messages', check: () => checkTopics(pubsub, context) },
    ...(ingest ? [{ name: 'ingest', check: () => checkIngest(ingest) }] : []),
  ];
  const playbooks = loadPlaybooks([...(slos?.slos ?? []), ...(alerts?.definitions.policies ?? [])]);
  const identity = await openConfiguredIdentity(context);
  const guarded = guardedWarehouse(warehouse, {
    queryTimeoutMs: config.API_QUERY_TIMEOUT,
    clock: systemClock,
    logger: logger.child({ component: 'api' }),
  });
  metrics.observe('warehouse_breaker_is_open', () => [
    { labels: {}, value: BREAKER_VALUE[guarded.breakerState()] },
  ]);
  const app = createApp({
    streams,
    warehouse: guarded.warehouse,
    publish: (stream, messages) => publishAll(pubsub, stream.topic, messages),
    replayQuarantine: (stream, request) =>
      replayQuarantine({ ...request, warehouse, pubsub, stream, nowMs: systemClock.nowMs() }),
    ...(signals ? { signals } : {}),
    dashboards: loadDashboards(DASHBOARDS_FOLDER, {
      streams: sloStreams(streams),
      slos: slos?.slos ?? [],
    }),
    checks,
    metrics,
    ...(faults ? { faults } : {}),
    ...(slos ? { slos } : {}),
    playbook: (path) => playbooks.get(path),
    ...(alerts ? { alerts } : {}),
    ...(gameDays ? { gameDays } : {}),
    ...(config.TRACES_KEPT > 0 ? { traces: trace } : {}),
    ...(server ? { backlog: () => server.backlog() } : {}),
    ...(ingest ? { ingestStats: () => ingest.stats() } : {}),
    ...(ingest && config.INGEST_INTAKE === 'push'
      ? { push: (stream, message) => ingest.push(stream.name, message) }
      : {}),
    identity,
    lanes: laneLimits(config.API_QUERIES_MAX),
    ...openRequestLimits(context),
    clock: systemClock,
    logger: logger.child({ component: 'api' }),
    limits: { bodyBytesMax: config.API_BODY_BYTES_MAX },
    version,
    projectId: config.GOOGLE_CLOUD_PROJECT,
  });
  const listening = await listen(app, { host: config.HIGHWATER_HOST, port: config.PORT });
  shutdown.add('api', () => listening.close());
  return `http://${config.HIGHWATER_HOST}:${listening.port}`;
}

const BREAKER_VALUE = { closed: 0, half_open: 0.5, open: 1 } as const;

type PublishedMessages = Parameters<ServiceDeps['publish']>[1];

async function publishAll(
  pubsub: PubSub,
  topicName: string,
  messages: PublishedMessages,
): Promise<readonly (string | Error)[]> {
  const topic = pubsub.topic(topicName);
  const span = startSpan(`${topicName} publish`, {
    role: 'producer',
    attributes: {
      'messaging.system': 'gcp_pubsub',
      'messaging.destination.name': topicName,
      'messaging.batch.message_count': messages.length,
    },
  });
  const trace = withSpan(span, traceAttributes);
  const results = await Promise.all(
    messages.map((message) =>
      topic
        .publishMessage({ ...message, attributes: { ...message.attributes, ...trace } })
        .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))),
    ),
  );
  if (results.some((each) => each instanceof Error)) markFailed(span, 'messages_unavailable');
  span.end();
  return results;
}

async function checkTopics(pubsub: PubSub, { streams }: Context): Promise<void> {
  for (const { topic } of streams) {
    const [exists] = await pubsub.topic(topic).exists();
    if (!exists) throw new AppError('messages_unavailable', `Topic ${topic} does not exist.`);
  }
}

function checkIngest(ingest: Ingest): Promise<void> {
  return ingest.isHealthy()
    ? Promise.resolve()
    : Promise.reject(new AppError('messages_unavailable', 'The ingester is not receiving.'));
}
