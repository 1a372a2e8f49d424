/** Hands a subscription's messages to whoever waits for them, on arrival, in turn, once per turn of the event loop. */
import type { Clock, Timer } from '../runtime/index.ts';
import type { Delivery, LeaseOwner } from './delivery.ts';
import type { SubscriptionQueue } from './subscription-queue.ts';

/** Someone who receives messages: a stream, or a waiting Pull. */
export interface Consumer extends LeaseOwner {
  readonly ackDeadlineMs: number;
  /** Room now; 0 messages where it takes none. */
  room(): { readonly messagesMax: number; readonly bytesMax: number };
  deliver(deliveries: readonly Delivery[]): void;
  /** Ends it; `error` is a PubsubStatusError, or absent for a clean end. */
  end(error?: Error): void;
}

export class Dispatcher {
  readonly #queue: SubscriptionQueue;
  readonly #clock: Clock;
  #consumers: Consumer[] = [];
  #isScheduled = false;
  #timer: Timer | undefined;
  #timerAtMs = Infinity;
  #isClosed = false;

  constructor(queue: SubscriptionQueue, clock: Clock) {
    this.#queue = queue;
    this.#clock = clock;
  }

  add(consumer: Consumer): void {
    this.#consumers.push(consumer);
    this.wake();
  }

  remove(consumer: Consumer): void {
    this.#consumers = this.#consumers.filter((other) => other !== consumer);
  }

  /** Something changed: messages, room or leases. */
  wake(): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (!this.#isClosed) this.#run();
    });
  }

  /** Ends all consumers. */
  endAll(error?: Error): void {
    for (const consumer of this.#consumers.splice(0)) consumer.end(error);
  }

  close(error?: Error): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.endAll(error);
  }

  #run(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#queue.tick(nowMs);
    let isProgress = this.#consumers.length > 0;
    while (isProgress && this.#queue.availableCount > 0) isProgress = this.#offerAround(nowMs);
    this.#arm(nowMs);
  }

  /** One round over the consumers, each with its share; the first of this round is the last of the next. */
  #offerAround(nowMs: number): boolean {
    const consumers = this.#consumers.filter((consumer) => consumer.room().messagesMax > 0);
    const share = Math.ceil(this.#queue.availableCount / Math.max(1, consumers.length));
    let isProgress = false;
    for (const consumer of consumers) {
      const { messagesMax, bytesMax } = consumer.room();
      const limits = {
        messagesMax: Math.min(share, messagesMax),
        bytesMax,
        deadlineMs: consumer.ackDeadlineMs,
      };
      const deliveries = this.#queue.lease(limits, nowMs, consumer);
      if (deliveries.length === 0) continue;
      consumer.deliver(deliveries);
      isProgress = true;
    }
    const first = this.#consumers.shift();
    if (first) this.#consumers.push(first);
    return isProgress;
  }

  #arm(nowMs: number): void {
    const dueAtMs = this.#queue.nextDueAtMs ?? Infinity;
    if (dueAtMs >= this.#timerAtMs || dueAtMs === Infinity) return;
    this.#timer?.cancel();
    this.#timerAtMs = dueAtMs;
    this.#timer = this.#clock.setTimer(
      Math.max(1, Math.ceil(dueAtMs - nowMs)),
      () => {
        this.#timerAtMs = Infinity;
        this.wake();
      },
      true,
    );
  }
}
