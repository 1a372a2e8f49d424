/** Exactly-once delivery: acks that are answered one by one. */
import type { Clients } from '../clients.ts';
import { ackIdsOf, ONE_ATTEMPT, texts } from '../clients.ts';
import type { Observation, Script } from '../script.ts';
import { script } from '../script.ts';

const EXACTLY_ONCE = { enableExactlyOnceDelivery: true };

export const exactlyOnceScripts: readonly Script[] = [
  script(
    'exactly-once-acknowledge',
    async (c) => {
      const subscription = await c.createPair(EXACTLY_ONCE);
      await c.publish(['a']);
      const messages = await c.take(subscription, 1);
      return {
        first: await confirmed(c, c.acknowledge(subscription, messages)),
        again: await confirmed(c, c.acknowledge(subscription, messages)),
        left: await c.linger(subscription),
      };
    },
    {
      first: 'OK',
      again: {
        outcome: 'INVALID_ARGUMENT: ',
        reason: 'EXACTLY_ONCE_ACKID_FAILURE',
        perAckId: ['PERMANENT_FAILURE_INVALID_ACK_ID'],
      },
      left: [],
    },
  ),
  script(
    'exactly-once-expired-lease',
    async (c) => {
      const subscription = await c.createPair(EXACTLY_ONCE);
      await c.publish(['a']);
      const first = await c.take(subscription, 1);
      await c.modify(subscription, first, 1);
      const second = await c.take(subscription, 1, 8_000);
      return {
        second: texts(second),
        ackOfExpired: await confirmed(c, c.acknowledge(subscription, first)),
        modifyOfExpired: await confirmed(c, c.modify(subscription, first, 30)),
        ackOfCurrent: await confirmed(c, c.acknowledge(subscription, second)),
      };
    },
    {
      second: ['a'],
      ackOfExpired: {
        outcome: 'INVALID_ARGUMENT: ',
        reason: 'EXACTLY_ONCE_ACKID_FAILURE',
        perAckId: ['PERMANENT_FAILURE_INVALID_ACK_ID'],
      },
      modifyOfExpired: {
        outcome: 'INVALID_ARGUMENT: ',
        reason: 'EXACTLY_ONCE_ACKID_FAILURE',
        perAckId: ['PERMANENT_FAILURE_INVALID_ACK_ID'],
      },
      ackOfCurrent: 'OK',
    },
  ),
  script(
    'exactly-once-nacked',
    async (c) => {
      const subscription = await c.createPair(EXACTLY_ONCE);
      await c.publish(['a']);
      const first = await c.take(subscription, 1);
      const nack = await confirmed(c, c.modify(subscription, first, 0));
      const second = await c.take(subscription, 1, 5_000);
      return {
        nack,
        second: texts(second),
        ackOfNacked: await confirmed(c, c.acknowledge(subscription, first)),
      };
    },
    {
      nack: 'OK',
      second: ['a'],
      ackOfNacked: {
        outcome: 'INVALID_ARGUMENT: ',
        reason: 'EXACTLY_ONCE_ACKID_FAILURE',
        perAckId: ['PERMANENT_FAILURE_INVALID_ACK_ID'],
      },
    },
  ),
  script(
    'exactly-once-mixed',
    async (c) => {
      const subscription = await c.createPair(EXACTLY_ONCE);
      await c.publish(['a', 'b']);
      const messages = await c.take(subscription, 2);
      await c.acknowledge(subscription, messages.slice(0, 1));
      const mixed = await confirmed(c, c.acknowledge(subscription, messages));
      return { mixed, left: await c.linger(subscription) };
    },
    {
      mixed: {
        outcome: 'INVALID_ARGUMENT: ',
        reason: 'EXACTLY_ONCE_ACKID_FAILURE',
        perAckId: ['PERMANENT_FAILURE_INVALID_ACK_ID'],
      },
      left: [],
    },
  ),
  script(
    'exactly-once-bad-ids',
    async (c) => {
      const subscription = await c.createPair(EXACTLY_ONCE);
      return {
        acknowledge: await confirmed(c, c.acknowledge(subscription, [{ ackId: 'nonsense' }])),
        modify: await confirmed(c, c.modify(subscription, [{ ackId: 'nonsense' }], 10)),
      };
    },
    {
      acknowledge: {
        outcome: 'INVALID_ARGUMENT: Invalid ack id (ack_id=nonsense)',
        reason: '',
        perAckId: [],
      },
      modify: {
        outcome: 'INVALID_ARGUMENT: Invalid ack id (ack_id=nonsense)',
        reason: '',
        perAckId: [],
      },
    },
  ),
  script(
    'exactly-once-stream-confirms',
    async (c) => {
      const subscription = await c.createPair(EXACTLY_ONCE);
      const stream = c.stream({ subscription, streamAckDeadlineSeconds: 60 });
      await c.publish(['a', 'b', 'c']);
      await stream.take(3);
      const [first, second, third] = ackIdsOf(stream.messages);
      const properties = stream.responses
        .filter((response) => (response.receivedMessages ?? []).length > 0)
        .map((response) => c.view(response.subscriptionProperties))
        .at(0);
      const confirmations = () =>
        stream.responses
          .flatMap((response) => [
            ...(response.acknowledgeConfirmation
              ? [{ ack: response.acknowledgeConfirmation }]
              : []),
            ...(response.modifyAckDeadlineConfirmation
              ? [{ modify: response.modifyAckDeadlineConfirmation }]
              : []),
          ])
          .map((confirmation) => countIds(confirmation));
      stream.write({ ackIds: [first!] });
      await stream.until(() => confirmations().length >= 1, 3_000);
      stream.write({ modifyDeadlineAckIds: [second!], modifyDeadlineSeconds: [30] });
      await stream.until(() => confirmations().length >= 2, 3_000);
      stream.write({ ackIds: [first!, third!] });
      await stream.until(() => confirmations().length >= 3, 3_000);
      return { properties: properties ?? {}, confirmations: confirmations() };
    },
    {
      properties: { exactlyOnceDeliveryEnabled: true },
      confirmations: [{ ack: {} }, { modify: {} }],
    },
  ),
  script(
    'exactly-once-not-asked-for',
    async (c) => {
      const subscription = await c.createPair();
      const stream = c.stream({ subscription, streamAckDeadlineSeconds: 60 });
      await c.publish(['a']);
      const [message] = await stream.take(1);
      stream.write({ ackIds: ackIdsOf([message!]) });
      await stream.until(() => stream.responses.some((r) => r.acknowledgeConfirmation), 800);
      const [read] = await c.subscriber.getSubscription({ subscription }, ONE_ATTEMPT);
      return {
        hasConfirmation: stream.responses.some((r) => Boolean(r.acknowledgeConfirmation)),
        properties: c.view(stream.responses[0]?.subscriptionProperties),
        isExactlyOnce: read.enableExactlyOnceDelivery ?? false,
      };
    },
    { hasConfirmation: true, properties: {}, isExactlyOnce: false },
  ),
];

/** `OK`, or the status with the reasons that its ErrorInfo gives, without the ack ids. */
async function confirmed(c: Clients, call: Promise<unknown>): Promise<Observation> {
  try {
    await call;
    return 'OK';
  } catch (error) {
    const { errorInfoMetadata, reason } = error as {
      errorInfoMetadata?: Readonly<Record<string, string>>;
      reason?: string;
    };
    return {
      outcome: c.failure(error),
      reason: reason ?? '',
      perAckId: Object.values(errorInfoMetadata ?? {}),
    };
  }
}

/** Confirmations with each list of ack ids as its length. */
function countIds(value: object): Observation {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]): [string, Observation][] => {
      if (Array.isArray(item)) return item.length > 0 ? [[key, item.length]] : [];
      return typeof item === 'object' && item !== null ? [[key, countIds(item as object)]] : [];
    }),
  );
}
