/** The state of the server: topics, subscriptions, snapshots; what is published, stored, forwarded and freed. */
import { isAppError } from '../runtime/index.ts';
import type { Clock, Logger, Timer } from '../runtime/index.ts';
import type { SnapshotDefinition, SubscriptionDefinition, TopicDefinition } from './definitions.ts';
import { DELETED_TOPIC, durationMs, queueSettings } from './definitions.ts';
import { encodeForwarded } from './dead-letter.ts';
import type {
  Snapshot,
  StoredSnapshot,
  StoredSubscription,
  StoredTopic,
  Subscription,
  Topic,
} from './broker-state.ts';
import {
  holdingRow,
  newSnapshot,
  newTopic,
  retains,
  snapshotRow,
  subscriptionRow,
  topicRow,
} from './broker-state.ts';
import type { Delivery } from './delivery.ts';
import { Dispatcher } from './dispatcher.ts';
import { parseFilter } from './filter.ts';
import { allBits, chooseBits, countBits, Holding } from './holding.ts';
import type { MessageStore, NextIds, StoreBatch, StoredKind } from './message-store.ts';
import { notFound, resourceExhausted } from './pubsub-status.ts';
import type { Segment } from './segment.ts';
import { buildSegment, messageCount, segmentBytes } from './segment.ts';
import { SubscriptionQueue } from './subscription-queue.ts';
import type { MessageRange, PublishRequest } from './wire-requests.ts';
import { readAttributes, readPublishRequest } from './wire-requests.ts';
import { bytesField } from './wire.ts';

interface PendingPublish {
  readonly topic: Topic;
  readonly bytes: Buffer;
  readonly messages: readonly MessageRange[];
  readonly resolve: (messageIds: string[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Acks are stored this much later at most; what was not stored is delivered again after a crash. */
const ACK_FLUSH_MS = 100;
/** How often retention is looked after. */
const SWEEP_MS = 10_000;
/** A message whose dead-letter topic cannot take it is offered again after this. */
const FORWARD_RETRY_MS = 10_000;

export class Broker {
  readonly topics = new Map<string, Topic>();
  readonly subscriptions = new Map<string, Subscription>();
  readonly snapshots = new Map<string, Snapshot>();
  readonly clock: Clock;
  readonly #logger: Logger;
  readonly #store: MessageStore;
  readonly #storageBytesMax: number;
  #storedBytes = 0;
  #pendingBytes = 0;
  #nextIds: { -readonly [K in keyof NextIds]: number };
  readonly #ackIdScope: string;
  #pending: PendingPublish[] = [];
  #changed = new Set<Holding>();
  #released: Holding[] = [];
  #deletedSegmentIds: number[] = [];
  #flushTimer: Timer | undefined;
  #sweepTimer: Timer | undefined;

  /** Takes over what `store` holds. */
  constructor(options: {
    store: MessageStore;
    storageBytesMax: number;
    clock: Clock;
    logger: Logger;
  }) {
    this.clock = options.clock;
    this.#logger = options.logger;
    this.#store = options.store;
    this.#storageBytesMax = options.storageBytesMax;
    const state = this.#store.load();
    this.#nextIds = { ...state.nextIds };
    this.#ackIdScope = state.runId.toString(36);
    this.#restore(state);
    this.#armSweep();
  }

  get storedBytes(): number {
    return this.#storedBytes;
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

  /** Ids of the messages, once they are stored; all publishes of a turn are stored in one transaction. */
  publish(topic: Topic, bytes: Buffer, messages: readonly MessageRange[]): Promise<string[]> {
    const size = messages.reduce((sum, { start, end }) => sum + end - start, 0);
    const wouldBeBytes = this.#storedBytes + this.#pendingBytes + size;
    if (wouldBeBytes > this.#storageBytesMax && this.#isKept(topic)) {
      return Promise.reject(
        resourceExhausted(
          `The embedded Pub/Sub server is full: ${wouldBeBytes} bytes would be stored and its limit is ${this.#storageBytesMax}. Acknowledge messages, delete subscriptions that nobody reads, or raise PUBSUB_STORAGE_BYTES_MAX.`,
        ),
      );
    }
    this.#pendingBytes += size;
    return new Promise((resolve, reject) => {
      this.#pending.push({ topic, bytes, messages, resolve, reject });
      if (this.#pending.length === 1) setImmediate(() => this.flushPublishes());
    });
  }

  addTopic(definition: TopicDefinition): Topic {
    const topic = newTopic(this.#nextIds.resource++, definition);
    this.#commit({ resources: [topicRow(topic)] });
    this.topics.set(definition.name, topic);
    return topic;
  }

  changeTopic(topic: Topic, definition: TopicDefinition): void {
    this.#commit({ resources: [topicRow({ ...topic, definition })] });
    topic.definition = definition;
    this.#sweep();
  }

  /** Its subscriptions stay, on no topic. */
  deleteTopic(topic: Topic): void {
    this.flushPublishes();
    this.topics.delete(topic.definition.name);
    for (const subscription of topic.subscriptions) {
      subscription.topic = undefined;
      subscription.definition = { ...subscription.definition, topic: DELETED_TOPIC };
    }
    for (const snapshot of topic.snapshots) {
      snapshot.topic = undefined;
      snapshot.definition = { ...snapshot.definition, topic: DELETED_TOPIC };
    }
    for (const segment of topic.retained.values()) this.#releaseSegment(segment);
    topic.retained.clear();
    this.#commit({
      resources: [
        ...[...topic.subscriptions].map(subscriptionRow),
        ...[...topic.snapshots].map(snapshotRow),
      ],
      deletedResourceIds: [topic.id],
    });
  }

  addSubscription(topic: Topic, definition: SubscriptionDefinition): Subscription {
    this.flushPublishes();
    const subscription = this.#newSubscription(this.#nextIds.resource++, topic, definition, 0);
    this.#commit({ resources: [subscriptionRow(subscription)] });
    this.#attach(subscription);
    return subscription;
  }

  changeSubscription(subscription: Subscription, definition: SubscriptionDefinition): void {
    this.#commit({ resources: [subscriptionRow({ ...subscription, definition })] });
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
    this.#commit({ deletedResourceIds: [subscription.id], deletedHolderIds: [subscription.id] });
  }

  /** Drops the backlog and takes it off its topic. */
  detachSubscription(subscription: Subscription, error: Error): void {
    subscription.topic?.subscriptions.delete(subscription);
    subscription.topic = undefined;
    subscription.definition = { ...subscription.definition, detached: true };
    subscription.dispatcher.endAll(error);
    subscription.queue.replace([]);
    this.#commit({ resources: [subscriptionRow(subscription)] });
  }

  /** What is unacked now, and all that is published from now on. */
  addSnapshot(subscription: Subscription, definition: SnapshotDefinition): Snapshot {
    this.flushPublishes();
    const id = this.#nextIds.resource++;
    const holdings = subscription.queue
      .holdings()
      .filter((holding) => holding.unackedCount > 0)
      .map((holding) => new Holding(id, holding.segment, holding.unacked.slice()));
    const snapshot = newSnapshot(id, definition, subscription.topic);
    this.#commit({ resources: [snapshotRow(snapshot)], holdings: holdings.map(holdingRow) });
    for (const holding of holdings) this.#hold(snapshot, holding);
    subscription.topic?.snapshots.add(snapshot);
    this.snapshots.set(definition.name, snapshot);
    return snapshot;
  }

  changeSnapshot(snapshot: Snapshot, definition: SnapshotDefinition): void {
    this.#commit({ resources: [snapshotRow({ ...snapshot, definition })] });
    snapshot.definition = definition;
  }

  deleteSnapshot(snapshot: Snapshot): void {
    this.snapshots.delete(snapshot.definition.name);
    snapshot.topic?.snapshots.delete(snapshot);
    for (const holding of snapshot.holdings.values()) this.#releaseSegment(holding.segment);
    snapshot.holdings.clear();
    this.#commit({ deletedResourceIds: [snapshot.id], deletedHolderIds: [snapshot.id] });
  }

  /** Messages published before the instant become acked, the others that are still kept unacked. */
  seekToTime(subscription: Subscription, atMs: number): void {
    this.flushPublishes();
    const segments = new Map(subscription.topic?.retained);
    for (const { segment } of subscription.queue.holdings()) segments.set(segment.id, segment);
    const holdings = [...segments.values()]
      .toSorted((a, b) => a.id - b.id)
      .map((segment) => {
        const count = messageCount(segment);
        const bits =
          segment.publishAtMs < atMs
            ? new Uint8Array((count + 7) >> 3)
            : this.#matching(subscription, segment, allBits(count));
        return new Holding(subscription.id, segment, bits);
      });
    this.#replaceHoldings(subscription, holdings, atMs);
  }

  seekToSnapshot(subscription: Subscription, snapshot: Snapshot): void {
    this.flushPublishes();
    const holdings = [...snapshot.holdings.values()].map(
      ({ segment, unacked }) =>
        new Holding(subscription.id, segment, this.#matching(subscription, segment, unacked)),
    );
    if (subscription.queue.settings.retainsAcked) {
      for (const { segment } of subscription.queue.holdings()) {
        if (snapshot.holdings.has(segment.id)) continue;
        const none = new Uint8Array((messageCount(segment) + 7) >> 3);
        holdings.push(new Holding(subscription.id, segment, none));
      }
    }
    holdings.sort((a, b) => a.segment.id - b.segment.id);
    this.#replaceHoldings(subscription, holdings, 0);
  }

  payload(segment: Segment): Buffer {
    return this.#store.payload(segment);
  }

  /** Stores what was published in this turn and hands it on. */
  flushPublishes(): void {
    const pending = this.#pending.splice(0);
    this.#pendingBytes = 0;
    if (pending.length === 0) return;
    const publishAtMs = this.clock.nowMs();
    const built = pending.map((publish) => {
      const { segment, payload, messageIds } = buildSegment({
        id: this.#nextIds.segment++,
        topicId: publish.topic.id,
        firstMessageId: this.#nextIds.message,
        publishAtMs,
        bytes: publish.bytes,
        messages: publish.messages,
      });
      this.#nextIds.message += messageIds.length;
      const targets = this.#targets(publish.topic, segment, payload);
      return { publish, segment, payload, messageIds, targets };
    });
    const kept = built.filter(
      ({ publish, targets }) => targets.length > 0 || retains(publish.topic),
    );
    try {
      this.#store.commit({
        segments: kept,
        holdings: kept.flatMap(({ targets }) => targets.map(({ holding }) => holdingRow(holding))),
        nextIds: this.#nextIds,
      });
    } catch (error) {
      const problem = isAppError(error, 'disk_full') ? resourceExhausted(error.message) : error;
      this.#logger.error('pubsub_publish_not_stored', { error, publishCount: pending.length });
      for (const { reject } of pending) reject(problem);
      return;
    }
    for (const { publish, segment, targets } of kept) {
      this.#storedBytes += segmentBytes(segment);
      if (retains(publish.topic)) this.#retain(publish.topic, segment);
      for (const { holder, holding } of targets) this.#hold(holder, holding);
    }
    for (const { publish, messageIds } of built) publish.resolve(messageIds);
  }

  /** Stores acks and frees what nobody holds. */
  flushAcks(): void {
    this.#flushTimer?.cancel();
    this.#flushTimer = undefined;
    this.#commit({});
  }

  close(error: Error): void {
    this.#sweepTimer?.cancel();
    for (const { dispatcher } of this.subscriptions.values()) dispatcher.close(error);
    this.flushPublishes();
    this.flushAcks();
    this.#store.close();
  }

  #isKept(topic: Topic): boolean {
    return topic.subscriptions.size > 0 || topic.snapshots.size > 0 || retains(topic);
  }

  /** Who gets a segment, each with the messages that are its own. */
  #targets(topic: Topic, segment: Segment, payload: Buffer) {
    const targets: { holder: Subscription | Snapshot; holding: Holding }[] = [];
    for (const holder of topic.snapshots) {
      targets.push({ holder, holding: new Holding(holder.id, segment) });
    }
    for (const holder of topic.subscriptions) {
      if (segment.publishAtMs < holder.discardBeforeMs) continue;
      if (!holder.filter) {
        targets.push({ holder, holding: new Holding(holder.id, segment) });
        continue;
      }
      const bits = this.#matching(holder, segment, allBits(messageCount(segment)), payload);
      if (countBits(bits) > 0) {
        targets.push({ holder, holding: new Holding(holder.id, segment, bits) });
      }
    }
    return targets;
  }

  #matching(
    { filter }: Subscription,
    segment: Segment,
    within: Uint8Array,
    payload?: Buffer,
  ): Uint8Array {
    if (!filter) return within.slice();
    const bytes = payload ?? this.#store.payload(segment);
    const isMatch = (index: number) =>
      filter(readAttributes(bytes, segment.offsets[index]!, segment.offsets[index + 1]!));
    return chooseBits(messageCount(segment), isMatch, within);
  }

  #hold(holder: Subscription | Snapshot, holding: Holding): void {
    if ('queue' in holder) {
      holder.queue.add(holding);
      holder.dispatcher.wake();
      return;
    }
    holding.segment.holderCount++;
    holder.holdings.set(holding.segment.id, holding);
  }

  #retain(topic: Topic, segment: Segment): void {
    segment.holderCount++;
    topic.retained.set(segment.id, segment);
  }

  #replaceHoldings(subscription: Subscription, holdings: readonly Holding[], atMs: number): void {
    subscription.discardBeforeMs = atMs;
    subscription.queue.replace(holdings);
    const kept = holdings.filter((holding) => !holding.isReleased);
    this.#commit({
      resources: [subscriptionRow(subscription)],
      deletedHolderIds: [subscription.id],
      holdings: kept.map(holdingRow),
    });
    subscription.dispatcher.wake();
  }

  #releaseSegment(segment: Segment): void {
    segment.holderCount--;
    if (segment.holderCount > 0) return;
    this.#storedBytes -= segmentBytes(segment);
    this.#deletedSegmentIds.push(segment.id);
    this.#armFlush();
  }

  #forward(subscription: Subscription, delivery: Delivery): void {
    const { segment } = delivery.holding;
    const name = subscription.definition.deadLetterPolicy?.deadLetterTopic ?? '';
    const giveBack = (error: unknown) => {
      this.#logger.warn('pubsub_dead_letter_failed', { topic: name, error });
      subscription.queue.giveBack(delivery, FORWARD_RETRY_MS, this.clock.monotonicMs());
      subscription.dispatcher.wake();
    };
    const topic = this.topics.get(name);
    if (topic === undefined) return giveBack(notFound(name));
    let forwarded: PublishRequest;
    try {
      const message = encodeForwarded({
        payload: this.#store.payload(segment),
        start: segment.offsets[delivery.index]!,
        end: segment.offsets[delivery.index + 1]!,
        publishAtMs: segment.publishAtMs,
        attempt: delivery.attempt,
        subscription: subscription.definition.name,
      });
      forwarded = readPublishRequest(bytesField(2, message));
    } catch (error) {
      return giveBack(error);
    }
    this.publish(topic, forwarded.bytes, forwarded.messages).then(() => {
      subscription.queue.finish(delivery);
      subscription.dispatcher.wake();
    }, giveBack);
  }

  #newSubscription(
    id: number,
    topic: Topic | undefined,
    definition: SubscriptionDefinition,
    discardBeforeMs: number,
  ): Subscription {
    const queue = new SubscriptionQueue({
      holderId: id,
      ackIdScope: this.#ackIdScope,
      settings: queueSettings(definition),
      events: {
        onChanged: (holding) => {
          this.#changed.add(holding);
          this.#armFlush();
        },
        onReleased: (holding) => {
          this.#released.push(holding);
          this.#releaseSegment(holding.segment);
          this.#armFlush();
        },
        onDeadLetter: (delivery) => this.#forward(subscription, delivery),
      },
    });
    const subscription: Subscription = {
      id,
      definition,
      topic,
      filter: parseFilter(definition.filter ?? ''),
      queue,
      dispatcher: new Dispatcher(queue, this.clock),
      discardBeforeMs,
    };
    return subscription;
  }

  #attach(subscription: Subscription): void {
    this.subscriptions.set(subscription.definition.name, subscription);
    subscription.topic?.subscriptions.add(subscription);
  }

  /** Stores `batch` with the acks and deletions that wait. */
  #commit(batch: StoreBatch): void {
    const changed = [...this.#changed].filter((holding) => !holding.isReleased);
    const released = this.#released;
    const deletedSegmentIds = this.#deletedSegmentIds;
    this.#changed = new Set();
    this.#released = [];
    this.#deletedSegmentIds = [];
    this.#storeOrRefuse({
      ...batch,
      holdings: [...changed.map(holdingRow), ...(batch.holdings ?? [])],
      // A seek replaces rows of the same keys; those must survive the release of the old ones.
      releasedHoldings: released
        .filter(({ holderId }) => !batch.deletedHolderIds?.includes(holderId))
        .map((holding) => ({ holderId: holding.holderId, segmentId: holding.segment.id })),
      deletedSegmentIds,
      nextIds: this.#nextIds,
    });
  }

  #storeOrRefuse(batch: StoreBatch): void {
    try {
      this.#store.commit(batch);
    } catch (error) {
      throw isAppError(error, 'disk_full') ? resourceExhausted(error.message) : error;
    }
  }

  #armFlush(): void {
    this.#flushTimer ??= this.clock.setTimer(
      ACK_FLUSH_MS,
      () => {
        try {
          this.flushAcks();
        } catch (error) {
          // Nothing is lost: what was acked is delivered again after a restart.
          this.#logger.error('pubsub_acks_not_stored', { error });
        }
      },
      true,
    );
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

  /** Drops what retention no longer keeps. */
  #sweep(): void {
    const nowMs = this.clock.nowMs();
    for (const { queue, definition } of this.subscriptions.values()) {
      queue.dropBefore(nowMs - durationMs(definition.messageRetentionDuration));
    }
    for (const snapshot of this.snapshots.values()) {
      if (durationMs(snapshot.definition.expireTime) <= nowMs) this.deleteSnapshot(snapshot);
    }
    for (const topic of this.topics.values()) {
      const keptFromMs = nowMs - durationMs(topic.definition.messageRetentionDuration);
      for (const segment of topic.retained.values()) {
        if (retains(topic) && segment.publishAtMs >= keptFromMs) break;
        topic.retained.delete(segment.id);
        this.#releaseSegment(segment);
      }
    }
  }

  #restore(state: ReturnType<MessageStore['load']>): void {
    const topicsById = new Map<number, Topic>();
    const holders = new Map<number, Subscription | Snapshot>();
    const stored = (kind: StoredKind) => state.resources.filter((row) => row.kind === kind);
    for (const { id, json } of stored('topic')) {
      const topic = newTopic(id, (JSON.parse(json) as StoredTopic).definition);
      topicsById.set(id, topic);
      this.topics.set(topic.definition.name, topic);
    }
    for (const { id, json } of stored('subscription')) {
      const { definition, topicId, discardBeforeMs } = JSON.parse(json) as StoredSubscription;
      const topic = topicsById.get(topicId ?? 0);
      const subscription = this.#newSubscription(id, topic, definition, discardBeforeMs);
      this.#attach(subscription);
      holders.set(id, subscription);
    }
    for (const { id, json } of stored('snapshot')) {
      const { definition, topicId } = JSON.parse(json) as StoredSnapshot;
      const snapshot = newSnapshot(id, definition, topicsById.get(topicId ?? 0));
      snapshot.topic?.snapshots.add(snapshot);
      this.snapshots.set(definition.name, snapshot);
      holders.set(id, snapshot);
    }
    const segments = new Map(state.segments.map((segment) => [segment.id, segment]));
    for (const segment of state.segments) {
      this.#storedBytes += segmentBytes(segment);
      const topic = topicsById.get(segment.topicId);
      if (topic && retains(topic)) this.#retain(topic, segment);
    }
    for (const { holderId, segmentId, unacked } of state.holdings) {
      const holder = holders.get(holderId);
      const segment = segments.get(segmentId);
      if (holder && segment) this.#hold(holder, new Holding(holderId, segment, unacked));
    }
    const freed = new Set(this.#deletedSegmentIds);
    for (const segment of state.segments) {
      if (segment.holderCount > 0 || freed.has(segment.id)) continue;
      segment.holderCount = 1;
      this.#releaseSegment(segment);
    }
  }
}
