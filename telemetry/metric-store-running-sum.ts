/** A sum that rises at few indexes: resets of a counter, gaps between samples. */

export class RunningSum {
  readonly #indexes: number[];
  readonly #sums: number[];

  constructor(indexes: readonly number[] = [], sums: readonly number[] = []) {
    this.#indexes = [...indexes];
    this.#sums = [...sums];
  }

  get indexes(): readonly number[] {
    return this.#indexes;
  }

  get sums(): readonly number[] {
    return this.#sums;
  }

  get length(): number {
    return this.#indexes.length;
  }

  get bytes(): number {
    return this.#indexes.length * 16;
  }

  /** `index` is above all that were added. */
  add(index: number, amount: number): void {
    this.#sums.push((this.#sums.at(-1) ?? 0) + amount);
    this.#indexes.push(index);
  }

  /** Sum of what was added up to and with `index`. */
  upTo(index: number): number {
    let low = 0;
    let high = this.#indexes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#indexes[middle]! <= index) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : this.#sums[low - 1]!;
  }
}

/** The sum of nothing, which most series share; never added to. */
export const NO_SUM = new RunningSum();
