/** One stream's subscription, kept open: the real client, watched, and opened anew when it gives up. */
import { Duration, SubscriptionCloseBehaviors } from '@google-cloud/pubsub';
import type { Message, PubSub, Subscription } from '@google-cloud/pubsub';
import { messageOf } from '../runtime/index.ts';
import type { Clock, Logger, Timer } from '../runtime/index.ts';
import type { Stream } from '../streams/index.ts';
import { retryDelayMs } from './retry.ts';
import type { StreamCounters } from './stats.ts';
import { ensureTopology, isNotFound } from './topology.ts';

export interface SubscriberOptions {
  readonly stream: Stream;
  readonly pubsub: PubSub;
  readonly messagesInFlightMax: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: StreamCounters;
  /** Must not throw. */
  readonly onMessage: (message: Message) => void;
}

/** Acks and lease extensions are sent in batches of at most this age. */
const ACK_BATCH_WAIT_MS = 20;
/** Leases follow the time that commits take, within these; a crash delays redelivery by at most the longer one. */
const ACK_DEADLINE_MIN = Duration.from({ seconds: 10 });
const ACK_DEADLINE_MAX = Duration.from({ seconds: 60 });
/** Leases are held through any outage of the warehouse: retention of a topic is 31 days at most. */
const LEASE_MAX = Duration.from({ hours: 31 * 24 });
/** The client waits one second less for the pipeline to ack, then gives the rest back. */
const CLOSE_TIMEOUT_MS = 6_000;
const REOPEN_DELAY_MAX_MS = 30_000;
const STREAM_RETRY_DELAY_MAX_MS = 5_000;
/** Stream failures in a row, without a message in between, from which on the subscription counts as broken. */
const STREAM_FAILURES_MAX = 3;
/** Failures older than this are forgotten: an idle stream that was reopened says nothing when it is well. */
const FAILURE_MEMORY_MS = 60_000;

export class StreamSubscriber {
  readonly #options: SubscriberOptions;
  #subscription: Subscription | undefined;
  #reopenTimer: Timer | undefined;
  #reopenAttempt = 0;
  #lastError: unknown;
  #lastFailureAtMs = Number.NEGATIVE_INFINITY;
  #streamFailureCount = 0;
  #isClosing = false;

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  open(): void {
    const { pubsub, stream, messagesInFlightMax, onMessage, counters, logger } = this.#options;
    const subscription = pubsub.subscription(stream.subscription, {
      // With excess held back by the client, close() would wait in vain for messages that it no longer hands out, and
      // each removal would search that queue. One stream keeps the excess to a response of the server.
      flowControl: { maxMessages: messagesInFlightMax, allowExcessMessages: true },
      streamingOptions: {
        maxStreams: 1,
        retryMaxBackoff: Duration.from({ millis: STREAM_RETRY_DELAY_MAX_MS }),
      },
      batching: { maxMilliseconds: ACK_BATCH_WAIT_MS },
      minAckDeadline: ACK_DEADLINE_MIN,
      maxAckDeadline: ACK_DEADLINE_MAX,
      maxExtensionTime: LEASE_MAX,
      closeOptions: {
        behavior: SubscriptionCloseBehaviors.WaitForProcessing,
        timeout: Duration.from({ millis: CLOSE_TIMEOUT_MS }),
      },
    });
    this.#subscription = subscription;
    subscription.on('error', (error: unknown) => {
      this.#lastError = error;
      this.#noteFailure();
      logger.warn('subscription_failed', { error });
      this.#reopenLater(subscription);
    });
    subscription.on('close', () => this.#reopenLater(subscription));
    subscription.on('debug', (message: unknown) => {
      // Failed acks and leases carry their ack ids; all else is about the stream.
      const ackIds = ackIdsOf(message);
      if (ackIds) counters.ackFailureCount += ackIds.length;
      else this.#noteFailure();
      logger.debug('subscription_debug', {
        detail: messageOf(message),
        ackFailureCount: ackIds?.length ?? 0,
      });
    });
    subscription.on('message', (message: Message) => {
      this.#reopenAttempt = 0;
      this.#streamFailureCount = 0;
      onMessage(message);
    });
  }

  /** Whether messages would arrive if there were any, as far as is known. */
  isHealthy(): boolean {
    if (this.#isClosing || this.#reopenTimer || !this.#subscription?.isOpen) return false;
    const sinceMs = this.#options.clock.monotonicMs() - this.#lastFailureAtMs;
    return this.#streamFailureCount < STREAM_FAILURES_MAX || sinceMs > FAILURE_MEMORY_MS;
  }

  /** Takes nothing more in; resolves once acks are sent and what was not acked is given back, within 6 s. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#reopenTimer?.cancel();
    try {
      await this.#subscription?.close();
    } catch (error) {
      this.#options.logger.warn('subscription_close_failed', { error });
    }
  }

  #noteFailure(): void {
    this.#streamFailureCount += 1;
    this.#lastFailureAtMs = this.#options.clock.monotonicMs();
  }

  #reopenLater(from: Subscription): void {
    if (this.#isClosing || this.#reopenTimer || from !== this.#subscription) return;
    this.#reopenAttempt += 1;
    this.#reopenTimer = this.#options.clock.setTimer(
      retryDelayMs(this.#reopenAttempt, REOPEN_DELAY_MAX_MS),
      () => void this.#reopen(from),
    );
  }

  async #reopen(from: Subscription): Promise<void> {
    const { pubsub, stream, logger, counters } = this.#options;
    try {
      // The client reports some errors and goes on by itself.
      if (from.isOpen) return;
      if (isNotFound(this.#lastError)) await ensureTopology(pubsub, [stream]);
      if (this.#isClosing) return;
      counters.resubscribeCount += 1;
      logger.info('subscription_reopened', { attempt: this.#reopenAttempt });
      this.open();
    } catch (error) {
      this.#lastError = error;
      logger.warn('subscription_reopen_failed', { error, attempt: this.#reopenAttempt });
    } finally {
      this.#reopenTimer = undefined;
      if (!this.#isClosing && !this.#subscription?.isOpen) {
        if (this.#subscription) this.#reopenLater(this.#subscription);
      }
    }
  }
}

function ackIdsOf(message: unknown): readonly string[] | undefined {
  const inner = (message as { readonly error?: unknown }).error;
  for (const candidate of [message, inner]) {
    const ackIds = (candidate as { readonly ackIds?: unknown } | undefined)?.ackIds;
    if (Array.isArray(ackIds)) return ackIds as readonly string[];
  }
  return undefined;
}
