import test from 'ava';
import type { Delivery } from '../../emulator/delivery.ts';
import { Holding } from '../../emulator/holding.ts';
import type { QueueSettings } from '../../emulator/queue-settings.ts';
import { SubscriptionQueue } from '../../emulator/subscription-queue.ts';

const SETTINGS: QueueSettings = {
  isOrdered: false,
  isExactlyOnce: false,
  retainsAcked: false,
  retry: undefined,
  deliveryAttemptsMax: undefined,
};

/** A queue and the segments it let go of; message `i` of all added has id `i`. */
function makeQueue(settings: Partial<QueueSettings> = {}) {
  const released: number[] = [];
  const dead: Delivery[] = [];
  const queue = new SubscriptionQueue({
    holderId: 7,
    ackIdScope: 'r',
    settings: { ...SETTINGS, ...settings },
    events: {
      onChanged() {},
      onReleased(holding) {
        holding.segment.holderCount--;
        released.push(holding.segment.id);
      },
      onDeadLetter: (delivery) => dead.push(delivery),
    },
  });
  let messageIds = 0;
  let segmentIds = 0;
  const add = (count: number, publishAtMs = 0, orderingKeys?: readonly string[]) => {
    const offsets = Uint32Array.from({ length: count + 1 }, (_, index) => index * 10);
    const segment = {
      id: segmentIds++,
      topicId: 1,
      firstMessageId: messageIds,
      publishAtMs,
      offsets,
      orderingKeys,
      holderCount: 0,
    };
    messageIds += count;
    queue.add(new Holding(7, segment));
    return segment;
  };
  return { queue, add, released, dead };
}

const LIMITS = { messagesMax: 100, bytesMax: 1e6, deadlineMs: 10_000 };
const ids = (deliveries: readonly Delivery[]) =>
  deliveries.map(({ holding, index }) => holding.segment.firstMessageId + index);

test('messages are leased in publish order, once, and their segment is freed when all are acked', (t) => {
  const { queue, add, released } = makeQueue();
  add(2);
  add(1);
  const leased = queue.lease(LIMITS, 0);
  t.deepEqual(ids(leased), [0, 1, 2]);
  t.deepEqual(queue.lease(LIMITS, 0), []);
  for (const { ackId } of leased) t.is(queue.acknowledge(ackId), 'applied');
  t.deepEqual(released, [0, 1]);
  t.is(queue.unackedCount, 0);
  t.is(queue.acknowledge(leased[0]!.ackId), 'stale');
  t.is(queue.acknowledge('nonsense!'), 'malformed');
  t.is(queue.acknowledge('r-8-1'), 'foreign');
});

test('a lease that expires is offered again, and a late ack still counts', (t) => {
  const { queue, add } = makeQueue();
  add(1);
  const [first] = queue.lease(LIMITS, 0);
  const firstAckId = first!.ackId;
  queue.tick(9_999);
  t.is(queue.availableCount, 0);
  queue.tick(10_100);
  const [second] = queue.lease(LIMITS, 10_100);
  t.is(second?.attempt, 2);
  t.not(second?.ackId, firstAckId);
  t.is(queue.acknowledge(firstAckId), 'applied');
  t.is(queue.unackedCount, 0);
});

test('with exactly-once an expired ack id is refused', (t) => {
  const { queue, add } = makeQueue({ isExactlyOnce: true });
  add(1);
  const [{ ackId } = { ackId: '' }] = queue.lease(LIMITS, 0);
  queue.tick(10_100);
  t.is(queue.acknowledge(ackId), 'stale');
  t.is(queue.unackedCount, 1);
});

test('a lease can be extended and given back', (t) => {
  const { queue, add } = makeQueue();
  add(1);
  const [{ ackId } = { ackId: '' }] = queue.lease(LIMITS, 0);
  queue.modifyDeadline(ackId, 60_000, 5_000);
  queue.tick(60_000);
  t.is(queue.availableCount, 0);
  queue.modifyDeadline(ackId, 0, 61_000);
  t.is(queue.availableCount, 1);
});

test('the backoff doubles from its minimum to its maximum', (t) => {
  const { queue, add } = makeQueue({ retry: { minimumMs: 1_000, maximumMs: 3_000 } });
  add(1);
  let nowMs = 0;
  for (const backoffMs of [1_000, 2_000, 3_000, 3_000]) {
    const [delivery] = queue.lease(LIMITS, nowMs);
    queue.modifyDeadline(delivery!.ackId, 0, nowMs);
    queue.tick(nowMs + backoffMs - 1);
    t.is(queue.availableCount, 0);
    nowMs += backoffMs;
    queue.tick(nowMs);
    t.is(queue.availableCount, 1);
  }
});

test('after its last attempt a message is forwarded, not offered', (t) => {
  const { queue, add, dead } = makeQueue({ deliveryAttemptsMax: 2 });
  add(1);
  for (let attempt = 1; attempt <= 2; attempt++) {
    const [delivery] = queue.lease(LIMITS, 0);
    t.is(delivery?.attempt, attempt);
    queue.modifyDeadline(delivery!.ackId, 0, 0);
  }
  t.deepEqual(ids(dead), [0]);
  t.is(queue.availableCount, 0);
  queue.finish(dead[0]!);
  t.is(queue.unackedCount, 0);
});

const BACKOFF = { minimumMs: 4_000, maximumMs: 60_000 };
for (const { retry, retryAtMs } of [
  { retry: undefined, retryAtMs: 0 },
  { retry: BACKOFF, retryAtMs: 4_000 },
]) {
  test(`a message that could not be forwarded is offered again after ${retryAtMs} ms`, (t) => {
    const { queue, add, dead } = makeQueue({ deliveryAttemptsMax: 1, retry });
    add(1);
    queue.modifyDeadline(queue.lease(LIMITS, 0)[0]!.ackId, 0, 0);
    queue.giveBack(dead[0]!, 0);
    t.is(queue.nextDueAtMs, retryAtMs);
    queue.tick(retryAtMs);
    t.deepEqual(ids(queue.lease(LIMITS, retryAtMs)), [0]);
  });
}

test('a key is leased as one batch in order, and a nack replays its later messages, acked ones too', (t) => {
  const { queue, add } = makeQueue({ isOrdered: true });
  add(4, 0, ['k', 'k', 'k', 'other']);
  const leased = queue.lease(LIMITS, 0);
  t.deepEqual(ids(leased), [0, 1, 2, 3]);
  add(1, 0, ['k']);
  t.deepEqual(queue.lease(LIMITS, 0), []);
  queue.acknowledge(leased[0]!.ackId);
  queue.acknowledge(leased[2]!.ackId);
  t.is(queue.unackedCount, 4);
  queue.modifyDeadline(leased[1]!.ackId, 0, 0);
  const again = queue.lease(LIMITS, 0);
  t.deepEqual(ids(again), [1, 2, 4]);
  for (const { ackId } of again.toReversed()) queue.acknowledge(ackId);
  t.is(queue.unackedCount, 1);
});

test('limits on messages and bytes hold, but one message always fits', (t) => {
  const { queue, add } = makeQueue();
  add(5);
  t.is(queue.lease({ ...LIMITS, messagesMax: 2 }, 0).length, 2);
  t.is(queue.lease({ ...LIMITS, bytesMax: 20 }, 0).length, 2);
  t.is(queue.lease({ ...LIMITS, bytesMax: 1 }, 0).length, 1);
});

test('retention drops messages and the leases on them', (t) => {
  const { queue, add, released } = makeQueue();
  add(1, 1_000);
  add(1, 2_000);
  const [old] = queue.lease({ ...LIMITS, messagesMax: 1 }, 0);
  queue.dropBefore(1_500);
  t.deepEqual(released, [0]);
  t.is(queue.unackedCount, 1);
  t.is(queue.acknowledge(old!.ackId), 'stale');
  t.deepEqual(ids(queue.lease(LIMITS, 0)), [1]);
});

test('replacing the holdings makes retained messages available again', (t) => {
  const { queue, add, released } = makeQueue({ retainsAcked: true });
  const segment = add(2);
  for (const { ackId } of queue.lease(LIMITS, 0)) queue.acknowledge(ackId);
  t.deepEqual(released, []);
  queue.replace([new Holding(7, segment)]);
  t.is(segment.holderCount, 1);
  t.deepEqual(ids(queue.lease(LIMITS, 0)), [0, 1]);
});
