/** Leases by their end, in buckets of a tenth of a second: adding, moving and removing one is constant time. */
import { InstantHeap } from './collections.ts';

const BUCKET_MS = 100;

/** What the wheel keeps on an item; `undefined` while it is not in the wheel. */
export interface Leased {
  leaseBucket: Set<Leased> | undefined;
}

export class LeaseWheel<T extends Leased> {
  readonly #buckets = new Map<number, Set<Leased>>();
  readonly #bucketOrder = new InstantHeap<number>();
  #size = 0;

  /** Items in the wheel. */
  get size(): number {
    return this.#size;
  }

  /** When the next bucket is due; it may turn out empty. */
  get nextAtMs(): number | undefined {
    return this.#bucketOrder.nextAtMs;
  }

  /** Adds an item, or moves it; it comes due at `expiresAtMs`, up to a tenth of a second later. */
  set(item: T, expiresAtMs: number): void {
    this.delete(item);
    const number = Math.ceil(expiresAtMs / BUCKET_MS);
    let bucket = this.#buckets.get(number);
    if (bucket === undefined) {
      bucket = new Set();
      this.#buckets.set(number, bucket);
      this.#bucketOrder.push(number * BUCKET_MS, number);
    }
    bucket.add(item);
    item.leaseBucket = bucket;
    this.#size++;
  }

  delete(item: T): void {
    if (item.leaseBucket === undefined) return;
    item.leaseBucket.delete(item);
    item.leaseBucket = undefined;
    this.#size--;
  }

  /** Removes and returns all items whose lease has ended. */
  takeDue(nowMs: number): T[] {
    const due: T[] = [];
    for (;;) {
      const number = this.#bucketOrder.popDue(nowMs);
      if (number === undefined) return due;
      const bucket = this.#buckets.get(number);
      this.#buckets.delete(number);
      for (const item of bucket ?? []) {
        item.leaseBucket = undefined;
        this.#size--;
        due.push(item as T);
      }
    }
  }

  clear(): void {
    for (const bucket of this.#buckets.values()) {
      for (const item of bucket) item.leaseBucket = undefined;
    }
    this.#buckets.clear();
    this.#bucketOrder.clear();
    this.#size = 0;
  }
}
