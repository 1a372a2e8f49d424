/**
 * The queue of one subscription: what is unacked, leased, waiting for a retry. It holds no timer and reads no clock:
 * every method takes the instant (`nowMs`, of the monotonic clock).
 */
import { Fifo, InstantHeap } from './collections.ts';
import type { KeyLine, LeaseOwner } from './delivery.ts';
import { Delivery } from './delivery.ts';
import type { Holding } from './holding.ts';
import { LeaseWheel } from './lease-wheel.ts';
import { messageCount } from './segment.ts';

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
/** Messages of one ordering key in a batch, so that one busy key leaves room for others. */
const KEY_BATCH_MAX = 100;
const ACK_ID = /^[0-9a-z]+-([0-9a-z]+)-[0-9a-z]+$/;

export class SubscriptionQueue {
  settings: QueueSettings;
  readonly #events: QueueEvents;
  readonly #ackIdPrefix: string;
  readonly #subscriptionTag: string;
  #ackIdCount = 0;
  /** By segment id, in publish order: with unacked messages; and fully acked but kept for seek. */
  readonly #active = new Map<number, Holding>();
  readonly #retained = new Map<number, Holding>();
  readonly #fresh = new Fifo<Holding>();
  #freshCount = 0;
  #unackedCount = 0;
  readonly #ready = new Fifo<Delivery>();
  readonly #readyLines = new Fifo<KeyLine>();
  readonly #lines = new Map<string, KeyLine>();
  readonly #retries = new InstantHeap<Delivery | KeyLine>();
  readonly #leases = new LeaseWheel<Delivery>();
  readonly #byAckId = new Map<string, Delivery>();

  /** `ackIdScope` differs by server run, so that an ack id of an earlier run names nothing. */
  constructor(options: {
    holderId: number;
    ackIdScope: string;
    settings: QueueSettings;
    events: QueueEvents;
  }) {
    this.settings = options.settings;
    this.#events = options.events;
    this.#subscriptionTag = options.holderId.toString(36);
    this.#ackIdPrefix = `${options.ackIdScope}-${this.#subscriptionTag}-`;
  }

  /** Messages that could be leased now; keys count once each. */
  get availableCount(): number {
    return this.#freshCount + this.#ready.size + this.#readyLines.size;
  }

  get unackedCount(): number {
    return this.#unackedCount;
  }

  get leasedCount(): number {
    return this.#leases.size;
  }

  /** Publish time of the oldest unacked message. */
  get oldestUnackedAtMs(): number | undefined {
    for (const holding of this.#active.values()) return holding.segment.publishAtMs;
    return undefined;
  }

  /** When `tick` has something to do. */
  get nextDueAtMs(): number | undefined {
    const leaseAtMs = this.#leases.nextAtMs;
    const retryAtMs = this.#retries.nextAtMs;
    if (leaseAtMs === undefined || retryAtMs === undefined) return leaseAtMs ?? retryAtMs;
    return Math.min(leaseAtMs, retryAtMs);
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
    if (this.settings.isOrdered && holding.segment.orderingKeys) this.#lineUp(holding);
    if (holding.freshCount === 0) return;
    this.#freshCount += holding.freshCount;
    this.#fresh.push(holding);
  }

  /** Leases what is available, redeliveries first; each lease ends `deadlineMs` from now. */
  lease(limits: LeaseLimits, nowMs: number, owner?: LeaseOwner): Delivery[] {
    const leased: Delivery[] = [];
    let bytesLeft = limits.bytesMax;
    const messagesMax = Math.min(limits.messagesMax, LEASES_MAX - this.#leases.size);
    const take = (delivery: Delivery) => {
      bytesLeft -= delivery.byteCount;
      this.#grant(delivery, nowMs + limits.deadlineMs, owner);
      leased.push(delivery);
    };
    const hasRoom = (delivery: Delivery) =>
      leased.length < messagesMax && (leased.length === 0 || delivery.byteCount <= bytesLeft);
    this.#takeReady(hasRoom, take);
    this.#takeLines(hasRoom, take);
    this.#takeFresh(hasRoom, take);
    return leased;
  }

  acknowledge(ackId: string): AckOutcome {
    const delivery = this.#byAckId.get(ackId);
    if (delivery === undefined) return this.#unknownAckId(ackId);
    if (this.settings.isExactlyOnce && !isCurrent(delivery, ackId)) return 'stale';
    const line = delivery.keyLine;
    const position = line?.leased.indexOf(delivery) ?? -1;
    if (line !== undefined && position > 0) {
      this.#endLease(delivery);
      delivery.isAckedEarly = true;
    } else {
      this.finish(delivery);
      if (line !== undefined && position === 0) this.#advanceLine(line);
    }
    return 'applied';
  }

  /** Moves the end of a lease; 0 gives the message back at once. */
  modifyDeadline(ackId: string, deadlineMs: number, nowMs: number): AckOutcome {
    const delivery = this.#byAckId.get(ackId);
    if (delivery === undefined) return this.#unknownAckId(ackId);
    if (!isCurrent(delivery, ackId) || delivery.isAckedEarly) return 'stale';
    if (deadlineMs > 0) this.#leases.set(delivery, nowMs + deadlineMs);
    else this.#fail(delivery, nowMs);
    return 'applied';
  }

  /** Ends overdue leases and offers due retries again. */
  tick(nowMs: number): void {
    for (const delivery of this.#leases.takeDue(nowMs)) {
      if (delivery.state === 'leased') this.#fail(delivery, nowMs);
    }
    for (let due = this.#retries.popDue(nowMs); due; due = this.#retries.popDue(nowMs)) {
      if (!(due instanceof Delivery)) this.#offerLine(due, nowMs);
      else if (due.state === 'waiting') this.#ready.push(due);
    }
  }

  /** The message is settled: acked, or stored in the dead-letter topic. */
  finish(delivery: Delivery): void {
    if (delivery.state === 'done') return;
    this.#endLease(delivery);
    delivery.state = 'done';
    this.#forgetAckIds(delivery);
    const { holding } = delivery;
    if (holding.isReleased || !holding.acknowledge(delivery.index)) return;
    this.#unackedCount--;
    this.#events.onChanged(holding);
    if (holding.unackedCount > 0) return;
    this.#active.delete(holding.segment.id);
    this.#settle(holding);
  }

  /** Forwarding to the dead-letter topic failed: the message is offered again after `delayMs`. */
  giveBack(delivery: Delivery, delayMs: number, nowMs: number): void {
    if (delivery.state !== 'forwarding') return;
    delivery.state = 'waiting';
    this.#retries.push(nowMs + delayMs, delivery);
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
    for (const delivery of new Set(this.#byAckId.values())) {
      this.#endLease(delivery);
      delivery.state = 'done';
    }
    for (const line of this.#lines.values()) line.leased = [];
    this.#byAckId.clear();
    this.#leases.clear();
    this.#retries.clear();
    this.#ready.clear();
    this.#readyLines.clear();
    this.#lines.clear();
    this.#fresh.clear();
    this.#active.clear();
    this.#retained.clear();
    this.#freshCount = 0;
    this.#unackedCount = 0;
    for (const holding of holdings) this.add(holding);
    for (const holding of replaced) {
      holding.isReleased = true;
      this.#events.onReleased(holding);
    }
  }

  #lineUp(holding: Holding): void {
    for (let index = 0; index < messageCount(holding.segment); index++) {
      const key = holding.segment.orderingKeys?.[index];
      if (!key || !holding.isUnacked(index)) continue;
      holding.freshCount--;
      let line = this.#lines.get(key);
      if (line === undefined) {
        line = { key, pending: new Fifo(), leased: [], isQueued: false, retryAtMs: 0 };
        this.#lines.set(key, line);
      }
      line.pending.push(new Delivery(holding, index, line));
      if (line.retryAtMs === 0) this.#queueLine(line);
    }
  }

  #takeReady(hasRoom: (delivery: Delivery) => boolean, take: (delivery: Delivery) => void): void {
    for (let next = this.#ready.first(); next; next = this.#ready.first()) {
      if (next.state === 'waiting' && !hasRoom(next)) return;
      this.#ready.shift();
      if (next.state === 'waiting') take(next);
    }
  }

  #takeLines(hasRoom: (delivery: Delivery) => boolean, take: (delivery: Delivery) => void): void {
    for (let line = this.#readyLines.first(); line; line = this.#readyLines.first()) {
      let isFull = false;
      while (line.leased.length < KEY_BATCH_MAX) {
        const next = line.pending.first();
        if (next === undefined) break;
        isFull = next.state === 'waiting' && !hasRoom(next);
        if (isFull) break;
        line.pending.shift();
        if (next.state !== 'waiting') continue;
        take(next);
        line.leased.push(next);
      }
      if (isFull && line.leased.length === 0) return;
      this.#readyLines.shift();
      line.isQueued = false;
      this.#forgetEmptyLine(line);
      if (isFull) return;
    }
  }

  #takeFresh(hasRoom: (delivery: Delivery) => boolean, take: (delivery: Delivery) => void): void {
    for (let holding = this.#fresh.first(); holding; holding = this.#fresh.first()) {
      while (holding.freshCount > 0 && !holding.isReleased) {
        const index = holding.cursor;
        const isKeyed = this.settings.isOrdered && holding.segment.orderingKeys?.[index];
        if (!holding.isUnacked(index) || isKeyed) {
          holding.cursor++;
          continue;
        }
        const delivery = new Delivery(holding, index);
        if (!hasRoom(delivery)) return;
        holding.cursor++;
        holding.freshCount--;
        this.#freshCount--;
        take(delivery);
      }
      this.#fresh.shift();
    }
  }

  #grant(delivery: Delivery, expiresAtMs: number, owner: LeaseOwner | undefined): void {
    if (delivery.previousAckId !== '') this.#byAckId.delete(delivery.previousAckId);
    delivery.previousAckId = delivery.ackId;
    delivery.ackId = this.#ackIdPrefix + (++this.#ackIdCount).toString(36);
    delivery.state = 'leased';
    delivery.attempt++;
    delivery.owner = owner;
    this.#byAckId.set(delivery.ackId, delivery);
    this.#leases.set(delivery, expiresAtMs);
  }

  #endLease(delivery: Delivery): void {
    this.#leases.delete(delivery);
    const { owner } = delivery;
    delivery.owner = undefined;
    owner?.onLeaseEnded(delivery.byteCount);
  }

  /** A lease ended without an ack. */
  #fail(delivery: Delivery, nowMs: number): void {
    this.#endLease(delivery);
    const line = delivery.keyLine;
    const position = line?.leased.indexOf(delivery) ?? -1;
    const replayed = line && position >= 0 ? line.leased.splice(position) : [delivery];
    for (const later of replayed) {
      this.#endLease(later);
      later.state = 'waiting';
      later.isAckedEarly = false;
    }
    const isDead = delivery.attempt >= (this.settings.deliveryAttemptsMax ?? Infinity);
    const retryAtMs = isDead ? 0 : nowMs + this.#backoffMs(delivery.attempt);
    if (line !== undefined && position >= 0) {
      line.pending.unshift(isDead ? replayed.slice(1) : replayed);
      line.retryAtMs = retryAtMs;
      this.#offerLine(line, nowMs);
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

  /** Queues a line, or sets it aside until its retry is due. */
  #offerLine(line: KeyLine, nowMs: number): void {
    if (this.#lines.get(line.key) !== line) return;
    if (line.retryAtMs > nowMs) {
      this.#retries.push(line.retryAtMs, line);
      return;
    }
    line.retryAtMs = 0;
    this.#queueLine(line);
  }

  #queueLine(line: KeyLine): void {
    if (line.isQueued || line.leased.length > 0) return;
    if (line.pending.size === 0) return this.#forgetEmptyLine(line);
    line.isQueued = true;
    this.#readyLines.push(line);
  }

  /** After its first leased message was acked: acks what was acked early behind it. */
  #advanceLine(line: KeyLine): void {
    line.leased.shift();
    while (line.leased[0]?.isAckedEarly) this.finish(line.leased.shift()!);
    if (line.retryAtMs === 0) this.#queueLine(line);
  }

  #forgetEmptyLine(line: KeyLine): void {
    if (line.pending.size > 0 || line.leased.length > 0) return;
    if (this.#lines.get(line.key) === line) this.#lines.delete(line.key);
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
    this.#freshCount -= holding.freshCount;
    holding.freshCount = 0;
    holding.isReleased = true;
    this.#events.onReleased(holding);
  }

  /** Deliveries of dropped holdings: their leases end and their ack ids name nothing. */
  #forgetReleased(): void {
    for (const delivery of this.#byAckId.values()) {
      if (!delivery.holding.isReleased) continue;
      const line = delivery.keyLine;
      this.finish(delivery);
      if (line !== undefined) {
        line.leased = line.leased.filter((other) => other !== delivery);
        if (line.retryAtMs === 0) this.#queueLine(line);
      }
    }
    for (const line of this.#lines.values()) {
      for (let next = line.pending.first(); next?.holding.isReleased; next = line.pending.first()) {
        next.state = 'done';
        line.pending.shift();
      }
    }
  }

  #forgetAckIds(delivery: Delivery): void {
    this.#byAckId.delete(delivery.ackId);
    if (delivery.previousAckId !== '') this.#byAckId.delete(delivery.previousAckId);
  }

  #unknownAckId(ackId: string): AckOutcome {
    const tag = ACK_ID.exec(ackId)?.[1];
    if (tag === undefined) return 'malformed';
    return tag === this.#subscriptionTag ? 'stale' : 'foreign';
  }
}

function isCurrent(delivery: Delivery, ackId: string): boolean {
  return delivery.state === 'leased' && delivery.ackId === ackId;
}
