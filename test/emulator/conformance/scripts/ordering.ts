/** Messages with an ordering key. */
import { ONE_ATTEMPT, texts } from '../clients.ts';
import type { Clients, ReceivedMessage } from '../clients.ts';
import type { Script } from '../script.ts';
import { script } from '../script.ts';

const ORDERED = { enableMessageOrdering: true };

export const orderingScripts: readonly Script[] = [
  script(
    'ordering-of-one-key',
    async (c) => {
      const subscription = await c.createPair(ORDERED);
      for (let at = 0; at < 30; at += 10) await c.publish(keyed('k', at, 10));
      const got: ReceivedMessage[] = [];
      while (got.length < 30) {
        const batch = await c.take(subscription, 1);
        if (batch.length === 0) break;
        got.push(...batch);
        await c.acknowledge(subscription, batch);
      }
      return texts(got).join(' ');
    },
    '0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29',
  ),
  script(
    'ordering-in-one-pull',
    async (c) => {
      const subscription = await c.createPair(ORDERED);
      await c.publish([...keyed('a', 0, 5), ...keyed('b', 0, 5)]);
      const received = await c.take(subscription, 10, 3_000);
      const of = (key: string) =>
        texts(received.filter(({ message }) => message?.orderingKey === key)).join(' ');
      return { a: of('a'), b: of('b') };
    },
    { a: '0 1 2 3 4', b: '0 1 2 3 4' },
  ),
  script(
    'ordering-holds-back-the-key',
    async (c) => {
      const subscription = await c.createPair(ORDERED);
      await c.publish(keyed('k', 0, 3));
      const first = await c.pullOnce(subscription, 1);
      const second = await c.pullOnce(subscription, 1);
      await c.publish([...keyed('other', 0, 1), 'no key']);
      const others = await c.take(subscription, 2, 3_000);
      return { first: texts(first), second: texts(second), others: texts(others).toSorted() };
    },
    { first: ['0'], second: [], others: ['0', 'no key'] },
  ),
  script(
    'ordering-nack-brings-the-rest-again',
    async (c) => {
      const subscription = await c.createPair(ORDERED);
      await c.publish(keyed('k', 0, 4));
      const received = await c.pullOnce(subscription, 10);
      await c.modify(subscription, received.slice(0, 1), 0);
      const again = await takeAndAck(c, subscription, 4);
      return { received: texts(received), again };
    },
    { received: ['0', '1', '2', '3'], again: ['1', '2', '3', '0'] },
  ),
  script(
    'ordering-nack-in-the-middle',
    async (c) => {
      const subscription = await c.createPair(ORDERED);
      await c.publish(keyed('k', 0, 4));
      const received = await c.pullOnce(subscription, 10);
      await c.acknowledge(subscription, received.slice(0, 1));
      await c.modify(subscription, received.slice(1, 2), 0);
      const again = await takeAndAck(c, subscription, 3);
      return { received: texts(received), again };
    },
    { received: ['0', '1', '2', '3'], again: ['2', '3', '1'] },
  ),
  script(
    'ordering-expiry-keeps-the-order',
    async (c) => {
      const subscription = await c.createPair(ORDERED);
      await c.publish(keyed('k', 0, 3));
      await c.modify(subscription, await c.pullOnce(subscription, 10), 1);
      return takeAndAck(c, subscription, 3);
    },
    ['0', '1', '2'],
  ),
  script(
    'ordering-on-a-stream',
    async (c) => {
      const subscription = await c.createPair(ORDERED);
      const stream = c.stream({ subscription, streamAckDeadlineSeconds: 60 });
      for (let at = 0; at < 40; at += 10) await c.publish(keyed('k', at, 10));
      let ackedCount = 0;
      while (ackedCount < 40) {
        const fresh = (await stream.take(ackedCount + 1)).slice(ackedCount);
        if (fresh.length === 0) break;
        await c.acknowledge(subscription, fresh);
        ackedCount += fresh.length;
      }
      return texts(stream.messages).join(' ');
    },
    '0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39',
  ),
  script(
    'ordering-not-asked-for',
    async (c) => {
      const subscription = await c.createPair();
      await c.publish(keyed('k', 0, 3));
      const first = await c.pullOnce(subscription, 1);
      const second = await c.pullOnce(subscription, 1);
      const keys = [...first, ...second].map(({ message }) => message?.orderingKey ?? '');
      const [read] = await c.subscriber.getSubscription({ subscription }, ONE_ATTEMPT);
      return { counts: [first.length, second.length], keys, subscription: c.view(read.topic) };
    },
    { counts: [1, 1], keys: ['k', 'k'], subscription: 'projects/PROJECT/topics/topic' },
  ),
];

function keyed(orderingKey: string, from: number, count: number) {
  return Array.from({ length: count }, (_, index) => ({ data: `${from + index}`, orderingKey }));
}

async function takeAndAck(c: Clients, subscription: string, count: number): Promise<string[]> {
  const seen: string[] = [];
  while (seen.length < count) {
    const batch = await c.take(subscription, 1, 15_000);
    if (batch.length === 0) break;
    seen.push(...texts(batch));
    await c.acknowledge(subscription, batch);
  }
  return seen;
}
