/** `Publish` by the real Pub/Sub client, which batches and retries. */
import type { PubSub } from '@google-cloud/pubsub';
import { AppError, messageOf } from '../../runtime/index.ts';
import type { Publish } from './publish.ts';

/** Messages in one request. Source: Pub/Sub quotas, at most 1,000; the client's default of 100 costs ten times the calls. */
const BATCH_MESSAGES_MAX = 1_000;
/** Longest wait of a message for its batch to fill: the client's own default. */
const BATCH_WAIT_MS = 10;

/**
 * A `Publish` to `topic`. The client retries what may pass by itself (for about a minute).
 * @throws AppError `messages_unavailable`, by rejection, once the client has given up.
 */
export function publishTo(pubsub: PubSub, topic: string): Publish {
  const target = pubsub.topic(topic, {
    batching: { maxMessages: BATCH_MESSAGES_MAX, maxMilliseconds: BATCH_WAIT_MS },
  });
  return async ({ data, attributes }) => {
    try {
      return await target.publishMessage({ data, attributes: { ...attributes } });
    } catch (error) {
      const reason = `Topic ${topic} did not take the message: ${messageOf(error)}`;
      throw new AppError('messages_unavailable', reason, { cause: error });
    }
  };
}
