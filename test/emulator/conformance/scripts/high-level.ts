/** The same through the high-level Node client: what an application sees. */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Message, Subscription } from '@google-cloud/pubsub';
import { Duration } from '@google-cloud/pubsub';
import { systemClock } from '../../../../runtime/index.ts';
import type { Script } from '../script.ts';
import { script } from '../script.ts';

const POLL_MS = 20;
const TIMEOUT_MS = 20_000;

export const highLevelScripts: readonly Script[] = [
  script(
    'client-publish-subscribe',
    async (c) => {
      const pubsub = c.pubsub();
      const [topic] = await pubsub.createTopic('topic');
      const [subscription] = await topic.createSubscription('subscription');
      const seen = listen(subscription, (message) => message.ack());
      const id = await topic.publishMessage({ json: { a: 1 }, attributes: { k: 'v' } });
      await seen.until(1);
      await subscription.close();
      const [message] = seen.messages;
      return {
        isSameId: message?.id === id,
        data: message?.data.toString() ?? '',
        attributes: message?.attributes ?? {},
        left: await c.linger(c.subscription(), 300),
      };
    },
    { isSameId: true, data: '{"a":1}', attributes: { k: 'v' }, left: [] },
  ),
  script(
    'client-ordering',
    async (c) => {
      const pubsub = c.pubsub();
      await pubsub.createTopic('topic');
      const topic = pubsub.topic('topic', { messageOrdering: true });
      const [subscription] = await topic.createSubscription('subscription', {
        enableMessageOrdering: true,
      });
      const seen = listen(subscription, (message) => message.ack());
      for (let at = 0; at < 60; at++) {
        const orderingKey = at % 2 === 0 ? 'even' : 'odd';
        void topic.publishMessage({ data: Buffer.from(`${at}`), orderingKey });
      }
      await seen.until(60);
      await subscription.close();
      const of = (key: string) =>
        seen.messages.filter((m) => m.orderingKey === key).map((m) => Number(m.data.toString()));
      return {
        count: seen.messages.length,
        isEvenAscending: isAscending(of('even')),
        isOddAscending: isAscending(of('odd')),
      };
    },
    { count: 60, isEvenAscending: true, isOddAscending: true },
  ),
  script(
    'client-gzip-bytes',
    async (c) => {
      const pubsub = c.pubsub();
      const [topic] = await pubsub.createTopic('topic');
      const [subscription] = await topic.createSubscription('subscription');
      const seen = listen(subscription, (message) => message.ack());
      const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      await topic.publishMessage({
        data: gzipSync(everyByte),
        attributes: { 'content-encoding': 'gzip' },
      });
      await seen.until(1);
      await subscription.close();
      return gunzipSync(seen.messages[0]!.data).equals(everyByte);
    },
    true,
  ),
  script(
    'client-thousand-messages',
    async (c) => {
      const pubsub = c.pubsub();
      const [topic] = await pubsub.createTopic('topic');
      await topic.createSubscription('subscription');
      const subscription = pubsub.subscription('subscription', {
        flowControl: { maxMessages: 50, allowExcessMessages: false },
        streamingOptions: { maxStreams: 2 },
        batching: { maxMilliseconds: 10 },
      });
      const ids = await Promise.all(
        Array.from({ length: 1_000 }, (_, at) => topic.publishMessage({ json: { at } })),
      );
      const seen = listen(subscription, (message) => message.ack());
      await seen.until(1_000);
      await subscription.close();
      return {
        published: new Set(ids).size,
        received: new Set(seen.messages.map(({ id }) => id)).size,
        left: await c.linger(c.subscription(), 300),
      };
    },
    { published: 1000, received: 1000, left: [] },
  ),
  script(
    'client-ack-nack-modack',
    async (c) => {
      const pubsub = c.pubsub();
      const [topic] = await pubsub.createTopic('topic');
      const [subscription] = await topic.createSubscription('subscription');
      const counts: Record<string, number> = {};
      const seen = listen(subscription, (message) => {
        const text = message.data.toString();
        const count = (counts[text] = (counts[text] ?? 0) + 1);
        if (text === 'nack' && count === 1) return message.nack();
        if (text === 'modack') message.modAck(30);
        message.ack();
      });
      for (const text of ['ack', 'nack', 'modack']) {
        await topic.publishMessage({ data: Buffer.from(text) });
      }
      await seen.until(4);
      await subscription.close();
      return counts;
    },
    { ack: 1, nack: 2, modack: 1 },
  ),
  script(
    'client-exactly-once',
    async (c) => {
      const pubsub = c.pubsub();
      const [topic] = await pubsub.createTopic('topic');
      await topic.createSubscription('subscription', { enableExactlyOnceDelivery: true });
      const subscription = pubsub.subscription('subscription', {
        minAckDeadline: Duration.from({ seconds: 10 }),
      });
      const responses: string[] = [];
      const seen = listen(subscription, (message) => {
        message.ackWithResponse().then(
          (response) => responses.push(response),
          (error: Error) => responses.push(error.message),
        );
      });
      await Promise.all(['a', 'b', 'c'].map((t) => topic.publishMessage({ data: Buffer.from(t) })));
      await seen.until(3);
      await poll(() => responses.length >= 3);
      await subscription.close();
      return { responses, texts: seen.messages.map((m) => m.data.toString()).toSorted() };
    },
    { responses: ['SUCCESS', 'SUCCESS', 'SUCCESS'], texts: ['a', 'b', 'c'] },
  ),
  script(
    'client-missing-subscription',
    async (c) => {
      const subscription = c.pubsub().subscription('missing');
      const failed = new Promise<string>((resolve) => {
        subscription.on('error', (error: Error) => resolve(c.failure(error)));
      });
      subscription.on('message', (message: Message) => message.ack());
      const failure = await failed;
      await subscription.close();
      return failure;
    },
    'NOT_FOUND: Subscription does not exist (resource=missing)',
  ),
];

interface Listener {
  readonly messages: Message[];
  until(count: number): Promise<boolean>;
}

function listen(subscription: Subscription, handle: (message: Message) => void): Listener {
  const messages: Message[] = [];
  subscription.on('message', (message: Message) => {
    messages.push(message);
    handle(message);
  });
  return { messages, until: (count) => poll(() => messages.length >= count) };
}

async function poll(isReached: () => boolean): Promise<boolean> {
  const untilMs = systemClock.monotonicMs() + TIMEOUT_MS;
  while (!isReached()) {
    if (systemClock.monotonicMs() > untilMs) return false;
    await systemClock.sleep(POLL_MS);
  }
  return true;
}

function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => index === 0 || number > numbers[index - 1]!);
}
