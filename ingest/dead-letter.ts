/** Refused messages on the stream's dead-letter topic, with the reason as attributes. */
import type { PubSub, Topic } from '@google-cloud/pubsub';
import type { Refusal, Stream } from '../streams/index.ts';
import { ensureTopology, grpcCodeOf, isNotFound } from './topology.ts';

export const REASON_CODE_ATTRIBUTE = 'highwater-reason-code';
export const REASON_ATTRIBUTE = 'highwater-reason';

/** Pub/Sub's limits. Source: https://cloud.google.com/pubsub/quotas (attributes 100, value 1,024 bytes). */
const ATTRIBUTES_MAX = 100;
const ATTRIBUTE_VALUE_BYTES_MAX = 1_024;
/** Characters of four bytes at most, so that the value stays within its bytes. */
const REASON_CHARS_MAX = ATTRIBUTE_VALUE_BYTES_MAX / 4;
/** Reserved by Pub/Sub and by its client. */
const RESERVED_PREFIX = 'goog';
/** gRPC: INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE. Trying again cannot help. */
const PERMANENT_CODES: readonly (number | undefined)[] = [3, 9, 11];

export class DeadLetters {
  readonly #pubsub: PubSub;
  readonly #stream: Stream;
  readonly #topic: Topic;

  constructor(pubsub: PubSub, stream: Stream) {
    this.#pubsub = pubsub;
    this.#stream = stream;
    this.#topic = pubsub.topic(stream.deadLetterTopic);
  }

  /** Resolves when the topic has the message. Rejects with the client's error. */
  async publish(
    data: Buffer,
    attributes: Readonly<Record<string, string>>,
    refusal: Refusal,
  ): Promise<void> {
    const message = { data, attributes: deadLetterAttributes(attributes, refusal) };
    try {
      await this.#topic.publishMessage(message);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await ensureTopology(this.#pubsub, [this.#stream]);
      await this.#topic.publishMessage(message);
    }
  }
}

/** Whether a failed publish may succeed later. */
export function isPublishRetryable(error: unknown): boolean {
  return !PERMANENT_CODES.includes(grpcCodeOf(error));
}

/** The original attributes that Pub/Sub accepts from a publisher, then the reason. */
export function deadLetterAttributes(
  attributes: Readonly<Record<string, string>>,
  refusal: Refusal,
): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(publishable(attributes)).slice(0, ATTRIBUTES_MAX - 2)),
    [REASON_CODE_ATTRIBUTE]: refusal.code,
    [REASON_ATTRIBUTE]: refusal.reason.slice(0, REASON_CHARS_MAX).toWellFormed(),
  };
}

/** Attributes without the reserved ones, which Pub/Sub refuses from publishers. */
export function publishable(attributes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).filter(([key]) => !key.startsWith(RESERVED_PREFIX)),
  );
}
