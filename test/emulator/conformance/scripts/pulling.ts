/** Pull, acknowledge, and the life of a lease. */
import { systemClock } from '../../../../runtime/index.ts';
import { ackIdsOf, ONE_ATTEMPT, sortedTexts, texts } from '../clients.ts';
import type { Script } from '../script.ts';
import { script } from '../script.ts';

export const pullScripts: readonly Script[] = [
  script(
    'pull-max-messages',
    async (c) => {
      const subscription = await c.createPair();
      await c.publish(['a', 'b', 'c', 'd', 'e']);
      const first = await c.pullOnce(subscription, 2);
      const rest = await c.take(subscription, 3);
      return {
        first: first.length,
        all: [...texts(first), ...texts(rest)].toSorted(),
        leased: await c.linger(subscription),
      };
    },
    { first: 2, all: ['a', 'b', 'c', 'd', 'e'], leased: [] },
  ),
  script(
    'pull-bounds',
    async (c) => {
      const subscription = await c.createPair();
      return c.outcomes({
        'zero messages': () => c.pullOnce(subscription, 0),
        negative: () => c.pullOnce(subscription, -1),
        'very many': () => c.pullOnce(subscription, 1_000_000),
        'nothing there': () => c.pullOnce(subscription),
        'bad name': () => c.pullOnce('nonsense'),
        'empty name': () => c.pullOnce(''),
      });
    },
    {
      'zero messages': 'INVALID_ARGUMENT: No max_messages specified',
      negative: 'OK',
      'very many': 'OK',
      'nothing there': 'OK',
      'bad name': 'INVALID_ARGUMENT: Invalid [subscriptions] name: (name=nonsense)',
      'empty name': 'INVALID_ARGUMENT: Invalid [subscriptions] name: (name=)',
    },
  ),
  script(
    'pull-waits-for-a-message',
    async (c) => {
      const subscription = await c.createPair();
      const waiting = c.subscriber.pull({ subscription, maxMessages: 10 }, ONE_ATTEMPT);
      await systemClock.sleep(300);
      await c.publish(['at last']);
      const [response] = await waiting;
      return texts(response.receivedMessages ?? []);
    },
    ['at last'],
  ),
  script(
    'acknowledge-ends-it',
    async (c) => {
      const subscription = await c.createPair();
      await c.publish(['a', 'b']);
      const messages = await c.take(subscription, 2);
      await c.acknowledge(subscription, messages);
      const again = await c.outcome(c.acknowledge(subscription, messages));
      const nackAfter = await c.outcome(c.modify(subscription, messages, 0));
      return { again, nackAfter, left: await c.linger(subscription) };
    },
    { again: 'OK', nackAfter: 'OK', left: [] },
  ),
  script(
    'acknowledge-bad-ids',
    async (c) => {
      const subscription = await c.createPair();
      const other = await c.createSubscription({}, 'other');
      await c.publish(['a']);
      const message = await c.takeOne(subscription);
      const seen = await c.outcomes({
        'no ids': () => c.acknowledge(subscription, []),
        nonsense: () => c.acknowledge(subscription, [{ ackId: 'nonsense' }]),
        empty: () => c.acknowledge(subscription, [{ ackId: '' }]),
        "another subscription's": () => c.acknowledge(other, [message]),
        'nonsense beside a good one': () =>
          c.acknowledge(subscription, [{ ackId: 'nonsense' }, message]),
      });
      const ofOther = await c.take(other, 1, 3_000);
      return { ...seen, ofOther: texts(ofOther) };
    },
    {
      'no ids': 'INVALID_ARGUMENT: No ack ids specified.',
      nonsense: 'INVALID_ARGUMENT: Invalid ack id (ack_id=nonsense)',
      empty: 'INVALID_ARGUMENT: Invalid ack id (ack_id=)',
      "another subscription's":
        'INVALID_ARGUMENT: Subscription projects/PROJECT/subscriptions/other received an invalid ack ID projects/PROJECT/subscriptions/subscription:N, meant for subscription: projects/PROJECT/subscriptions/subscription',
      'nonsense beside a good one': 'INVALID_ARGUMENT: Invalid ack id (ack_id=nonsense)',
      ofOther: ['a'],
    },
  ),
  script(
    'modify-bounds',
    async (c) => {
      const subscription = await c.createPair();
      await c.publish(['a']);
      const message = await c.takeOne(subscription);
      const to = (seconds: number) => () => c.modify(subscription, [message], seconds);
      return c.outcomes({
        'no ids': () => c.modify(subscription, [], 10),
        nonsense: () => c.modify(subscription, [{ ackId: 'nonsense' }], 10),
        '-1 s': to(-1),
        '1 s': to(1),
        '9 s': to(9),
        '600 s': to(600),
        '601 s': to(601),
        nothing: to(0),
      });
    },
    {
      'no ids': 'INVALID_ARGUMENT: No ack ids specified',
      nonsense: 'INVALID_ARGUMENT: Invalid ack id (ack_id=nonsense)',
      '-1 s': 'INVALID_ARGUMENT: Ack deadline cannot be negative',
      '1 s': 'OK',
      '9 s': 'OK',
      '600 s': 'OK',
      '601 s': 'OK',
      nothing: 'OK',
    },
  ),
  script(
    'nack-redelivers-at-once',
    async (c) => {
      const subscription = await c.createPair();
      const [id] = await c.publish(['again']);
      const first = await c.takeOne(subscription);
      await c.modify(subscription, [first], 0);
      const second = await c.take(subscription, 1, 5_000);
      return {
        texts: texts(second),
        isSameMessage: second[0]?.message?.messageId === id,
        isNewAckId: second[0]?.ackId !== first.ackId,
        deliveryAttempt: second[0]?.deliveryAttempt ?? 0,
      };
    },
    { texts: ['again'], isSameMessage: true, isNewAckId: true, deliveryAttempt: 0 },
  ),
  script(
    'lease-of-one-second-expires',
    async (c) => {
      const subscription = await c.createPair();
      await c.publish(['again']);
      await c.modify(subscription, [await c.takeOne(subscription)], 1);
      const early = await c.linger(subscription, 300);
      return { early, later: texts(await c.take(subscription, 1, 8_000)) };
    },
    { early: [], later: ['again'] },
  ),
  script(
    'lease-of-ten-seconds-expires',
    async (c) => {
      const subscription = await c.createPair({ ackDeadlineSeconds: 10 });
      await c.publish(['again']);
      await c.takeOne(subscription);
      const early = await c.linger(subscription, 6_000);
      return { early, later: texts(await c.take(subscription, 1, 15_000)) };
    },
    { early: [], later: ['again'] },
  ),
  script(
    'lease-extended-holds',
    async (c) => {
      const subscription = await c.createPair();
      await c.publish(['held']);
      const message = await c.takeOne(subscription);
      await c.modify(subscription, [message], 1);
      await c.modify(subscription, [message], 60);
      const early = await c.linger(subscription, 2_500);
      await c.acknowledge(subscription, [message]);
      return { early, later: await c.linger(subscription, 300) };
    },
    { early: [], later: [] },
  ),
  script(
    'acknowledge-after-expiry',
    async (c) => {
      const subscription = await c.createPair();
      await c.publish(['again']);
      const first = await c.takeOne(subscription);
      await c.modify(subscription, [first], 1);
      const second = await c.take(subscription, 1, 8_000);
      const late = await c.outcome(c.acknowledge(subscription, [first]));
      await c.modify(subscription, second, 0);
      return { second: texts(second), late, third: await c.linger(subscription, 1_500) };
    },
    { second: ['again'], late: 'OK', third: ['again'] },
  ),
  script(
    'modify-after-acknowledge',
    async (c) => {
      const subscription = await c.createPair();
      await c.publish(['a', 'b']);
      const messages = await c.take(subscription, 2);
      await c.acknowledge(subscription, messages.slice(0, 1));
      const mixed = await c.outcome(
        c.subscriber.modifyAckDeadline(
          { subscription, ackIds: ackIdsOf(messages), ackDeadlineSeconds: 0 },
          ONE_ATTEMPT,
        ),
      );
      const back = await c.take(subscription, 1, 5_000);
      return {
        mixed,
        isTheOther: sortedTexts(back)[0] === texts(messages)[1],
        back: back.length,
      };
    },
    { mixed: 'OK', isTheOther: true, back: 1 },
  ),
];
