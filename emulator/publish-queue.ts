/** What is published in one turn of the event loop, stored in one transaction and then handed on. */
import type { Clock, Logger } from '../runtime/index.ts';
import type { Topic } from './broker-state.ts';
import { holdingRow, retains } from './broker-state.ts';
import { hold, retain, targetsOf } from './holders.ts';
import { resourceExhausted } from './pubsub-status.ts';
import { buildSegment } from './segment.ts';
import type { Storage } from './storage.ts';
import type { MessageRange } from './wire-requests.ts';

interface PendingPublish {
  readonly topic: Topic;
  readonly bytes: Buffer;
  readonly messages: readonly MessageRange[];
  readonly resolve: (messageIds: string[]) => void;
  readonly reject: (error: unknown) => void;
}

export class PublishQueue {
  readonly #storage: Storage;
  readonly #storageBytesMax: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #pending: PendingPublish[] = [];
  #pendingBytes = 0;

  constructor(options: {
    storage: Storage;
    storageBytesMax: number;
    clock: Clock;
    logger: Logger;
  }) {
    this.#storage = options.storage;
    this.#storageBytesMax = options.storageBytesMax;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** Ids of the messages, once they are stored. Rejects with RESOURCE_EXHAUSTED where the server is full. */
  publish(topic: Topic, bytes: Buffer, messages: readonly MessageRange[]): Promise<string[]> {
    const size = messages.reduce((sum, { start, end }) => sum + end - start, 0);
    const wouldBeBytes = this.#storage.storedBytes + this.#pendingBytes + size;
    if (wouldBeBytes > this.#storageBytesMax && isKept(topic)) {
      return Promise.reject(
        resourceExhausted(
          `The embedded Pub/Sub server is full: ${wouldBeBytes} bytes would be stored and its limit is ${this.#storageBytesMax}. Acknowledge messages, delete subscriptions that nobody reads, or raise PUBSUB_STORAGE_BYTES_MAX.`,
        ),
      );
    }
    this.#pendingBytes += size;
    return new Promise((resolve, reject) => {
      this.#pending.push({ topic, bytes, messages, resolve, reject });
      if (this.#pending.length === 1) setImmediate(() => this.flush());
    });
  }

  /** Stores what waits and hands it on, now. */
  flush(): void {
    const pending = this.#pending.splice(0);
    this.#pendingBytes = 0;
    if (pending.length === 0) return;
    const publishAtMs = this.#clock.nowMs();
    const built = pending.map((publish) => this.#build(publish, publishAtMs));
    const kept = built.filter(
      ({ publish, targets }) => targets.length > 0 || retains(publish.topic),
    );
    try {
      this.#storage.commitPublishes({
        segments: kept,
        holdings: kept.flatMap(({ targets }) => targets.map(({ holding }) => holdingRow(holding))),
      });
    } catch (error) {
      this.#logger.error('pubsub_publish_not_stored', { error, publishCount: pending.length });
      for (const { reject } of pending) reject(error);
      return;
    }
    for (const { publish, segment, targets } of kept) {
      this.#storage.count(segment);
      if (retains(publish.topic)) retain(publish.topic, segment);
      for (const target of targets) hold(target);
    }
    for (const { publish, messageIds } of built) publish.resolve(messageIds);
  }

  #build(publish: PendingPublish, publishAtMs: number) {
    const { segment, payload, messageIds } = buildSegment({
      id: this.#storage.takeIds('segment'),
      topicId: publish.topic.id,
      firstMessageId: this.#storage.takeIds('message', publish.messages.length),
      publishAtMs,
      bytes: publish.bytes,
      messages: publish.messages,
    });
    const targets = targetsOf(this.#storage, publish.topic, segment, payload);
    return { publish, segment, payload, messageIds, targets };
  }
}

function isKept(topic: Topic): boolean {
  return topic.subscriptions.size > 0 || topic.snapshots.size > 0 || retains(topic);
}
