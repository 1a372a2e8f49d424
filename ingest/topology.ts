/** The topics and subscriptions of the streams, made where they are missing. */
import type { PubSub } from '@google-cloud/pubsub';
import { AppError, messageOf } from '../runtime/index.ts';
import type { Stream } from '../streams/index.ts';

/** The last net only: refused messages are quarantined long before. Source: DeadLetterPolicy, 5 to 100. */
export const MAX_DELIVERY_ATTEMPTS = 20;
const ACK_DEADLINE_SECONDS = 60;
const RETRY_BACKOFF_MIN_SECONDS = 1;
const RETRY_BACKOFF_MAX_SECONDS = 60;
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
    try {
      await unlessItExists(() => pubsub.createTopic(stream.topic));
      await unlessItExists(() => pubsub.createTopic(stream.deadLetterTopic));
      await unlessItExists(() =>
        pubsub.createSubscription(stream.deadLetterTopic, reviewSubscriptionOf(stream), {
          ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
          expirationPolicy: {},
        }),
      );
      await unlessItExists(() =>
        pubsub.createSubscription(stream.topic, stream.subscription, {
          ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
          expirationPolicy: {},
          deadLetterPolicy: {
            deadLetterTopic: pubsub.topic(stream.deadLetterTopic).name,
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

async function unlessItExists(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (grpcCodeOf(error) !== ALREADY_EXISTS) throw error;
  }
}
