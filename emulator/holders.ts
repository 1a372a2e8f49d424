/** Who holds segments: subscriptions with their queues, snapshots, and topics with a retention. */
import type { Snapshot, Subscription, Topic } from './broker-state.ts';
import { allBits, chooseBits, countBits, Holding } from './holding.ts';
import type { Segment } from './segment.ts';
import { messageCount } from './segment.ts';
import type { Storage } from './storage.ts';
import { readAttributes } from './wire-requests.ts';

/** A holding for one of the holders of a segment. */
export interface Target {
  readonly holder: Subscription | Snapshot;
  readonly holding: Holding;
}

/** Who gets a segment that is published now, each with the messages that are its own. */
export function targetsOf(
  storage: Storage,
  topic: Topic,
  segment: Segment,
  payload: Buffer,
): Target[] {
  const targets: Target[] = [];
  for (const holder of topic.snapshots) {
    targets.push({ holder, holding: new Holding(holder.id, segment) });
  }
  for (const holder of topic.subscriptions) {
    if (!holder.filter) {
      targets.push({ holder, holding: new Holding(holder.id, segment) });
      continue;
    }
    const bits = matchingBits(storage, holder, segment, allBits(messageCount(segment)), payload);
    if (countBits(bits) > 0) {
      targets.push({ holder, holding: new Holding(holder.id, segment, bits) });
    }
  }
  return targets;
}

/** The messages among `within` that pass the subscription's filter; `payload` spares a read. */
export function matchingBits(
  storage: Storage,
  { filter }: Subscription,
  segment: Segment,
  within: Uint8Array,
  payload?: Buffer,
): Uint8Array {
  if (!filter) return within.slice();
  const bytes = payload ?? storage.payload(segment);
  const isMatch = (index: number) =>
    filter(readAttributes(bytes, segment.offsets[index]!, segment.offsets[index + 1]!));
  return chooseBits(messageCount(segment), isMatch, within);
}

/** Gives a holding to its holder. */
export function hold({ holder, holding }: Target): void {
  if ('queue' in holder) {
    holder.queue.add(holding);
    holder.dispatcher.wake();
    return;
  }
  holding.segment.holderCount++;
  holder.holdings.set(holding.segment.id, holding);
}

/** Keeps a segment for the topic's own retention. */
export function retain(topic: Topic, segment: Segment): void {
  segment.holderCount++;
  topic.retained.set(segment.id, segment);
}
