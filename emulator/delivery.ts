/** A delivery: one message of one subscription, from its first lease until it is acked. */
import type { Fifo } from './collections.ts';
import type { Holding } from './holding.ts';
import type { Leased } from './lease-wheel.ts';
import { messageBytes } from './segment.ts';

/** Who a lease counts against: a stream with flow control. */
export interface LeaseOwner {
  /** A lease of this many bytes ended. */
  onLeaseEnded(byteCount: number): void;
}

/** `forwarding`: on its way to the dead-letter topic. `done`: acked or dropped. */
export type DeliveryState = 'waiting' | 'leased' | 'forwarding' | 'done';

/** The messages of one ordering key; at most one batch of them is leased at a time. */
export interface KeyLine {
  readonly key: string;
  readonly pending: Fifo<Delivery>;
  /** The leased batch, in order; acked ones stay until all before them are acked. */
  leased: Delivery[];
  isQueued: boolean;
  retryAtMs: number;
}

export class Delivery implements Leased {
  readonly holding: Holding;
  readonly index: number;
  readonly keyLine: KeyLine | undefined;
  state: DeliveryState = 'waiting';
  /** Leases so far. */
  attempt = 0;
  ackId = '';
  previousAckId = '';
  owner: LeaseOwner | undefined;
  /** Acked before an earlier message of its key. */
  isAckedEarly = false;
  leaseBucket: Set<Leased> | undefined;

  constructor(holding: Holding, index: number, keyLine?: KeyLine) {
    this.holding = holding;
    this.index = index;
    this.keyLine = keyLine;
  }

  get byteCount(): number {
    return messageBytes(this.holding.segment, this.index);
  }
}
