/** What a queue needs to know of its subscription's definition. */
import type { SubscriptionDefinition } from './definitions.ts';
import { durationMs } from './definitions.ts';

export interface QueueSettings {
  readonly isOrdered: boolean;
  readonly isExactlyOnce: boolean;
  /** Keeps acked messages until retention, for seek. */
  readonly retainsAcked: boolean;
  /** A failed delivery waits min · 2^(attempt-1), at most max; absent: it is offered again at once. */
  readonly retry: { readonly minimumMs: number; readonly maximumMs: number } | undefined;
  /** From this many failed attempts on, a message is forwarded to the dead-letter topic. */
  readonly deliveryAttemptsMax: number | undefined;
}

/** The settings that a definition asks for. */
export function queueSettings(definition: SubscriptionDefinition): QueueSettings {
  const { retryPolicy: retry, deadLetterPolicy: deadLetter } = definition;
  return {
    isOrdered: definition.enableMessageOrdering ?? false,
    isExactlyOnce: definition.enableExactlyOnceDelivery ?? false,
    retainsAcked: definition.retainAckedMessages ?? false,
    retry: retry && {
      minimumMs: durationMs(retry.minimumBackoff),
      maximumMs: durationMs(retry.maximumBackoff),
    },
    deliveryAttemptsMax: deadLetter?.maxDeliveryAttempts,
  };
}
