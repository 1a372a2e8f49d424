/** The state of the server: topics, subscriptions and snapshots, and every change of them. */
import type { Clock, Logger, Timer } from '../runtime/index.ts';
import type { Snapshot, Subscription, Topic } from './broker-state.ts';
import {
  holdingRow,
  newSnapshot,
  newTopic,
  snapshotRow,
  subscriptionRow,
  topicRow,
} from './broker-state.ts';
import { forwardDeadLetter } from './dead-letter.ts';
import type { SnapshotDefinition, SubscriptionDefinition, TopicDefinition } from './definitions.ts';
import { DELETED_TOPIC } from './definitions.ts';
import { Dispatcher } from './dispatcher.ts';
import { parseFilter } from './filter.ts';
import { hold } from './holders.ts';
import { Holding } from './holding.ts';
import type { MessageStore } from './message-store.ts';
import { PublishQueue } from './publish-queue.ts';
import { notFound } from './pubsub-status.ts';
import { queueSettings } from './queue-settings.ts';
import { restore } from './restoring.ts';
import { dropExpired } from './retention.ts';
import { seekToSnapshot, seekToTime } from './seek.ts';
import type { Segment } from './segment.ts';
import { Storage } from './storage.ts';
import { SubscriptionQueue } from './subscription-queue.ts';
import type { MessageRange } from './wire-requests.ts';

/** How often retention is looked after. */
const SWEEP_MS = 10_000;

export class Broker {
  readonly topics = new Map<string, Topic>();
  readonly subscriptions = new Map<string, Subscription>();
  readonly snapshots = new Map<string, Snapshot>();
  readonly clock: Clock;
  readonly #logger: Logger;
  readonly #storage: Storage;
  readonly #publishes: PublishQueue;
  #sweepTimer: Timer | undefined;

  /** Takes over what `store` holds. */
  constructor(options: {
    store: MessageStore;
    storageBytesMax: number;
    clock: Clock;
    logger: Logger;
  }) {
    const { store, clock, logger, storageBytesMax } = options;
    this.clock = clock;
    this.#logger = logger;
    const state = store.load();
    const storage = new Storage(store, state, clock, logger);
    this.#storage = storage;
    this.#publishes = new PublishQueue({ storage, storageBytesMax, clock, logger });
    restore(state, {
      storage,
      addTopic: (topic) => void this.topics.set(topic.definition.name, topic),
      addSubscription: (id, topic, definition) => {
        const subscription = this.#newSubscription(id, topic, definition);
        this.#attach(subscription);
        return subscription;
      },
      addSnapshot: (snapshot) => this.#attachSnapshot(snapshot),
    });
    this.#armSweep();
  }

  topic(name: string): Topic {
    const topic = this.topics.get(name);
    if (topic === undefined) throw notFound(name);
    return topic;
  }

  subscription(name: string): Subscription {
    const subscription = this.subscriptions.get(name);
    if (subscription === undefined) throw notFound(name);
    return subscription;
  }

  snapshot(name: string): Snapshot {
    const snapshot = this.snapshots.get(name);
    if (snapshot === undefined) throw notFound(name);
    return snapshot;
  }

  /** Ids of the messages, once they are stored. */
  publish(topic: Topic, bytes: Buffer, messages: readonly MessageRange[]): Promise<string[]> {
    return this.#publishes.publish(topic, bytes, messages);
  }

  addTopic(definition: TopicDefinition): Topic {
    const topic = newTopic(this.#storage.takeIds('resource'), definition);
    this.#storage.commit({ resources: [topicRow(topic)] });
    this.topics.set(definition.name, topic);
    return topic;
  }

  changeTopic(topic: Topic, definition: TopicDefinition): void {
    this.#storage.commit({ resources: [topicRow({ ...topic, definition })] });
    topic.definition = definition;
    this.#sweep();
  }

  /** Its subscriptions stay, on no topic. */
  deleteTopic(topic: Topic): void {
    this.#publishes.flush();
    this.topics.delete(topic.definition.name);
    for (const subscription of topic.subscriptions) {
      subscription.topic = undefined;
      subscription.definition = { ...subscription.definition, topic: DELETED_TOPIC };
    }
    for (const snapshot of topic.snapshots) {
      snapshot.topic = undefined;
      snapshot.definition = { ...snapshot.definition, topic: DELETED_TOPIC };
    }
    for (const segment of topic.retained.values()) this.#storage.release(segment);
    topic.retained.clear();
    this.#storage.commit({
      resources: [
        ...[...topic.subscriptions].map(subscriptionRow),
        ...[...topic.snapshots].map(snapshotRow),
      ],
      deletedResourceIds: [topic.id],
    });
  }

  addSubscription(topic: Topic, definition: SubscriptionDefinition): Subscription {
    this.#publishes.flush();
    const subscription = this.#newSubscription(
      this.#storage.takeIds('resource'),
      topic,
      definition,
    );
    this.#storage.commit({ resources: [subscriptionRow(subscription)] });
    this.#attach(subscription);
    return subscription;
  }

  changeSubscription(subscription: Subscription, definition: SubscriptionDefinition): void {
    this.#storage.commit({ resources: [subscriptionRow({ ...subscription, definition })] });
    subscription.definition = definition;
    subscription.queue.settings = queueSettings(definition);
    this.#sweep();
    subscription.dispatcher.wake();
  }

  deleteSubscription(subscription: Subscription): void {
    this.subscriptions.delete(subscription.definition.name);
    subscription.topic?.subscriptions.delete(subscription);
    subscription.dispatcher.close(notFound(subscription.definition.name));
    subscription.queue.replace([]);
    this.#storage.commit({
      deletedResourceIds: [subscription.id],
      deletedHolderIds: [subscription.id],
    });
  }

  /** Drops the backlog and takes it off its topic. */
  detachSubscription(subscription: Subscription, error: Error): void {
    subscription.topic?.subscriptions.delete(subscription);
    subscription.topic = undefined;
    subscription.definition = { ...subscription.definition, detached: true };
    subscription.dispatcher.endAll(error);
    subscription.queue.replace([]);
    this.#storage.commit({ resources: [subscriptionRow(subscription)] });
  }

  /** What is unacked now, and all that is published from now on. */
  addSnapshot(subscription: Subscription, definition: SnapshotDefinition): Snapshot {
    this.#publishes.flush();
    const id = this.#storage.takeIds('resource');
    const holdings = subscription.queue
      .holdings()
      .filter((holding) => holding.unackedCount > 0)
      .map((holding) => new Holding(id, holding.segment, holding.unacked.slice()));
    const snapshot = newSnapshot(id, definition, subscription.topic);
    this.#storage.commit({
      resources: [snapshotRow(snapshot)],
      holdings: holdings.map(holdingRow),
    });
    for (const holding of holdings) hold({ holder: snapshot, holding });
    this.#attachSnapshot(snapshot);
    return snapshot;
  }

  changeSnapshot(snapshot: Snapshot, definition: SnapshotDefinition): void {
    this.#storage.commit({ resources: [snapshotRow({ ...snapshot, definition })] });
    snapshot.definition = definition;
  }

  deleteSnapshot(snapshot: Snapshot): void {
    this.snapshots.delete(snapshot.definition.name);
    snapshot.topic?.snapshots.delete(snapshot);
    for (const holding of snapshot.holdings.values()) this.#storage.release(holding.segment);
    snapshot.holdings.clear();
    this.#storage.commit({ deletedResourceIds: [snapshot.id], deletedHolderIds: [snapshot.id] });
  }

  /** Messages published before the instant become acked, the others that are still kept unacked. */
  seekToTime(subscription: Subscription, atMs: number): void {
    this.#publishes.flush();
    seekToTime(this.#storage, subscription, atMs);
  }

  /** What the snapshot holds becomes unacked, everything else acked. */
  seekToSnapshot(subscription: Subscription, snapshot: Snapshot): void {
    this.#publishes.flush();
    seekToSnapshot(this.#storage, subscription, snapshot);
  }

  payload(segment: Segment): Buffer {
    return this.#storage.payload(segment);
  }

  close(error: Error): void {
    this.#sweepTimer?.cancel();
    for (const { dispatcher } of this.subscriptions.values()) dispatcher.close(error);
    this.#publishes.flush();
    this.#storage.close();
  }

  #newSubscription(
    id: number,
    topic: Topic | undefined,
    definition: SubscriptionDefinition,
  ): Subscription {
    const queue = new SubscriptionQueue({
      holderId: id,
      ackIdScope: this.#storage.ackIdScope,
      settings: queueSettings(definition),
      events: {
        onChanged: (holding) => this.#storage.onChanged(holding),
        onReleased: (holding) => this.#storage.onReleased(holding),
        onDeadLetter: (delivery) => forwardDeadLetter(this, subscription, delivery, this.#logger),
      },
    });
    const subscription: Subscription = {
      id,
      definition,
      topic,
      filter: parseFilter(definition.filter ?? ''),
      queue,
      dispatcher: new Dispatcher(queue, this.clock),
    };
    return subscription;
  }

  #attach(subscription: Subscription): void {
    this.subscriptions.set(subscription.definition.name, subscription);
    subscription.topic?.subscriptions.add(subscription);
  }

  #attachSnapshot(snapshot: Snapshot): void {
    this.snapshots.set(snapshot.definition.name, snapshot);
    snapshot.topic?.snapshots.add(snapshot);
  }

  #armSweep(): void {
    this.#sweepTimer = this.clock.setTimer(
      SWEEP_MS,
      () => {
        try {
          this.#sweep();
        } catch (error) {
          this.#logger.error('pubsub_retention_failed', { error });
        }
        this.#armSweep();
      },
      true,
    );
  }

  #sweep(): void {
    dropExpired(this, this.#storage, this.clock.nowMs());
  }
}
