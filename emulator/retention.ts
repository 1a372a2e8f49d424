/** What retention no longer keeps, looked after at intervals. */
import type { Snapshot, Subscription, Topic } from './broker-state.ts';
import { retains } from './broker-state.ts';
import { durationMs } from './definitions.ts';
import type { Storage } from './storage.ts';

export interface Retained {
  readonly topics: ReadonlyMap<string, Topic>;
  readonly subscriptions: ReadonlyMap<string, Subscription>;
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  deleteSnapshot(snapshot: Snapshot): void;
}

/** Drops the messages that are too old for their subscription or topic, and the snapshots that are. */
export function dropExpired(all: Retained, storage: Storage, nowMs: number): void {
  for (const { queue, definition } of all.subscriptions.values()) {
    queue.dropBefore(nowMs - durationMs(definition.messageRetentionDuration));
  }
  for (const snapshot of all.snapshots.values()) {
    if (durationMs(snapshot.definition.expireTime) <= nowMs) all.deleteSnapshot(snapshot);
  }
  for (const topic of all.topics.values()) {
    const keptFromMs = nowMs - durationMs(topic.definition.messageRetentionDuration);
    for (const segment of topic.retained.values()) {
      if (retains(topic) && segment.publishAtMs >= keptFromMs) break;
      topic.retained.delete(segment.id);
      storage.release(segment);
    }
  }
}
