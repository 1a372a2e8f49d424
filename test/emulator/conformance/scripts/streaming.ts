/** StreamingPull: the rules of its requests, acks on it, and its end. */
import type { protos } from '@google-cloud/pubsub';
import { systemClock } from '../../../../runtime/index.ts';
import { ackIdsOf, sortedTexts, texts } from '../clients.ts';
import type { Script } from '../script.ts';
import { script } from '../script.ts';

type Request = protos.google.pubsub.v1.IStreamingPullRequest;

export const streamingScripts: readonly Script[] = [
  script(
    'stream-delivers',
    async (c) => {
      const subscription = await c.createPair();
      await c.publish(['waiting']);
      const stream = c.stream({ subscription, streamAckDeadlineSeconds: 10 });
      await stream.take(1);
      await c.publish(['a', { data: 'b', attributes: { k: 'v' } }]);
      await stream.take(3);
      await c.acknowledge(subscription, stream.messages);
      return {
        messages: sortedTexts(stream.messages),
        attributes: c.view(stream.messages.map(({ message }) => message?.attributes ?? {}).at(-1)),
        haveAckIds: stream.messages.every(({ ackId }) => (ackId ?? '') !== ''),
        left: await c.linger(subscription),
      };
    },
    { messages: ['a', 'b', 'waiting'], attributes: { k: 'v' }, haveAckIds: true, left: [] },
  ),
  script(
    'stream-first-request',
    async (c) => {
      const subscription = await c.createPair();
      const cases: Readonly<Record<string, Request>> = {
        'no subscription': { streamAckDeadlineSeconds: 10 },
        'bad name': { subscription: 'nonsense', streamAckDeadlineSeconds: 10 },
        'missing subscription': {
          subscription: c.subscription('missing'),
          streamAckDeadlineSeconds: 10,
        },
        'no deadline': { subscription },
        'deadline of 9 s': { subscription, streamAckDeadlineSeconds: 9 },
        'deadline of 10 s': { subscription, streamAckDeadlineSeconds: 10 },
        'deadline of 600 s': { subscription, streamAckDeadlineSeconds: 600 },
        'deadline of 601 s': { subscription, streamAckDeadlineSeconds: 601 },
        'deadline of -1 s': { subscription, streamAckDeadlineSeconds: -1 },
        acks: { subscription, streamAckDeadlineSeconds: 10, ackIds: ['nonsense'] },
        limits: {
          subscription,
          streamAckDeadlineSeconds: 10,
          maxOutstandingMessages: 10,
          maxOutstandingBytes: 1_000,
          clientId: 'client',
        },
        'unequal lists': {
          subscription,
          streamAckDeadlineSeconds: 10,
          modifyDeadlineAckIds: ['nonsense'],
        },
      };
      const seen = await Promise.all(
        Object.entries(cases).map(async ([label, first]): Promise<[string, string]> => {
          const outcome = await c.stream(first).outcome(1_500);
          return [label, outcome.replaceAll(c.project, 'PROJECT')];
        }),
      );
      return Object.fromEntries(seen);
    },
    {
      'no subscription': 'INVALID_ARGUMENT: first message must set subscription',
      'bad name': 'INVALID_ARGUMENT: Invalid [subscriptions] name: (name=nonsense)',
      'missing subscription': 'NOT_FOUND: Subscription does not exist (resource=missing)',
      'no deadline': 'INVALID_ARGUMENT: first message must set stream_ack_deadline_seconds',
      'deadline of 9 s':
        'INVALID_ARGUMENT: stream_ack_deadline_seconds must be between 10 and 600 seconds',
      'deadline of 10 s': 'open',
      'deadline of 600 s': 'open',
      'deadline of 601 s':
        'INVALID_ARGUMENT: stream_ack_deadline_seconds must be between 10 and 600 seconds',
      'deadline of -1 s':
        'INVALID_ARGUMENT: stream_ack_deadline_seconds must be between 10 and 600 seconds',
      acks: 'INVALID_ARGUMENT: Invalid ack id (ack_id=nonsense)',
      limits: 'open',
      'unequal lists': 'INVALID_ARGUMENT: ack IDs and deadlines must have the same size',
    },
  ),
  script(
    'stream-later-request',
    async (c) => {
      const subscription = await c.createPair();
      const cases: Readonly<Record<string, Request>> = {
        subscription: { subscription },
        'deadline of 10 s': { streamAckDeadlineSeconds: 10 },
        'deadline of 9 s': { streamAckDeadlineSeconds: 9 },
        'deadline of 601 s': { streamAckDeadlineSeconds: 601 },
        'client id': { clientId: 'client' },
        'messages outstanding': { maxOutstandingMessages: 5 },
        'bytes outstanding': { maxOutstandingBytes: 5 },
        nothing: {},
        'bad ack id': { ackIds: ['nonsense'] },
        'bad modify': { modifyDeadlineAckIds: ['nonsense'], modifyDeadlineSeconds: [10] },
        'more ids than deadlines': {
          modifyDeadlineAckIds: ['nonsense', 'more'],
          modifyDeadlineSeconds: [10],
        },
        'modify to 601 s': { modifyDeadlineAckIds: ['nonsense'], modifyDeadlineSeconds: [601] },
      };
      const seen = await Promise.all(
        Object.entries(cases).map(async ([label, later]): Promise<[string, string]> => {
          const stream = c.stream({ subscription, streamAckDeadlineSeconds: 10 });
          stream.write(later);
          const outcome = await stream.outcome(1_500);
          return [label, outcome.replaceAll(c.project, 'PROJECT')];
        }),
      );
      return Object.fromEntries(seen);
    },
    {
      subscription: 'INVALID_ARGUMENT: subscription may only be set in first message',
      'deadline of 10 s': 'open',
      'deadline of 9 s':
        'INVALID_ARGUMENT: stream_ack_deadline_seconds must be between 10 and 600 seconds',
      'deadline of 601 s':
        'INVALID_ARGUMENT: stream_ack_deadline_seconds must be between 10 and 600 seconds',
      'client id': 'open',
      'messages outstanding': 'open',
      'bytes outstanding': 'open',
      nothing: 'open',
      'bad ack id': 'INVALID_ARGUMENT: Invalid ack id (ack_id=nonsense)',
      'bad modify': 'INVALID_ARGUMENT: Invalid ack id (ack_id=nonsense)',
      'more ids than deadlines': 'INVALID_ARGUMENT: ack IDs and deadlines must have the same size',
      'modify to 601 s': 'INVALID_ARGUMENT: Invalid ack id (ack_id=nonsense)',
    },
  ),
  script(
    'stream-acks',
    async (c) => {
      const subscription = await c.createPair();
      const stream = c.stream({ subscription, streamAckDeadlineSeconds: 10 });
      await c.publish(['ack', 'nack']);
      const messages = [...(await stream.take(2))];
      const idOf = (text: string) => ackIdsOf(messages.filter((m) => texts([m])[0] === text));
      stream.write({
        ackIds: idOf('ack'),
        modifyDeadlineAckIds: idOf('nack'),
        modifyDeadlineSeconds: [0],
      });
      await stream.take(3);
      return { first: sortedTexts(messages), again: texts(stream.messages.slice(2)) };
    },
    { first: ['ack', 'nack'], again: ['nack'] },
  ),
  script(
    'stream-nack-by-unary-call',
    async (c) => {
      const subscription = await c.createPair();
      const stream = c.stream({ subscription, streamAckDeadlineSeconds: 10 });
      await c.publish(['again']);
      const [first] = await stream.take(1);
      await c.modify(subscription, [first!], 0);
      await stream.take(2);
      return texts(stream.messages);
    },
    ['again', 'again'],
  ),
  script(
    'stream-two-share',
    async (c) => {
      const subscription = await c.createPair();
      const request = { subscription, streamAckDeadlineSeconds: 60 };
      const streams = [c.stream(request), c.stream(request)];
      for (let batch = 0; batch < 10; batch++) {
        await c.publish(Array.from({ length: 20 }, (_, index) => `${batch * 20 + index}`));
        await systemClock.sleep(60);
      }
      const all = () => streams.flatMap(({ messages }) => messages);
      await streams[0]!.until(() => all().length >= 200);
      return {
        count: all().length,
        distinct: new Set(texts(all())).size,
        doBothGetSome: streams.every(({ messages }) => messages.length > 0),
      };
    },
    { count: 200, distinct: 200, doBothGetSome: true },
  ),
  script(
    'stream-half-closed',
    async (c) => {
      const subscription = await c.createPair();
      const stream = c.stream({ subscription, streamAckDeadlineSeconds: 10 });
      await systemClock.sleep(300);
      stream.end();
      return stream.outcome(3_000);
    },
    'OK',
  ),
  script(
    'stream-cancelled-lease',
    async (c) => {
      const subscription = await c.createPair();
      const stream = c.stream({ subscription, streamAckDeadlineSeconds: 60 });
      await c.publish(['held']);
      await stream.take(1);
      stream.cancel();
      const outcome = await stream.outcome(3_000);
      return { outcome, released: await c.linger(subscription, 2_000) };
    },
    { outcome: 'CANCELLED: Cancelled on client', released: [] },
  ),
  script(
    'stream-deadline-rules-the-lease',
    async (c) => {
      const subscription = await c.createPair({ ackDeadlineSeconds: 600 });
      const stream = c.stream({ subscription, streamAckDeadlineSeconds: 10 });
      await c.publish(['again']);
      await stream.take(1);
      await stream.take(2, 20_000);
      return texts(stream.messages);
    },
    ['again', 'again'],
  ),
  script(
    'stream-flow-control',
    async (c) => {
      const subscription = await c.createPair();
      const stream = c.stream({
        subscription,
        streamAckDeadlineSeconds: 60,
        maxOutstandingMessages: 3,
      });
      await c.publish(Array.from({ length: 10 }, (_, index) => `${index}`));
      await stream.take(4, 1_500);
      const beforeAcks = stream.messages.length;
      await c.acknowledge(subscription, stream.messages.slice(0, 2));
      await stream.take(beforeAcks + 3, 1_500);
      return { beforeAcks, afterTwoAcks: stream.messages.length };
    },
    { beforeAcks: 10, afterTwoAcks: 10 },
  ),
  script(
    'stream-ping-is-answered',
    async (c) => {
      const subscription = await c.createPair();
      const stream = c.stream({
        subscription,
        streamAckDeadlineSeconds: 60,
        protocolVersion: 1,
      });
      await systemClock.sleep(500);
      const before = stream.responses.length;
      stream.write({});
      await stream.until(() => stream.responses.length > before, 1_500);
      return stream.responses.length > before ? 'answered' : 'not answered';
    },
    'not answered',
  ),
  script(
    'stream-subscription-deleted',
    async (c) => {
      const subscription = await c.createPair();
      const stream = c.stream({ subscription, streamAckDeadlineSeconds: 60 });
      await systemClock.sleep(500);
      await c.subscriber.deleteSubscription({ subscription });
      const outcome = await stream.outcome(5_000);
      return outcome.replaceAll(c.project, 'PROJECT');
    },
    'NOT_FOUND: Subscription does not exist (resource=subscription)',
  ),
];
