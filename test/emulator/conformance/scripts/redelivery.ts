/** Delivery attempts, dead letters and the retry policy. */
import { systemClock } from '../../../../runtime/index.ts';
import { texts } from '../clients.ts';
import type { Script } from '../script.ts';
import { script } from '../script.ts';

/** Half of the policy's minimum of 1 s: leaves room for jitter, and no nack comes back so late without one. */
const MINIMUM_BACKOFF_SEEN_MS = 500;

export const redeliveryScripts: readonly Script[] = [
  script(
    'dead-letter-after-five-attempts',
    async (c) => {
      await c.createTopic('dead');
      const subscription = await c.createPair({
        deadLetterPolicy: { deadLetterTopic: c.topic('dead'), maxDeliveryAttempts: 5 },
      });
      const dead = await c.createSubscription({ topic: c.topic('dead') }, 'dead');
      const [id] = await c.publish([{ data: 'poison', attributes: { kind: 'bad' } }]);
      const attempts: number[] = [];
      for (let attempt = 1; attempt <= 5; attempt++) {
        const message = await c.takeOne(subscription);
        attempts.push(message.deliveryAttempt ?? 0);
        await c.modify(subscription, [message], 0);
      }
      const left = await c.linger(subscription);
      const [letter] = await c.take(dead, 1, 3_000);
      const { message } = letter ?? {};
      const attributes = { ...message?.attributes };
      const publishedAt = attributes['CloudPubSubDeadLetterSourceTopicPublishTime'] ?? '';
      delete attributes['CloudPubSubDeadLetterSourceTopicPublishTime'];
      return {
        attempts,
        data: texts(letter ? [letter] : []),
        attributes: c.view(attributes),
        isPublishTimeRfc3339: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$/.test(
          publishedAt,
        ),
        isSameId: message?.messageId === id,
        deliveryAttempt: letter?.deliveryAttempt ?? 0,
        left,
      };
    },
    {
      attempts: [1, 2, 3, 4, 5],
      data: ['poison'],
      attributes: {
        kind: 'bad',
        CloudPubSubDeadLetterSourceDeliveryCount: '5',
        CloudPubSubDeadLetterSourceSubscription: 'subscription',
        CloudPubSubDeadLetterSourceSubscriptionProject: 'PROJECT',
      },
      isPublishTimeRfc3339: true,
      isSameId: false,
      deliveryAttempt: 0,
      left: [],
    },
  ),
  script(
    'dead-letter-keeps-the-ordering-key',
    async (c) => {
      await c.createTopic('dead');
      const subscription = await c.createPair({
        deadLetterPolicy: { deadLetterTopic: c.topic('dead'), maxDeliveryAttempts: 5 },
      });
      const dead = await c.createSubscription({ topic: c.topic('dead') }, 'dead');
      await c.publish([{ data: 'poison', orderingKey: 'k' }]);
      for (let attempt = 1; attempt <= 5; attempt++) {
        await c.modify(subscription, [await c.takeOne(subscription)], 0);
      }
      await c.linger(subscription);
      const letters = await c.take(dead, 1, 3_000);
      return letters.map(({ message }) => message?.orderingKey ?? '');
    },
    ['k'],
  ),
  script(
    'dead-letter-counts-expired-leases',
    async (c) => {
      await c.createTopic('dead');
      const subscription = await c.createPair({
        deadLetterPolicy: { deadLetterTopic: c.topic('dead'), maxDeliveryAttempts: 5 },
      });
      await c.publish(['slow']);
      const attempts: number[] = [];
      for (let attempt = 1; attempt <= 3; attempt++) {
        const message = await c.takeOne(subscription);
        attempts.push(message.deliveryAttempt ?? 0);
        await c.modify(subscription, [message], 1);
      }
      return attempts;
    },
    [1, 2, 3],
  ),
  script(
    'dead-letter-topic-deleted',
    async (c) => {
      await c.createTopic('dead');
      const subscription = await c.createPair({
        deadLetterPolicy: { deadLetterTopic: c.topic('dead'), maxDeliveryAttempts: 5 },
      });
      await c.publish(['poison']);
      await c.publisher.deleteTopic({ topic: c.topic('dead') });
      for (let attempt = 1; attempt <= 5; attempt++) {
        await c.modify(subscription, [await c.takeOne(subscription)], 0);
      }
      return texts(await c.take(subscription, 1));
    },
    ['poison'],
  ),
  script(
    'retry-policy-delays-a-nack',
    async (c) => {
      const subscription = await c.createPair({
        retryPolicy: { minimumBackoff: { seconds: 1 }, maximumBackoff: { seconds: 2 } },
      });
      await c.publish(['later']);
      let message = await c.takeOne(subscription);
      const areDelayed: boolean[] = [];
      for (let attempt = 1; attempt <= 3; attempt++) {
        await c.modify(subscription, [message], 0);
        const startedAtMs = systemClock.monotonicMs();
        message = await c.takeOne(subscription);
        areDelayed.push(systemClock.monotonicMs() - startedAtMs > MINIMUM_BACKOFF_SEEN_MS);
      }
      return areDelayed;
    },
    [false, true, true],
  ),
];
