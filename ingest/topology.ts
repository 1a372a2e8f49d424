/** The topics and subscriptions of the streams, made where they are missing. */
import type { PubSub } from '@google-cloud/pubsub';
import { AppError, messageOf } from '../runtime/index.ts';
import type { Stream } from '../streams/index.ts';

/** The last net only: refused messages are quarantined long before. Source: DeadLetterPolicy, 5 to 100. */
export const MAX_DELIVERY_ATTEMPTS = 20;
export const ACK_DEADLINE_SECONDS = 60;
export const RETRY_BACKOFF_MIN_SECONDS = 1;
export const RETRY_BACKOFF_MAX_SECONDS = 60;
/** gRPC status codes. Source: google.rpc.Code. */
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;

/** The subscription that keeps a stream's dead letters: a topic without one loses what is published to it. */
export function reviewSubscriptionOf(stream: Stream): string {
  return `${stream.name}-dead-letter-review`;
}

/**
 * Creates topics, dead-letter topics and subscriptions; what exists is left as it is, so it may run at any time.
 * @throws AppError `messages_unavailable` where Pub/Sub refuses or does not answer.
 */
export async function ensureTopology(pubsub: PubSub, streams: readonly Stream[]): Promise<void> {
  for (const stream of streams) {
    const { topic, deadLetterTopic, subscription } = stream;
    const review = reviewSubscriptionOf(stream);
    try {
      await makeUnlessThere(pubsub.topic(topic), () => pubsub.createTopic(topic));
      await makeUnlessThere(pubsub.topic(deadLetterTopic), () =>
        pubsub.createTopic(deadLetterTopic),
      );
      await makeUnlessThere(pubsub.subscription(review), () =>
        pubsub.createSubscription(deadLetterTopic, review, {
          ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
          expirationPolicy: {},
        }),
      );
      await makeUnlessThere(pubsub.subscription(subscription), () =>
        pubsub.createSubscription(topic, subscription, {
          ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
          expirationPolicy: {},
          deadLetterPolicy: {
            deadLetterTopic: pubsub.topic(deadLetterTopic).name,
            maxDeliveryAttempts: MAX_DELIVERY_ATTEMPTS,
          },
          retryPolicy: {
            minimumBackoff: { seconds: RETRY_BACKOFF_MIN_SECONDS },
            maximumBackoff: { seconds: RETRY_BACKOFF_MAX_SECONDS },
          },
        }),
      );
    } catch (error) {
      throw new AppError(
        'messages_unavailable',
        `The topics and subscriptions of stream ${stream.name} cannot be made: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }
}

/** Whether a Pub/Sub error says that the topic or subscription is gone. */
export function isNotFound(error: unknown): boolean {
  return grpcCodeOf(error) === NOT_FOUND;
}

/** The gRPC status code of a client error, where it has one. */
export function grpcCodeOf(error: unknown): number | undefined {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'number' ? code : undefined;
}

/** Looks first: on Google Cloud Terraform has made them, and this process may look and not make. */
async function makeUnlessThere(
  thing: { exists(): Promise<[boolean]> },
  make: () => Promise<unknown>,
): Promise<void> {
  const [isThere] = await thing.exists();
  if (isThere) return;
  try {
    await make();
  } catch (error) {
    if (grpcCodeOf(error) !== ALREADY_EXISTS) throw error;
  }
}
