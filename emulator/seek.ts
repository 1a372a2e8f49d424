/** Seeks: what of the stored messages a subscription owes from then on. Later publishes are not touched. */
import type { Snapshot, Subscription } from './broker-state.ts';
import { holdingRow, subscriptionRow } from './broker-state.ts';
import { matchingBits } from './holders.ts';
import { allBits, Holding } from './holding.ts';
import type { Segment } from './segment.ts';
import { messageCount } from './segment.ts';
import type { Storage } from './storage.ts';

/** Messages published before the instant become acked, the others that are still kept unacked. */
export function seekToTime(storage: Storage, subscription: Subscription, atMs: number): void {
  const segments = new Map(subscription.topic?.retained);
  for (const { segment } of subscription.queue.holdings()) segments.set(segment.id, segment);
  const holdings = [...segments.values()].map((segment) => {
    const bits =
      segment.publishAtMs < atMs
        ? noBits(segment)
        : matchingBits(storage, subscription, segment, allBits(messageCount(segment)));
    return new Holding(subscription.id, segment, bits);
  });
  replaceHoldings(storage, subscription, holdings);
}

/** What the snapshot holds becomes unacked, everything else acked. */
export function seekToSnapshot(
  storage: Storage,
  subscription: Subscription,
  snapshot: Snapshot,
): void {
  const holdings = [...snapshot.holdings.values()].map(({ segment, unacked }) => {
    const bits = matchingBits(storage, subscription, segment, unacked);
    return new Holding(subscription.id, segment, bits);
  });
  if (subscription.queue.settings.retainsAcked) {
    for (const { segment } of subscription.queue.holdings()) {
      if (snapshot.holdings.has(segment.id)) continue;
      holdings.push(new Holding(subscription.id, segment, noBits(segment)));
    }
  }
  replaceHoldings(storage, subscription, holdings);
}

function replaceHoldings(
  storage: Storage,
  subscription: Subscription,
  holdings: readonly Holding[],
): void {
  const inOrder = holdings.toSorted((a, b) => a.segment.id - b.segment.id);
  subscription.queue.replace(inOrder);
  storage.commit({
    resources: [subscriptionRow(subscription)],
    deletedHolderIds: [subscription.id],
    holdings: inOrder.filter((holding) => !holding.isReleased).map(holdingRow),
  });
  subscription.dispatcher.wake();
}

function noBits(segment: Segment): Uint8Array {
  return new Uint8Array((messageCount(segment) + 7) >> 3);
}
