/** A message on its way to a dead-letter topic, with the attributes that the real service adds. */
import { projectId, resourceId } from './resource-names.ts';
import { bytesField, concat, stringField } from './wire.ts';

/**
 * The encoded message with the source attributes appended; a later entry of a map overrules an earlier one.
 * Source: https://cloud.google.com/pubsub/docs/handling-failures#dead_letter_topic
 */
export function encodeForwarded(options: {
  payload: Buffer;
  start: number;
  end: number;
  publishAtMs: number;
  attempt: number;
  subscription: string;
}): Buffer {
  const { payload, start, end, publishAtMs, attempt, subscription } = options;
  return concat(
    payload.subarray(start, end),
    attribute('CloudPubSubDeadLetterSourceDeliveryCount', String(attempt)),
    attribute('CloudPubSubDeadLetterSourceSubscription', resourceId(subscription)),
    attribute('CloudPubSubDeadLetterSourceSubscriptionProject', projectId(subscription)),
    attribute('CloudPubSubDeadLetterSourceTopicPublishTime', new Date(publishAtMs).toISOString()),
  );
}

function attribute(key: string, value: string): Buffer {
  return bytesField(2, concat(stringField(1, key), stringField(2, value)));
}
