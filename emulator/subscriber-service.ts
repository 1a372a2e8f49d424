/** google.pubsub.v1.Subscriber. */
import type { ServerDuplexStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from '../runtime/index.ts';
import { acknowledgeAll, applyAsCall, modifyAll } from './acknowledging.ts';
import type { Broker } from './broker.ts';
import type { Subscription } from './broker-state.ts';
import type { PageRequest } from './calls.ts';
import { paginate, unary } from './calls.ts';
import type { ProtoDuration, SnapshotDefinition, SubscriptionDefinition } from './definitions.ts';
import {
  defineSubscription,
  durationMs,
  toTimestamp,
  updateSnapshot,
  updateSubscription,
} from './definitions.ts';
import {
  alreadyExists,
  failedPrecondition,
  invalidArgument,
  notFound,
  unimplemented,
} from './pubsub-status.ts';
import type { PullRequest } from './pull.ts';
import { pull } from './pull.ts';
import { checkProjectName, checkResourceName, randomResourceName } from './resource-names.ts';
import type { StreamingPullRequest } from './streaming-pull.ts';
import { serveStreamingPull } from './streaming-pull.ts';
import type { AcknowledgeRequest, ModifyAckDeadlineRequest } from './wire-requests.ts';

/** A snapshot lives so long after its oldest unacked message was published. Source: Snapshot.expire_time */
const SNAPSHOT_LIFE_MS = 7 * 86_400_000;
const SNAPSHOT_LIFE_MIN_MS = 3_600_000;

interface Update<T> {
  readonly updateMask?: { readonly paths?: readonly string[] };
  readonly subscription?: Partial<T>;
  readonly snapshot?: Partial<T>;
}
interface SubscriptionRequest {
  readonly subscription?: string;
}
interface SnapshotRequest {
  readonly snapshot?: string;
}
interface SeekRequest extends SubscriptionRequest, SnapshotRequest {
  readonly time?: ProtoDuration;
}

export function subscriberService(broker: Broker, logger: Logger): UntypedServiceImplementation {
  const named = (name: string | undefined) =>
    broker.subscription(checkResourceName('subscriptions', name));
  const attached = (name: string | undefined) => {
    const subscription = named(name);
    if (subscription.definition.detached) throw failedPrecondition('Subscription is detached.');
    return subscription;
  };
  return {
    CreateSubscription: unary(logger, (request: Partial<SubscriptionDefinition>) =>
      createSubscription(broker, request),
    ),
    GetSubscription: unary(logger, (request: SubscriptionRequest) =>
      shown(named(request.subscription)),
    ),
    UpdateSubscription: unary(logger, (request: Update<SubscriptionDefinition>) => {
      const given = request.subscription ?? {};
      const subscription = named(given.name);
      const paths = request.updateMask?.paths ?? [];
      const definition = updateSubscription(subscription.definition, { given, paths });
      if (paths.some((path) => path.startsWith('dead_letter'))) checkDeadLetter(broker, definition);
      broker.changeSubscription(subscription, definition);
      return shown(subscription);
    }),
    ListSubscriptions: unary(logger, (request: PageRequest & { project?: string }) => {
      const prefix = `${checkProjectName(request.project)}/`;
      const all = [...broker.subscriptions.values()].filter(({ definition }) =>
        definition.name.startsWith(prefix),
      );
      const { page, nextPageToken } = paginate(all, ({ definition }) => definition.name, request);
      return { subscriptions: page.map(shown), nextPageToken };
    }),
    DeleteSubscription: unary(logger, (request: SubscriptionRequest) => {
      broker.deleteSubscription(named(request.subscription));
      return {};
    }),
    ModifyPushConfig: unary(
      logger,
      (request: SubscriptionRequest & { pushConfig?: { pushEndpoint?: string } }) => {
        named(request.subscription);
        if (request.pushConfig?.pushEndpoint) throw unimplemented('push subscriptions; use pull');
        return {};
      },
    ),
    Pull: unary(logger, (request: PullRequest, call) =>
      pull(call, request, broker, attached(request.subscription)),
    ),
    StreamingPull: (call: ServerDuplexStream<StreamingPullRequest, Buffer>) =>
      serveStreamingPull(call, broker, logger),
    Acknowledge: unary(logger, (request: AcknowledgeRequest) => {
      const subscription = attached(request.subscription);
      if (request.ackIds.length === 0) throw invalidArgument('No ack ids specified.');
      applyAsCall(subscription, request.ackIds, (ackIds) => acknowledgeAll(subscription, ackIds));
      return {};
    }),
    ModifyAckDeadline: unary(logger, (request: ModifyAckDeadlineRequest) => {
      const subscription = attached(request.subscription);
      const { ackIds, ackDeadlineSeconds } = request;
      if (ackIds.length === 0) throw invalidArgument('No ack ids specified.');
      applyAsCall(subscription, ackIds, (ids) =>
        modifyAll(broker, subscription, ids, () => ackDeadlineSeconds),
      );
      return {};
    }),
    ...snapshotMethods(broker, logger, attached),
  };
}

function snapshotMethods(
  broker: Broker,
  logger: Logger,
  attached: (name: string | undefined) => Subscription,
): UntypedServiceImplementation {
  const named = (name: string | undefined) => broker.snapshot(checkResourceName('snapshots', name));
  return {
    GetSnapshot: unary(logger, (request: SnapshotRequest) => named(request.snapshot).definition),
    ListSnapshots: unary(logger, (request: PageRequest & { project?: string }) => {
      const prefix = `${checkProjectName(request.project)}/`;
      const all = [...broker.snapshots.values()]
        .map((snapshot) => snapshot.definition)
        .filter(({ name }) => name.startsWith(prefix));
      const { page, nextPageToken } = paginate(all, ({ name }) => name, request);
      return { snapshots: page, nextPageToken };
    }),
    CreateSnapshot: unary(
      logger,
      (request: SubscriptionRequest & Partial<Pick<SnapshotDefinition, 'name' | 'labels'>>) => {
        const given = request.name && checkResourceName('snapshots', request.name);
        const subscription = attached(request.subscription);
        const name = given || randomResourceName('snapshots', subscription.definition.name);
        if (broker.snapshots.has(name)) throw alreadyExists(name);
        const definition = {
          name,
          topic: subscription.definition.topic,
          ...(request.labels ? { labels: request.labels } : {}),
          expireTime: toTimestamp(snapshotEndMs(broker, subscription)),
        };
        return broker.addSnapshot(subscription, definition).definition;
      },
    ),
    UpdateSnapshot: unary(logger, (request: Update<SnapshotDefinition>) => {
      const given = request.snapshot ?? {};
      const snapshot = named(given.name);
      const paths = request.updateMask?.paths ?? [];
      broker.changeSnapshot(snapshot, updateSnapshot(snapshot.definition, { given, paths }));
      return snapshot.definition;
    }),
    DeleteSnapshot: unary(logger, (request: SnapshotRequest) => {
      broker.deleteSnapshot(named(request.snapshot));
      return {};
    }),
    Seek: unary(logger, (request: SeekRequest) => {
      const subscription = attached(request.subscription);
      if (request.snapshot) {
        const snapshot = named(request.snapshot);
        checkSameTopic(subscription, snapshot);
        broker.seekToSnapshot(subscription, snapshot);
      } else if (request.time) broker.seekToTime(subscription, durationMs(request.time));
      else {
        throw invalidArgument(
          'No target was specified in the SeekRequest. Must specify either a time or a snapshot',
        );
      }
      return {};
    }),
  };
}

function createSubscription(broker: Broker, request: Partial<SubscriptionDefinition>) {
  const { detached: _, ...given } = request;
  const name =
    given.name || randomResourceName('subscriptions', checkResourceName('topics', given.topic));
  const definition = defineSubscription({ ...given, name });
  if (broker.subscriptions.has(definition.name)) throw alreadyExists(definition.name);
  const topic = broker.topics.get(definition.topic);
  if (topic === undefined) throw notFound(definition.topic);
  checkDeadLetter(broker, definition);
  return shown(broker.addSubscription(topic, definition));
}

function checkDeadLetter(broker: Broker, { deadLetterPolicy }: SubscriptionDefinition): void {
  const name = deadLetterPolicy?.deadLetterTopic;
  if (name !== undefined && !broker.topics.has(name)) throw notFound(name);
}

/** The definition with what its topic adds. */
function shown({ definition, topic }: Subscription) {
  const retention = topic?.definition.messageRetentionDuration;
  return {
    ...definition,
    ...(retention ? { topicMessageRetentionDuration: retention } : {}),
    state: 'ACTIVE',
  };
}

function snapshotEndMs(broker: Broker, { queue }: Subscription): number {
  const nowMs = broker.clock.nowMs();
  const endMs = (queue.oldestUnackedAtMs ?? nowMs) + SNAPSHOT_LIFE_MS;
  if (endMs - nowMs >= SNAPSHOT_LIFE_MIN_MS) return endMs;
  throw failedPrecondition(
    "The operation could not be completed because the requested source subscription's backlog is too old.",
  );
}

function checkSameTopic(
  subscription: Subscription,
  snapshot: { topic: Subscription['topic']; definition: SnapshotDefinition },
): void {
  if (subscription.topic !== undefined && subscription.topic === snapshot.topic) return;
  throw failedPrecondition(
    `The subscription's topic ${subscription.definition.topic} is different from that of the snapshot ${snapshot.definition.topic}; they must match for Seek to work. A topic that was deleted and created again counts as another.`,
  );
}
