/** The leases of one subscription: who holds a message until when, and under which ack id. */
import type { Delivery, LeaseOwner } from './delivery.ts';
import { LeaseWheel } from './lease-wheel.ts';

const ACK_ID = /^[0-9a-z]+-([0-9a-z]+)-[0-9a-z]+$/;

export class Leases {
  readonly #ackIdPrefix: string;
  readonly #subscriptionTag: string;
  #ackIdCount = 0;
  readonly #wheel = new LeaseWheel<Delivery>();
  readonly #byAckId = new Map<string, Delivery>();

  /** `ackIdScope` differs by server run, so that an ack id of an earlier run names nothing. */
  constructor(holderId: number, ackIdScope: string) {
    this.#subscriptionTag = holderId.toString(36);
    this.#ackIdPrefix = `${ackIdScope}-${this.#subscriptionTag}-`;
  }

  /** Leases that run. */
  get count(): number {
    return this.#wheel.size;
  }

  /** When the next lease may end. */
  get nextAtMs(): number | undefined {
    return this.#wheel.nextAtMs;
  }

  /** A new lease, with a new ack id; that of the lease before still names the message. */
  grant(delivery: Delivery, expiresAtMs: number, owner: LeaseOwner | undefined): void {
    if (delivery.previousAckId !== '') this.#byAckId.delete(delivery.previousAckId);
    delivery.previousAckId = delivery.ackId;
    delivery.ackId = this.#ackIdPrefix + (++this.#ackIdCount).toString(36);
    delivery.state = 'leased';
    delivery.attempt++;
    delivery.owner = owner;
    this.#byAckId.set(delivery.ackId, delivery);
    this.#wheel.set(delivery, expiresAtMs);
  }

  move(delivery: Delivery, expiresAtMs: number): void {
    this.#wheel.set(delivery, expiresAtMs);
  }

  /** The lease ends; its ack id still names the message. */
  end(delivery: Delivery): void {
    this.#wheel.delete(delivery);
    const { owner } = delivery;
    delivery.owner = undefined;
    owner?.onLeaseEnded(delivery.byteCount);
  }

  /** Removes and returns what is still leased beyond its end. */
  takeOverdue(nowMs: number): Delivery[] {
    return this.#wheel.takeDue(nowMs);
  }

  find(ackId: string): Delivery | undefined {
    return this.#byAckId.get(ackId);
  }

  /** Everything that an ack id names; one with two ids comes twice. */
  named(): IterableIterator<Delivery> {
    return this.#byAckId.values();
  }

  /** From now on no ack id names the message. */
  forget(delivery: Delivery): void {
    this.#byAckId.delete(delivery.ackId);
    if (delivery.previousAckId !== '') this.#byAckId.delete(delivery.previousAckId);
  }

  /** Ends all leases; their ack ids name nothing from then on. */
  clear(): void {
    for (const delivery of new Set(this.#byAckId.values())) {
      this.end(delivery);
      delivery.state = 'done';
    }
    this.#byAckId.clear();
    this.#wheel.clear();
  }

  /** What an ack id is that names nothing; `stale`: it may have named a message once. */
  kindOfUnknown(ackId: string): 'stale' | 'malformed' | 'foreign' {
    const tag = ACK_ID.exec(ackId)?.[1];
    if (tag === undefined) return 'malformed';
    return tag === this.#subscriptionTag ? 'stale' : 'foreign';
  }
}

/** Whether `ackId` is that of the lease which the delivery is under now. */
export function isCurrent(delivery: Delivery, ackId: string): boolean {
  return delivery.state === 'leased' && delivery.ackId === ackId;
}
