/**
 * The queue of one subscription: what is unacked, leased, waiting for a retry. It holds no timer and reads no clock:
 * every method takes the instant (`nowMs`, of the monotonic clock).
 */
import { Fifo, InstantHeap } from './collections.ts';
import type { Delivery, LeaseOwner } from './delivery.ts';
import { FreshMessages } from './fresh-messages.ts';
import type { Holding } from './holding.ts';
import { KeyLines } from './key-lines.ts';
import { isCurrent, Leases } from './leases.ts';
import type { QueueSettings } from './queue-settings.ts';

/** What the queue tells its owner. */
export interface QueueEvents {
  /** Acks changed the bits of `holding`: to be stored soon. */
  onChanged(holding: Holding): void;
  /** `holding` is no longer held. */
  onReleased(holding: Holding): void;
  /** To be published to the dead-letter topic, then `finish`ed, or `giveBack` where that failed. */
  onDeadLetter(delivery: Delivery): void;
}

export interface LeaseLimits {
  readonly messagesMax: number;
  /** The first message is leased even if it is larger. */
  readonly bytesMax: number;
  readonly deadlineMs: number;
}

/** `stale`: well-formed, but of no message that is leased now. */
export type AckOutcome = 'applied' | 'stale' | 'malformed' | 'foreign';

/** Leases of one subscription at a time; about 200 bytes each. */
const LEASES_MAX = 1_000_000;

export class SubscriptionQueue {
  settings: QueueSettings;
  readonly #events: QueueEvents;
  /** By segment id, in publish order: with unacked messages; and fully acked but kept for seek. */
  readonly #active = new Map<number, Holding>();
  readonly #retained = new Map<number, Holding>();
  readonly #fresh = new FreshMessages();
  #unackedCount = 0;
  readonly #ready = new Fifo<Delivery>();
  readonly #retries = new InstantHeap<Delivery>();
  readonly #lines = new KeyLines();
  readonly #leases: Leases;

  /** `ackIdScope` differs by server run, so that an ack id of an earlier run names nothing. */
  constructor(options: {
    holderId: number;
    ackIdScope: string;
    settings: QueueSettings;
    events: QueueEvents;
  }) {
    this.settings = options.settings;
    this.#events = options.events;
    this.#leases = new Leases(options.holderId, options.ackIdScope);
  }

  /** Messages that could be leased now; keys count once each. */
  get availableCount(): number {
    return this.#fresh.count + this.#ready.size + this.#lines.readyCount;
  }

  get unackedCount(): number {
    return this.#unackedCount;
  }

  get leasedCount(): number {
    return this.#leases.count;
  }

  /** Publish time of the oldest unacked message. */
  get oldestUnackedAtMs(): number | undefined {
    for (const holding of this.#active.values()) return holding.segment.publishAtMs;
    return undefined;
  }

  /** When `tick` has something to do. */
  get nextDueAtMs(): number | undefined {
    const dueAtMs = Math.min(
      this.#leases.nextAtMs ?? Infinity,
      this.#retries.nextAtMs ?? Infinity,
      this.#lines.nextDueAtMs ?? Infinity,
    );
    return dueAtMs === Infinity ? undefined : dueAtMs;
  }

  /** Everything held, oldest first. */
  holdings(): Holding[] {
    return [...this.#retained.values(), ...this.#active.values()].toSorted(
      (a, b) => a.segment.id - b.segment.id,
    );
  }

  /** Takes a holding over; segments come in publish order. */
  add(holding: Holding): void {
    holding.segment.holderCount++;
    if (holding.unackedCount === 0) {
      this.#settle(holding);
      return;
    }
    this.#active.set(holding.segment.id, holding);
    this.#unackedCount += holding.unackedCount;
    holding.freshCount = holding.unackedCount;
    if (this.settings.isOrdered && holding.segment.orderingKeys) this.#lines.add(holding);
    this.#fresh.add(holding);
  }

  /** Leases what is available, redeliveries first; each lease ends `deadlineMs` from now. */
  lease(limits: LeaseLimits, nowMs: number, owner?: LeaseOwner): Delivery[] {
    const leased: Delivery[] = [];
    let bytesLeft = limits.bytesMax;
    const messagesMax = Math.min(limits.messagesMax, LEASES_MAX - this.#leases.count);
    const take = (delivery: Delivery) => {
      bytesLeft -= delivery.byteCount;
      this.#leases.grant(delivery, nowMs + limits.deadlineMs, owner);
      leased.push(delivery);
    };
    const hasRoom = (delivery: Delivery) =>
      leased.length < messagesMax && (leased.length === 0 || delivery.byteCount <= bytesLeft);
    this.#takeReady(hasRoom, take);
    this.#lines.take(hasRoom, take);
    this.#fresh.take(this.settings.isOrdered, hasRoom, take);
    return leased;
  }

  acknowledge(ackId: string): AckOutcome {
    const delivery = this.#leases.find(ackId);
    if (delivery === undefined) return this.#leases.kindOfUnknown(ackId);
    if (this.settings.isExactlyOnce && !isCurrent(delivery, ackId)) return 'stale';
    const line = delivery.keyLine;
    const position = line?.leased.indexOf(delivery) ?? -1;
    if (line !== undefined && position > 0) {
      this.#leases.end(delivery);
      delivery.isAckedEarly = true;
    } else {
      this.finish(delivery);
      if (line !== undefined && position === 0) {
        this.#lines.advance(line, (early) => this.finish(early));
      }
    }
    return 'applied';
  }

  /** Moves the end of a lease; 0 gives the message back at once. */
  modifyDeadline(ackId: string, deadlineMs: number, nowMs: number): AckOutcome {
    const delivery = this.#leases.find(ackId);
    if (delivery === undefined) return this.#leases.kindOfUnknown(ackId);
    if (!isCurrent(delivery, ackId) || delivery.isAckedEarly) return 'stale';
    if (deadlineMs > 0) this.#leases.move(delivery, nowMs + deadlineMs);
    else this.#fail(delivery, nowMs);
    return 'applied';
  }

  /** Whether `ackId` is that of a lease which runs; then an ack and a change of its deadline apply. */
  isLeased(ackId: string): boolean {
    const delivery = this.#leases.find(ackId);
    return delivery !== undefined && isCurrent(delivery, ackId) && !delivery.isAckedEarly;
  }

  /** Ends overdue leases and offers due retries again. */
  tick(nowMs: number): void {
    for (const delivery of this.#leases.takeOverdue(nowMs)) {
      if (delivery.state === 'leased') this.#fail(delivery, nowMs);
    }
    for (let due = this.#retries.popDue(nowMs); due; due = this.#retries.popDue(nowMs)) {
      if (due.state === 'waiting') this.#ready.push(due);
    }
    this.#lines.tick(nowMs);
  }

  /** The message is settled: acked, or stored in the dead-letter topic. */
  finish(delivery: Delivery): void {
    if (delivery.state === 'done') return;
    this.#leases.end(delivery);
    delivery.state = 'done';
    this.#leases.forget(delivery);
    const { holding } = delivery;
    if (holding.isReleased || !holding.acknowledge(delivery.index)) return;
    this.#unackedCount--;
    this.#events.onChanged(holding);
    if (holding.unackedCount > 0) return;
    this.#active.delete(holding.segment.id);
    this.#settle(holding);
  }

  /** Forwarding to the dead-letter topic failed: the message is offered again, after the retry policy's backoff. */
  giveBack(delivery: Delivery, nowMs: number): void {
    if (delivery.state !== 'forwarding') return;
    delivery.state = 'waiting';
    this.#retries.push(nowMs + this.#backoffMs(delivery.attempt), delivery);
  }

  /** Drops messages published before `publishedBeforeMs`, acked or not. */
  dropBefore(publishedBeforeMs: number): void {
    let isChanged = false;
    for (const holdings of [this.#active, this.#retained]) {
      for (const holding of holdings.values()) {
        if (holding.segment.publishAtMs >= publishedBeforeMs) break;
        this.#drop(holding);
        isChanged = true;
      }
    }
    if (isChanged) this.#forgetReleased();
  }

  /** Replaces everything held; leases end, and their ack ids name nothing from then on. */
  replace(holdings: readonly Holding[]): void {
    const replaced = this.holdings();
    this.#leases.clear();
    this.#lines.clear();
    this.#retries.clear();
    this.#ready.clear();
    this.#fresh.clear();
    this.#active.clear();
    this.#retained.clear();
    this.#unackedCount = 0;
    for (const holding of holdings) this.add(holding);
    for (const holding of replaced) {
      holding.isReleased = true;
      this.#events.onReleased(holding);
    }
  }

  #takeReady(hasRoom: (delivery: Delivery) => boolean, take: (delivery: Delivery) => void): void {
    for (let next = this.#ready.first(); next; next = this.#ready.first()) {
      if (next.state === 'waiting' && !hasRoom(next)) return;
      this.#ready.shift();
      if (next.state === 'waiting') take(next);
    }
  }

  /** A lease ended without an ack. */
  #fail(delivery: Delivery, nowMs: number): void {
    this.#leases.end(delivery);
    const line = delivery.keyLine;
    const position = line?.leased.indexOf(delivery) ?? -1;
    const replayed = line && position >= 0 ? line.leased.splice(position) : [delivery];
    for (const later of replayed) {
      this.#leases.end(later);
      later.state = 'waiting';
      later.isAckedEarly = false;
    }
    const isDead = delivery.attempt >= (this.settings.deliveryAttemptsMax ?? Infinity);
    const retryAtMs = isDead ? 0 : nowMs + this.#backoffMs(delivery.attempt);
    if (line !== undefined && position >= 0) {
      this.#lines.putBack(line, isDead ? replayed.slice(1) : replayed, retryAtMs, nowMs);
    } else if (!isDead) {
      if (retryAtMs > nowMs) this.#retries.push(retryAtMs, delivery);
      else this.#ready.push(delivery);
    }
    if (!isDead) return;
    delivery.state = 'forwarding';
    this.#events.onDeadLetter(delivery);
  }

  #backoffMs(attempt: number): number {
    const { retry } = this.settings;
    if (retry === undefined) return 0;
    return Math.min(retry.maximumMs, retry.minimumMs * 2 ** Math.min(attempt - 1, 30));
  }

  #settle(holding: Holding): void {
    if (this.settings.retainsAcked) {
      this.#retained.set(holding.segment.id, holding);
      return;
    }
    holding.isReleased = true;
    this.#events.onReleased(holding);
  }

  #drop(holding: Holding): void {
    this.#active.delete(holding.segment.id);
    this.#retained.delete(holding.segment.id);
    this.#unackedCount -= holding.unackedCount;
    this.#fresh.drop(holding);
    holding.isReleased = true;
    this.#events.onReleased(holding);
  }

  /** Deliveries of dropped holdings: their leases end and their ack ids name nothing. */
  #forgetReleased(): void {
    for (const delivery of this.#leases.named()) {
      if (!delivery.holding.isReleased) continue;
      this.finish(delivery);
      this.#lines.remove(delivery);
    }
    this.#lines.dropReleased();
  }
}
