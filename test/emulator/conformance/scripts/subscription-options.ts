/** The options of a subscription, each with its bounds. */
import type { protos } from '@google-cloud/pubsub';
import type { Clients } from '../clients.ts';
import { ONE_ATTEMPT } from '../clients.ts';
import type { Observation, Script } from '../script.ts';
import { script } from '../script.ts';

type Options = protos.google.pubsub.v1.ISubscription;
const DAY_SECONDS = 86_400;

export const subscriptionOptionScripts: readonly Script[] = [
  script(
    'subscription-all-options',
    async (c) => {
      await c.createTopic('dead');
      await c.createPair({
        ackDeadlineSeconds: 30,
        retainAckedMessages: true,
        messageRetentionDuration: { seconds: 3_600 },
        labels: { team: 'data' },
        enableMessageOrdering: true,
        filter: 'attributes:kind',
        deadLetterPolicy: { deadLetterTopic: c.topic('dead'), maxDeliveryAttempts: 7 },
        retryPolicy: { minimumBackoff: { seconds: 1 }, maximumBackoff: { seconds: 60 } },
        enableExactlyOnceDelivery: true,
        expirationPolicy: { ttl: { seconds: 2 * DAY_SECONDS } },
      });
      const [read] = await c.subscriber.getSubscription(
        { subscription: c.subscription() },
        ONE_ATTEMPT,
      );
      return c.view(read);
    },
    {
      labels: { team: 'data' },
      name: 'projects/PROJECT/subscriptions/subscription',
      topic: 'projects/PROJECT/topics/topic',
      ackDeadlineSeconds: 30,
      retainAckedMessages: true,
      messageRetentionDuration: { seconds: '3600' },
      enableMessageOrdering: true,
      expirationPolicy: { ttl: { seconds: '172800' } },
      filter: 'attributes:kind',
      deadLetterPolicy: { deadLetterTopic: 'projects/PROJECT/topics/dead', maxDeliveryAttempts: 7 },
      retryPolicy: { minimumBackoff: { seconds: '1' }, maximumBackoff: { seconds: '60' } },
      enableExactlyOnceDelivery: true,
    },
  ),
  bounds(
    'subscription-ack-deadline-bounds',
    {
      '-1 s': { ackDeadlineSeconds: -1 },
      'left out': {},
      '9 s': { ackDeadlineSeconds: 9 },
      '10 s': { ackDeadlineSeconds: 10 },
      '600 s': { ackDeadlineSeconds: 600 },
      '601 s': { ackDeadlineSeconds: 601 },
    },
    {
      '-1 s': 'INVALID_ARGUMENT: ack_deadline_secs out of bounds',
      'left out': 'OK: 10 s',
      '9 s': { ackDeadlineSeconds: 9 },
      '10 s': { ackDeadlineSeconds: 10 },
      '600 s': { ackDeadlineSeconds: 600 },
      '601 s': 'INVALID_ARGUMENT: ack_deadline_secs out of bounds',
    },
  ),
  bounds(
    'subscription-retention-bounds',
    {
      '599 s': { messageRetentionDuration: { seconds: 599 } },
      '10 min': { messageRetentionDuration: { seconds: 600 } },
      '7 d': { messageRetentionDuration: { seconds: 7 * DAY_SECONDS } },
      '7 d and 1 s': { messageRetentionDuration: { seconds: 7 * DAY_SECONDS + 1 } },
      '31 d': { messageRetentionDuration: { seconds: 31 * DAY_SECONDS } },
      '31 d and 1 s': { messageRetentionDuration: { seconds: 31 * DAY_SECONDS + 1 } },
      negative: { messageRetentionDuration: { seconds: -1 } },
    },
    {
      '599 s': 'INVALID_ARGUMENT: message_retention_duration out of bounds',
      '10 min': { messageRetentionDuration: { seconds: '600' } },
      '7 d': { messageRetentionDuration: { seconds: '604800' } },
      '7 d and 1 s': 'INVALID_ARGUMENT: message_retention_duration out of bounds',
      '31 d': 'INVALID_ARGUMENT: message_retention_duration out of bounds',
      '31 d and 1 s': 'INVALID_ARGUMENT: message_retention_duration out of bounds',
      negative: 'INVALID_ARGUMENT: message_retention_duration out of bounds',
    },
  ),
  bounds(
    'subscription-retry-policy-bounds',
    {
      empty: { retryPolicy: {} },
      zero: { retryPolicy: { minimumBackoff: { seconds: 0 }, maximumBackoff: { seconds: 0 } } },
      '600 s': {
        retryPolicy: { minimumBackoff: { seconds: 600 }, maximumBackoff: { seconds: 600 } },
      },
      'minimum of 601 s': { retryPolicy: { minimumBackoff: { seconds: 601 } } },
      'maximum of 601 s': { retryPolicy: { maximumBackoff: { seconds: 601 } } },
      negative: { retryPolicy: { minimumBackoff: { seconds: -1 } } },
      'minimum above maximum': {
        retryPolicy: { minimumBackoff: { seconds: 20 }, maximumBackoff: { seconds: 10 } },
      },
      'minimum above the default maximum': { retryPolicy: { minimumBackoff: { seconds: 599 } } },
    },
    {
      empty: {
        retryPolicy: { minimumBackoff: { seconds: '10' }, maximumBackoff: { seconds: '600' } },
      },
      zero: { retryPolicy: { minimumBackoff: { seconds: '0' }, maximumBackoff: { seconds: '0' } } },
      '600 s': {
        retryPolicy: { minimumBackoff: { seconds: '600' }, maximumBackoff: { seconds: '600' } },
      },
      'minimum of 601 s':
        'INVALID_ARGUMENT: The value for minimum_backoff is out of bounds. You passed 601s in the request, but the value must be between 0s and 600s.',
      'maximum of 601 s':
        'INVALID_ARGUMENT: The value for maximum_backoff is out of bounds. You passed 601s in the request, but the value must be between 0s and 600s.',
      negative:
        'INVALID_ARGUMENT: The value for minimum_backoff is out of bounds. You passed -1s in the request, but the value must be between 0s and 600s.',
      'minimum above maximum':
        'INVALID_ARGUMENT: The value for maximum_backoff is too small. You passed 10s in the request, but the minimum value is 20s.',
      'minimum above the default maximum': {
        retryPolicy: { minimumBackoff: { seconds: '599' }, maximumBackoff: { seconds: '600' } },
      },
    },
  ),
  bounds(
    'subscription-expiration-bounds',
    {
      never: { expirationPolicy: {} },
      '1 d': { expirationPolicy: { ttl: { seconds: DAY_SECONDS } } },
      'below 1 d': { expirationPolicy: { ttl: { seconds: DAY_SECONDS - 1 } } },
    },
    {
      never: {},
      '1 d': { expirationPolicy: { ttl: { seconds: '86400' } } },
      'below 1 d': { expirationPolicy: { ttl: { seconds: '86399' } } },
    },
  ),
  script(
    'subscription-dead-letter-bounds',
    async (c) => {
      await c.createTopic();
      await c.createTopic('dead');
      const attempts = (maxDeliveryAttempts: number) => ({
        deadLetterPolicy: { deadLetterTopic: c.topic('dead'), maxDeliveryAttempts },
      });
      return createEach(c, {
        'left out': attempts(0),
        '-1': attempts(-1),
        '4': attempts(4),
        '5': attempts(5),
        '100': attempts(100),
        '101': attempts(101),
        'missing topic': deadLettersTo(c.topic('missing')),
        'bad topic name': deadLettersTo('nonsense'),
        'no topic': deadLettersTo(''),
        'its own topic': deadLettersTo(c.topic()),
      });
    },
    {
      '4': 'OUT_OF_RANGE: The value for max_delivery_attempts is too small. You passed 4 in the request, but the minimum value is 5.',
      '5': {
        deadLetterPolicy: {
          deadLetterTopic: 'projects/PROJECT/topics/dead',
          maxDeliveryAttempts: 5,
        },
      },
      '100': {
        deadLetterPolicy: {
          deadLetterTopic: 'projects/PROJECT/topics/dead',
          maxDeliveryAttempts: 100,
        },
      },
      '101':
        'OUT_OF_RANGE: The value for max_delivery_attempts is too large. You passed 101 in the request, but the maximum value is 100.',
      'left out': {
        deadLetterPolicy: {
          deadLetterTopic: 'projects/PROJECT/topics/dead',
          maxDeliveryAttempts: 5,
        },
      },
      '-1': 'OUT_OF_RANGE: The value for max_delivery_attempts is too small. You passed -1 in the request, but the minimum value is 5.',
      'missing topic': 'NOT_FOUND: Dead letter topic not found',
      'bad topic name': 'NOT_FOUND: Dead letter topic not found',
      'no topic': 'NOT_FOUND: Dead letter topic not found',
      'its own topic': {
        deadLetterPolicy: {
          deadLetterTopic: 'projects/PROJECT/topics/topic',
          maxDeliveryAttempts: 5,
        },
      },
    },
  ),
];

/** A script that creates one subscription after the other and tells which were taken, and as what. */
function bounds(
  id: string,
  cases: Readonly<Record<string, Options>>,
  expected: Observation,
): Script {
  return script(
    id,
    async (c) => {
      await c.createTopic();
      return createEach(c, cases);
    },
    expected,
  );
}

async function createEach(
  c: Clients,
  cases: Readonly<Record<string, Options>>,
): Promise<Record<string, Observation>> {
  const seen: Record<string, Observation> = {};
  for (const [index, [label, options]] of Object.entries(cases).entries()) {
    const name = c.subscription(`case-${index}`);
    const request = { name, topic: c.topic(), ...options };
    seen[label] = await c.subscriber.createSubscription(request, ONE_ATTEMPT).then(
      ([created]) => {
        const asked = Object.keys(options) as (keyof Options)[];
        return asked.length === 0
          ? `OK: ${created.ackDeadlineSeconds} s`
          : c.view(Object.fromEntries(asked.map((key) => [key, created[key]])));
      },
      (error: unknown) => c.failure(error),
    );
  }
  return seen;
}

function deadLettersTo(deadLetterTopic: string): Options {
  return { deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: 5 } };
}
