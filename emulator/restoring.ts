/** What was stored before, put back into a broker that is starting. */
import type {
  Snapshot,
  StoredSnapshot,
  StoredSubscription,
  StoredTopic,
  Subscription,
  Topic,
} from './broker-state.ts';
import { newSnapshot, newTopic, retains } from './broker-state.ts';
import type { SubscriptionDefinition } from './definitions.ts';
import { hold, retain } from './holders.ts';
import { Holding } from './holding.ts';
import type { StoredKind, StoredState } from './message-store.ts';
import type { Storage } from './storage.ts';

/** Where restored resources go. */
export interface RestoreTarget {
  readonly storage: Storage;
  addTopic(topic: Topic): void;
  /** Makes a subscription and adds it. */
  addSubscription(
    id: number,
    topic: Topic | undefined,
    definition: SubscriptionDefinition,
  ): Subscription;
  addSnapshot(snapshot: Snapshot): void;
}

export function restore(state: StoredState, target: RestoreTarget): void {
  const topicsById = new Map<number, Topic>();
  const holders = new Map<number, Subscription | Snapshot>();
  const stored = (kind: StoredKind) => state.resources.filter((row) => row.kind === kind);
  for (const { id, json } of stored('topic')) {
    const topic = newTopic(id, (JSON.parse(json) as StoredTopic).definition);
    topicsById.set(id, topic);
    target.addTopic(topic);
  }
  for (const { id, json } of stored('subscription')) {
    const { definition, topicId } = JSON.parse(json) as StoredSubscription;
    const topic = topicsById.get(topicId ?? 0);
    holders.set(id, target.addSubscription(id, topic, definition));
  }
  for (const { id, json } of stored('snapshot')) {
    const { definition, topicId } = JSON.parse(json) as StoredSnapshot;
    const snapshot = newSnapshot(id, definition, topicsById.get(topicId ?? 0));
    target.addSnapshot(snapshot);
    holders.set(id, snapshot);
  }
  restoreSegments(state, target.storage, topicsById, holders);
}

function restoreSegments(
  state: StoredState,
  storage: Storage,
  topicsById: ReadonlyMap<number, Topic>,
  holders: ReadonlyMap<number, Subscription | Snapshot>,
): void {
  const segments = new Map(state.segments.map((segment) => [segment.id, segment]));
  for (const segment of state.segments) {
    storage.count(segment);
    const topic = topicsById.get(segment.topicId);
    if (topic && retains(topic)) retain(topic, segment);
  }
  for (const { holderId, segmentId, unacked } of state.holdings) {
    const holder = holders.get(holderId);
    const segment = segments.get(segmentId);
    if (holder && segment) hold({ holder, holding: new Holding(holderId, segment, unacked) });
  }
  storage.freeUnheld(state.segments);
}
