/** What was worked out about a metric store, by key, for as long as the store lives. */
import type { MetricStore } from './metric-store.ts';

export class StoreMemory<T> {
  readonly #entriesMax: number;
  readonly #byStore = new WeakMap<MetricStore, Map<string, T>>();

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  get(store: MetricStore, key: string): T | undefined {
    return this.#byStore.get(store)?.get(key);
  }

  /** Beyond the limit, what was set longest ago goes. */
  set(store: MetricStore, key: string, value: T): void {
    let entries = this.#byStore.get(store);
    if (!entries) this.#byStore.set(store, (entries = new Map()));
    entries.delete(key);
    entries.set(key, value);
    const [oldest] = entries.keys();
    if (oldest !== undefined && entries.size > this.#entriesMax) entries.delete(oldest);
  }
}
