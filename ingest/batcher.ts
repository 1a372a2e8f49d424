/** When a batch is full: by rows, by bytes, by the age of its oldest item. Pure: time is passed in. */

export interface BatchLimits {
  readonly rowsMax: number;
  readonly bytesMax: number;
  /** Longest wait of an item for its batch to fill. */
  readonly waitMs: number;
}

/**
 * Collects items into batches. Full batches queue in order until taken; the open one is taken once it is due or on
 * `seal`. Its owner bounds the number of items (messages in flight).
 */
export class Batcher<T> {
  readonly #limits: BatchLimits;
  #open: T[] = [];
  #openBytes = 0;
  #openedAtMs = 0;
  #sealed: T[][] = [];

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** An item larger than `bytesMax` travels in a batch of its own. */
  add(item: T, bytes: number, nowMs: number): void {
    if (this.#open.length > 0 && this.#openBytes + bytes > this.#limits.bytesMax) this.seal();
    if (this.#open.length === 0) this.#openedAtMs = nowMs;
    this.#open.push(item);
    this.#openBytes += bytes;
    if (this.#open.length >= this.#limits.rowsMax || this.#openBytes >= this.#limits.bytesMax) {
      this.seal();
    }
  }

  /** The oldest batch that is full or due at `nowMs`. */
  take(nowMs: number): readonly T[] | undefined {
    const dueAtMs = this.dueAtMs();
    if (this.#sealed.length === 0 && dueAtMs !== undefined && nowMs >= dueAtMs) this.seal();
    return this.#sealed.shift();
  }

  /** Closes the open batch whatever its size. */
  seal(): void {
    if (this.#open.length === 0) return;
    this.#sealed.push(this.#open);
    this.#open = [];
    this.#openBytes = 0;
  }

  /** Whether a full batch waits to be taken. */
  hasSealed(): boolean {
    return this.#sealed.length > 0;
  }

  /** When the open batch is due; `undefined` while it is empty. */
  dueAtMs(): number | undefined {
    return this.#open.length === 0 ? undefined : this.#openedAtMs + this.#limits.waitMs;
  }
}
