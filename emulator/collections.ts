/** Two small containers: a first-in-first-out queue and a heap ordered by instant. */

/** First in, first out; both ends in constant time, amortised. */
export class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  first(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (this.size === 0) return undefined;
    this.#head++;
    if (this.#head > 1000 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Puts `items` in front, in their order. */
  unshift(items: readonly T[]): void {
    this.#items = [...items, ...this.#items.slice(this.#head)];
    this.#head = 0;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}

/** Smallest instant first. */
export class InstantHeap<T> {
  readonly #entries: { readonly atMs: number; readonly item: T }[] = [];

  get nextAtMs(): number | undefined {
    return this.#entries[0]?.atMs;
  }

  push(atMs: number, item: T): void {
    const entries = this.#entries;
    let index = entries.push({ atMs, item }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (entries[parent]!.atMs <= entries[index]!.atMs) break;
      [entries[parent], entries[index]] = [entries[index]!, entries[parent]!];
      index = parent;
    }
  }

  /** Removes and returns the first item whose instant is at or before `nowMs`. */
  popDue(nowMs: number): T | undefined {
    const entries = this.#entries;
    const top = entries[0];
    if (top === undefined || top.atMs > nowMs) return undefined;
    const last = entries.pop()!;
    if (entries.length === 0) return top.item;
    entries[0] = last;
    this.#sink();
    return top.item;
  }

  clear(): void {
    this.#entries.length = 0;
  }

  #sink(): void {
    const entries = this.#entries;
    let index = 0;
    for (;;) {
      let smallest = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < entries.length && entries[child]!.atMs < entries[smallest]!.atMs)
          smallest = child;
      }
      if (smallest === index) return;
      [entries[smallest], entries[index]] = [entries[index]!, entries[smallest]!];
      index = smallest;
    }
  }
}
