/** A holding: what one subscription or snapshot still owes of one segment, a bit a message. */
import type { Segment } from './segment.ts';
import { messageCount } from './segment.ts';

export class Holding {
  readonly holderId: number;
  readonly segment: Segment;
  /** Bit `i` is set while message `i` is unacked. */
  readonly unacked: Uint8Array;
  unackedCount: number;
  /** Messages before it have been offered once. */
  cursor = 0;
  /** Unacked messages at or behind `cursor` that the queue has yet to offer. */
  freshCount = 0;
  /** No longer held: acked in full, dropped or replaced. */
  isReleased = false;

  constructor(holderId: number, segment: Segment, unacked = allBits(messageCount(segment))) {
    this.holderId = holderId;
    this.segment = segment;
    this.unacked = unacked;
    this.unackedCount = countBits(unacked);
  }

  isUnacked(index: number): boolean {
    return ((this.unacked[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  /** Clears the bit; false where it was clear. */
  acknowledge(index: number): boolean {
    if (!this.isUnacked(index)) return false;
    this.unacked[index >> 3]! &= ~(1 << (index & 7));
    this.unackedCount--;
    return true;
  }
}

export function allBits(count: number): Uint8Array {
  const bits = new Uint8Array((count + 7) >> 3).fill(0xff);
  const rest = count & 7;
  if (rest !== 0) bits[bits.length - 1] = (1 << rest) - 1;
  return bits;
}

/** Bits of the messages for which `isChosen`, among those of `within`. */
export function chooseBits(
  count: number,
  isChosen: (index: number) => boolean,
  within = allBits(count),
): Uint8Array {
  const bits = new Uint8Array((count + 7) >> 3);
  for (let index = 0; index < count; index++) {
    const bit = 1 << (index & 7);
    if ((within[index >> 3]! & bit) !== 0 && isChosen(index)) bits[index >> 3]! |= bit;
  }
  return bits;
}

export function countBits(bits: Uint8Array): number {
  let count = 0;
  for (const byte of bits) {
    for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  }
  return count;
}
