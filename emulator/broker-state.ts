/** What the broker keeps of each topic, subscription and snapshot, and how each is written to the store. */
import type { SnapshotDefinition, SubscriptionDefinition, TopicDefinition } from './definitions.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Filter } from './filter.ts';
import type { Holding } from './holding.ts';
import type { Segment } from './segment.ts';
import type { SubscriptionQueue } from './subscription-queue.ts';

export interface Topic {
  readonly id: number;
  definition: TopicDefinition;
  readonly subscriptions: Set<Subscription>;
  readonly snapshots: Set<Snapshot>;
  /** By segment id: kept by the topic's own retention. */
  readonly retained: Map<number, Segment>;
}

export interface Subscription {
  readonly id: number;
  definition: SubscriptionDefinition;
  topic: Topic | undefined;
  readonly filter: Filter | undefined;
  readonly queue: SubscriptionQueue;
  readonly dispatcher: Dispatcher;
}

export interface Snapshot {
  readonly id: number;
  definition: SnapshotDefinition;
  topic: Topic | undefined;
  readonly holdings: Map<number, Holding>;
}

export interface StoredTopic {
  readonly definition: TopicDefinition;
}
export interface StoredSubscription {
  readonly definition: SubscriptionDefinition;
  readonly topicId?: number;
}
export interface StoredSnapshot {
  readonly definition: SnapshotDefinition;
  readonly topicId?: number;
}

export function retains(topic: Topic): boolean {
  return topic.definition.messageRetentionDuration !== undefined;
}

export function newTopic(id: number, definition: TopicDefinition): Topic {
  return { id, definition, subscriptions: new Set(), snapshots: new Set(), retained: new Map() };
}

export function newSnapshot(
  id: number,
  definition: SnapshotDefinition,
  topic: Topic | undefined,
): Snapshot {
  return { id, definition, topic, holdings: new Map() };
}

export function topicRow({ id, definition }: Topic) {
  return { id, kind: 'topic' as const, json: JSON.stringify({ definition }) };
}

export function subscriptionRow({ id, definition, topic }: Subscription) {
  const json = JSON.stringify({ definition, topicId: topic?.id });
  return { id, kind: 'subscription' as const, json };
}

export function snapshotRow({ id, definition, topic }: Snapshot) {
  return {
    id,
    kind: 'snapshot' as const,
    json: JSON.stringify({ definition, topicId: topic?.id }),
  };
}

export function holdingRow({ holderId, segment, unacked }: Holding) {
  return { holderId, segmentId: segment.id, unacked };
}
