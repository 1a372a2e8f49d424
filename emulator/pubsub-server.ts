/** The embedded Pub/Sub server: the gRPC services over one broker, on one port. */
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { Clock, Logger } from '../runtime/index.ts';
import { AppError, messageOf } from '../runtime/index.ts';
import { Broker } from './broker.ts';
import { dropOverlongDeadlines } from './call-deadlines.ts';
import { unary } from './calls.ts';
import { MemoryMessageStore } from './message-store-memory.ts';
import { SqliteMessageStore } from './message-store-sqlite.ts';
import { loadServices } from './protos.ts';
import { PubsubStatusError, unimplemented } from './pubsub-status.ts';
import { publisherService } from './publisher-service.ts';
import { subscriberService } from './subscriber-service.ts';

/** What one subscription still owes its readers. */
export interface SubscriptionBacklog {
  /** Full name. */
  readonly subscription: string;
  /** Unacked messages, leased ones included. */
  readonly undeliveredCount: number;
  /** 0 where nothing is unacked. */
  readonly oldestUnackedMessageAgeSeconds: number;
}

export interface PubsubServer {
  /** `host:port`, as PUBSUB_EMULATOR_HOST takes it. */
  readonly address: string;
  readonly port: number;
  /** One entry a subscription, in the order of their names. */
  backlog(): Promise<readonly SubscriptionBacklog[]>;
  /** Ends all calls, stores what waits and releases port and data folder. */
  close(): Promise<void>;
}

export interface PubsubServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Messages survive here; absent: they live in memory. */
  readonly dataDir?: string;
  /** Publishes beyond it are answered RESOURCE_EXHAUSTED. */
  readonly storageBytesMax: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Above the largest publish, so that the refusal of a larger one is our own sentence. */
const REQUEST_BYTES_MAX = 20 * 2 ** 20;
/** Calls that do not end by themselves are cut off after this. */
const CLOSE_DEADLINE_MS = 1000;

/**
 * Starts the server in this thread.
 * @throws AppError `address_in_use`; `locked` where another process holds the data folder; `invalid_config`
 */
export async function startPubsubServer(options: PubsubServerOptions): Promise<PubsubServer> {
  const { host, clock, logger } = options;
  const store = options.dataDir
    ? new SqliteMessageStore(options.dataDir)
    : new MemoryMessageStore(Math.round(clock.nowMs()));
  const server = new Server({
    'grpc.max_receive_message_length': REQUEST_BYTES_MAX,
    'grpc.max_send_message_length': -1,
  });
  let broker: Broker | undefined;
  const keepDeadlines = dropOverlongDeadlines();
  try {
    broker = new Broker({ store, storageBytesMax: options.storageBytesMax, clock, logger });
    addServices(server, broker, logger);
    const port = await listen(server, host, options.port);
    logger.info('pubsub_started', { host, port, dataDir: options.dataDir ?? 'none' });
    return running({ server, broker, keepDeadlines, clock }, host, port);
  } catch (error) {
    keepDeadlines();
    if (broker) broker.close(shutdownError());
    else store.close();
    throw error;
  }
}

interface Parts {
  readonly server: Server;
  readonly broker: Broker;
  readonly keepDeadlines: () => void;
  readonly clock: Clock;
}

function running(parts: Parts, host: string, port: number): PubsubServer {
  let closing: Promise<void> | undefined;
  return {
    address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    backlog: () => Promise.resolve(backlogOf(parts.broker)),
    close: () => (closing ??= close(parts)),
  };
}

async function close({ server, broker, keepDeadlines, clock }: Parts): Promise<void> {
  broker.close(shutdownError());
  await new Promise<void>((resolve) => {
    const timer = clock.setTimer(CLOSE_DEADLINE_MS, () => server.forceShutdown(), true);
    server.tryShutdown(() => {
      timer.cancel();
      resolve();
    });
  });
  keepDeadlines();
}

function backlogOf(broker: Broker): SubscriptionBacklog[] {
  const nowMs = broker.clock.nowMs();
  return [...broker.subscriptions.values()]
    .map(({ definition, queue }) => ({
      subscription: definition.name,
      undeliveredCount: queue.unackedCount,
      oldestUnackedMessageAgeSeconds:
        queue.oldestUnackedAtMs === undefined
          ? 0
          : Math.max(0, (nowMs - queue.oldestUnackedAtMs) / 1000),
    }))
    .toSorted((a, b) => (a.subscription < b.subscription ? -1 : 1));
}

function addServices(server: Server, broker: Broker, logger: Logger): void {
  const services = loadServices();
  server.addService(services.publisher, publisherService(broker, logger));
  server.addService(services.subscriber, subscriberService(broker, logger));
  server.addService(services.schemaService, refusing(services.schemaService, 'schemas', logger));
  server.addService(services.iamPolicy, refusing(services.iamPolicy, 'IAM policies', logger));
}

function refusing(definition: ServiceDefinition, what: string, logger: Logger) {
  const methods: UntypedServiceImplementation = {};
  for (const name of Object.keys(definition)) {
    methods[name] = unary(logger, () => {
      throw unimplemented(what);
    });
  }
  return methods;
}

function listen(server: Server, host: string, port: number): Promise<number> {
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, boundPort) => {
      if (!error) return resolve(boundPort);
      const isTaken = messageOf(error).includes('EADDRINUSE');
      const sentence = isTaken
        ? `Port ${port} of ${host} is in use: stop what listens there, or set PUBSUB_PORT to another port.`
        : `The Pub/Sub server cannot listen on ${target}: check HIGHWATER_HOST and PUBSUB_PORT (${messageOf(error)}).`;
      reject(
        new AppError(isTaken ? 'address_in_use' : 'invalid_config', sentence, { cause: error }),
      );
    });
  });
}

function shutdownError(): PubsubStatusError {
  return new PubsubStatusError(status.UNAVAILABLE, 'The embedded Pub/Sub server is shutting down.');
}
