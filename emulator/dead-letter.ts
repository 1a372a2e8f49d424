/** Messages on their way to a dead-letter topic, with the attributes that the real service adds. */
import type { Logger } from '../runtime/index.ts';
import type { Broker } from './broker.ts';
import type { Subscription } from './broker-state.ts';
import type { Delivery } from './delivery.ts';
import { notFound } from './pubsub-status.ts';
import { projectId, resourceId } from './resource-names.ts';
import type { PublishRequest } from './wire-requests.ts';
import { readPublishRequest } from './wire-requests.ts';
import { bytesField, concat, stringField } from './wire.ts';

/** Publishes the message to the dead-letter topic; where that fails its subscription offers it again. */
export function forwardDeadLetter(
  broker: Broker,
  subscription: Subscription,
  delivery: Delivery,
  logger: Logger,
): void {
  const { queue, dispatcher, definition } = subscription;
  const name = definition.deadLetterPolicy?.deadLetterTopic ?? '';
  const giveBack = (error: unknown) => {
    logger.warn('pubsub_dead_letter_failed', { topic: name, error });
    queue.giveBack(delivery, broker.clock.monotonicMs());
    dispatcher.wake();
  };
  const topic = broker.topics.get(name);
  if (topic === undefined) return giveBack(notFound(name));
  let forwarded: PublishRequest;
  try {
    const payload = broker.payload(delivery.holding.segment);
    forwarded = forwardedPublish(payload, delivery, definition.name);
  } catch (error) {
    return giveBack(error);
  }
  broker.publish(topic, forwarded.bytes, forwarded.messages).then(() => {
    queue.finish(delivery);
    dispatcher.wake();
  }, giveBack);
}

/**
 * A publish of the message with the source attributes appended; a later entry of a map overrules an earlier one.
 * Source: https://cloud.google.com/pubsub/docs/handling-failures#dead_letter_topic
 */
function forwardedPublish(
  payload: Buffer,
  { holding: { segment }, index, attempt }: Delivery,
  subscription: string,
): PublishRequest {
  const publishTime = new Date(segment.publishAtMs).toISOString();
  const message = concat(
    payload.subarray(segment.offsets[index], segment.offsets[index + 1]),
    attribute('CloudPubSubDeadLetterSourceDeliveryCount', String(attempt)),
    attribute('CloudPubSubDeadLetterSourceSubscription', resourceId(subscription)),
    attribute('CloudPubSubDeadLetterSourceSubscriptionProject', projectId(subscription)),
    attribute('CloudPubSubDeadLetterSourceTopicPublishTime', publishTime),
  );
  return readPublishRequest(bytesField(2, message));
}

function attribute(key: string, value: string): Buffer {
  return bytesField(2, concat(stringField(1, key), stringField(2, value)));
}
