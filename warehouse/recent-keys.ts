/** The newest keys of an event-id index, in memory until there are enough of them for a sorted run. */

/** Keys with their sequences; equal places belong together. */
export interface SortedKeys {
  readonly keys: Float64Array;
  readonly sequences: Float64Array;
}

/**
 * What a run of the lowest level holds. More would be read again from the warehouse after a kill (65,536 rows: a
 * quarter of a second), fewer would make more runs.
 */
export const RECENT_KEYS_MAX = 2 ** 16;
/** Half of them stay empty, so that a probe is short; 16 bytes each: 2 MiB a stream. */
const SLOTS = RECENT_KEYS_MAX * 2;
const EMPTY = -1;

export class RecentKeys {
  readonly #keys = new Float64Array(SLOTS).fill(EMPTY);
  readonly #sequences = new Float64Array(SLOTS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get memoryBytes(): number {
    return this.#keys.byteLength + this.#sequences.byteLength;
  }

  /** Adds a key with its sequence; a pair that is there already is kept once. The caller keeps to `RECENT_KEYS_MAX`. */
  add(key: number, sequence: number): void {
    let slot = slotOf(key);
    for (; this.#keys[slot] !== EMPTY; slot = (slot + 1) % SLOTS) {
      if (this.#keys[slot] === key && this.#sequences[slot] === sequence) return;
    }
    if (this.#count === RECENT_KEYS_MAX) throw new RangeError('the recent keys are full');
    this.#keys[slot] = key;
    this.#sequences[slot] = sequence;
    this.#count++;
  }

  /** Adds the sequences of `key` to `found`. */
  find(key: number, found: number[]): void {
    for (let slot = slotOf(key); this.#keys[slot] !== EMPTY; slot = (slot + 1) % SLOTS) {
      if (this.#keys[slot] === key) found.push(this.#sequences[slot]!);
    }
  }

  /** All, by rising key. */
  sorted(): SortedKeys {
    const keys = this.#keys.filter((key) => key !== EMPTY).toSorted();
    const sequences = new Float64Array(keys.length);
    const found: number[] = [];
    for (let at = 0; at < keys.length; at += found.length) {
      found.length = 0;
      this.find(keys[at]!, found);
      sequences.set(found, at);
    }
    return { keys, sequences };
  }

  clear(): void {
    this.#keys.fill(EMPTY);
    this.#count = 0;
  }
}

function slotOf(key: number): number {
  return (key >>> 0) % SLOTS;
}
