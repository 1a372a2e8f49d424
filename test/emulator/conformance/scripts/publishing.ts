/** Publish: what a message may hold, and the limits of a request. */
import { ONE_ATTEMPT, texts } from '../clients.ts';
import type { Script } from '../script.ts';
import { script } from '../script.ts';

/** 40 days: more milliseconds than 31 bits hold. Python's client sends such deadlines with ordered publishes. */
const LONG_TIMEOUT_MS = 40 * 86_400_000;

export const publishScripts: readonly Script[] = [
  script(
    'publish-round-trip',
    async (c) => {
      const subscription = await c.createPair();
      const ids = await c.publish([{ data: 'héllo', attributes: { kind: 'greeting', empty: '' } }]);
      const { message, ackId, deliveryAttempt } = await c.takeOne(subscription);
      return {
        isSameId: message?.messageId === ids[0],
        hasPublishTime: Number(message?.publishTime?.seconds) > 1_700_000_000,
        data: texts([{ message: message ?? {} }]),
        attributes: message?.attributes ?? {},
        orderingKey: message?.orderingKey ?? '',
        hasAckId: (ackId ?? '') !== '',
        deliveryAttempt: deliveryAttempt ?? 0,
      };
    },
    {
      isSameId: true,
      hasPublishTime: true,
      data: ['héllo'],
      attributes: { kind: 'greeting', empty: '' },
      orderingKey: '',
      hasAckId: true,
      deliveryAttempt: 0,
    },
  ),
  script(
    'publish-ids',
    async (c) => {
      await c.createTopic();
      const ids = await c.publish(['a', 'b', 'c']);
      const more = await c.publish([{ data: 'd', messageId: 'mine' }]);
      return {
        counts: [ids.length, more.length],
        areUnique: new Set([...ids, ...more]).size === 4,
        isClientIdIgnored: more[0] !== 'mine',
      };
    },
    { counts: [3, 1], areUnique: true, isClientIdIgnored: true },
  ),
  script(
    'publish-what-a-message-needs',
    async (c) => {
      await c.createTopic();
      return c.outcomes({
        'no messages': () => c.publish([]),
        'neither data nor attributes': () => c.publish([{}]),
        'an ordering key alone': () => c.publish([{ orderingKey: 'k' }]),
        'attributes alone': () => c.publish([{ attributes: { a: 'b' } }]),
        'one empty among good': () => c.publish(['good', {}]),
      });
    },
    {
      'no messages': 'INVALID_ARGUMENT: No messages to publish',
      'neither data nor attributes': 'INVALID_ARGUMENT: Some messages are empty',
      'an ordering key alone': 'INVALID_ARGUMENT: Some messages are empty',
      'attributes alone': 'OK',
      'one empty among good': 'INVALID_ARGUMENT: Some messages are empty',
    },
  ),
  script(
    'publish-attribute-bounds',
    async (c) => {
      await c.createTopic();
      const attributes = (pairs: Record<string, string>) => () =>
        c.publish([{ data: 'x', attributes: pairs }]);
      return c.outcomes({
        'key of 256 bytes': attributes({ ['k'.repeat(256)]: 'v' }),
        'key of 257 bytes': attributes({ ['k'.repeat(257)]: 'v' }),
        'empty key': attributes({ '': 'v' }),
        'key starts with goog': attributes({ googlish: 'v' }),
        'value of 1,024 bytes': attributes({ k: 'v'.repeat(1_024) }),
        'value of 1,025 bytes': attributes({ k: 'v'.repeat(1_025) }),
        '100 attributes': attributes(manyAttributes(100)),
        '101 attributes': attributes(manyAttributes(101)),
      });
    },
    {
      'key of 256 bytes': 'OK',
      'key of 257 bytes': 'OK',
      'empty key': 'OK',
      'key starts with goog': 'OK',
      'value of 1,024 bytes': 'OK',
      'value of 1,025 bytes': 'OK',
      '100 attributes': 'OK',
      '101 attributes': 'OK',
    },
  ),
  script(
    'publish-ordering-key-bounds',
    async (c) => {
      await c.createTopic();
      return c.outcomes({
        '1,024 bytes': () => c.publish([{ data: 'x', orderingKey: 'k'.repeat(1_024) }]),
        '1,025 bytes': () => c.publish([{ data: 'x', orderingKey: 'k'.repeat(1_025) }]),
      });
    },
    { '1,024 bytes': 'OK', '1,025 bytes': 'OK' },
  ),
  script(
    'publish-message-count-bounds',
    async (c) => {
      await c.createTopic();
      return c.outcomes({
        '1,000 messages': () => c.publish(Array<string>(1_000).fill('x')),
        '1,001 messages': () => c.publish(Array<string>(1_001).fill('x')),
      });
    },
    { '1,000 messages': 'OK', '1,001 messages': 'INVALID_ARGUMENT: Too many messages to publish' },
  ),
  script(
    'publish-size-bounds',
    async (c) => {
      await c.createTopic();
      return c.outcomes({
        '9,000,000 bytes': () => c.publish(['x'.repeat(9_000_000)]),
        '9,000,000 bytes in three': () => c.publish(Array<string>(3).fill('x'.repeat(3_000_000))),
      });
    },
    { '9,000,000 bytes': 'OK', '9,000,000 bytes in three': 'OK' },
  ),
  script(
    'publish-to-no-topic',
    (c) =>
      c.outcomes({
        missing: () => c.publish(['x']),
        'bad name': () => c.publish(['x'], 'nonsense'),
        'empty name': () => c.publish(['x'], ''),
        'missing, and no messages': () => c.publish([]),
      }),
    {
      missing: 'NOT_FOUND: Topic not found',
      'bad name': 'INVALID_ARGUMENT: Invalid [topics] name: (name=nonsense)',
      'empty name': 'INVALID_ARGUMENT: Invalid [topics] name: (name=)',
      'missing, and no messages': 'NOT_FOUND: Topic not found',
    },
  ),
  script(
    'publish-with-a-long-deadline',
    async (c) => {
      const subscription = await c.createPair();
      const outcomes = new Set<string>();
      for (let at = 0; at < 40; at++) {
        const messages = [{ data: Buffer.from('x') }];
        const call = c.publisher.publish(
          { topic: c.topic(), messages },
          { ...ONE_ATTEMPT, timeout: LONG_TIMEOUT_MS },
        );
        outcomes.add(await c.outcome(call));
      }
      return { outcomes: [...outcomes], stored: (await c.take(subscription, 40)).length };
    },
    { outcomes: ['OK'], stored: 40 },
  ),
  script(
    'publish-fans-out',
    async (c) => {
      await c.createTopic();
      await c.publish(['before any subscription']);
      const first = await c.createSubscription({}, 'first');
      await c.publish(['to the first']);
      const second = await c.createSubscription({}, 'second');
      await c.publish(['to both']);
      const [ofFirst, ofSecond] = [await c.take(first, 2), await c.take(second, 1)];
      await c.acknowledge(first, ofFirst);
      return {
        first: texts(ofFirst).toSorted(),
        second: texts(ofSecond),
        moreOfFirst: await c.linger(first),
      };
    },
    { first: ['to both', 'to the first'], second: ['to both'], moreOfFirst: [] },
  ),
  script(
    'publish-times-ascend',
    async (c) => {
      const subscription = await c.createPair();
      for (const text of ['a', 'b', 'c']) await c.publish([text]);
      const [topic] = await c.publisher.getTopic({ topic: c.topic() }, ONE_ATTEMPT);
      const received = await c.take(subscription, 3);
      const timeOf = Object.fromEntries(
        received.map(({ message }) => [
          Buffer.from(message?.data ?? '').toString(),
          Number(message?.publishTime?.seconds) * 1e6 + Number(message?.publishTime?.nanos) / 1e3,
        ]),
      );
      return {
        topic: c.view(topic),
        areAscending: timeOf['a']! <= timeOf['b']! && timeOf['b']! <= timeOf['c']!,
      };
    },
    { topic: { name: 'projects/PROJECT/topics/topic' }, areAscending: true },
  ),
];

function manyAttributes(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));
}
