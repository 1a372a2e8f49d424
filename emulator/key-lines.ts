/** The messages with an ordering key, in a line for each key; one batch of a line is leased at a time. */
import { Fifo, InstantHeap } from './collections.ts';
import type { KeyLine } from './delivery.ts';
import { Delivery } from './delivery.ts';
import type { Holding } from './holding.ts';
import { messageCount } from './segment.ts';

/** Messages of one ordering key in a batch, so that one busy key leaves room for others. */
const KEY_BATCH_MAX = 100;

export class KeyLines {
  readonly #lines = new Map<string, KeyLine>();
  readonly #ready = new Fifo<KeyLine>();
  readonly #retries = new InstantHeap<KeyLine>();

  /** Lines of which a batch could be leased now. */
  get readyCount(): number {
    return this.#ready.size;
  }

  /** When `tick` has something to do. */
  get nextDueAtMs(): number | undefined {
    return this.#retries.nextAtMs;
  }

  /** Puts the keyed messages of a holding at the end of their lines; they are fresh no more. */
  add(holding: Holding): void {
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
      if (line.retryAtMs === 0) this.#queue(line);
    }
  }

  /** Takes batches while there is room. */
  take(hasRoom: (delivery: Delivery) => boolean, take: (delivery: Delivery) => void): void {
    for (let line = this.#ready.first(); line; line = this.#ready.first()) {
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
      this.#ready.shift();
      line.isQueued = false;
      this.#forgetEmpty(line);
      if (isFull) return;
    }
  }

  /** Puts failed deliveries back in front of their line, which waits until `retryAtMs`. */
  putBack(line: KeyLine, deliveries: readonly Delivery[], retryAtMs: number, nowMs: number): void {
    line.pending.unshift(deliveries);
    line.retryAtMs = retryAtMs;
    this.#offer(line, nowMs);
  }

  /** Offers the lines whose retry is due. */
  tick(nowMs: number): void {
    for (let line = this.#retries.popDue(nowMs); line; line = this.#retries.popDue(nowMs)) {
      this.#offer(line, nowMs);
    }
  }

  /** After the first leased message of a line was acked: `finish`es what was acked early behind it. */
  advance(line: KeyLine, finish: (delivery: Delivery) => void): void {
    line.leased.shift();
    while (line.leased[0]?.isAckedEarly) finish(line.leased.shift()!);
    if (line.retryAtMs === 0) this.#queue(line);
  }

  /** Takes a delivery that is done out of its line's batch. */
  remove(delivery: Delivery): void {
    const line = delivery.keyLine;
    if (line === undefined) return;
    line.leased = line.leased.filter((other) => other !== delivery);
    if (line.retryAtMs === 0) this.#queue(line);
  }

  /** Drops the waiting messages of released holdings; those are the oldest. */
  dropReleased(): void {
    for (const line of this.#lines.values()) {
      for (let next = line.pending.first(); next?.holding.isReleased; next = line.pending.first()) {
        next.state = 'done';
        line.pending.shift();
      }
    }
  }

  clear(): void {
    for (const line of this.#lines.values()) line.leased = [];
    this.#retries.clear();
    this.#ready.clear();
    this.#lines.clear();
  }

  /** Queues a line, or sets it aside until its retry is due. */
  #offer(line: KeyLine, nowMs: number): void {
    if (this.#lines.get(line.key) !== line) return;
    if (line.retryAtMs > nowMs) {
      this.#retries.push(line.retryAtMs, line);
      return;
    }
    line.retryAtMs = 0;
    this.#queue(line);
  }

  #queue(line: KeyLine): void {
    if (line.isQueued || line.leased.length > 0) return;
    if (line.pending.size === 0) return this.#forgetEmpty(line);
    line.isQueued = true;
    this.#ready.push(line);
  }

  #forgetEmpty(line: KeyLine): void {
    if (line.pending.size > 0 || line.leased.length > 0) return;
    if (this.#lines.get(line.key) === line) this.#lines.delete(line.key);
  }
}
