/** The open end of a series in the metric store: samples as they come in, not packed yet. */
import { larger } from './metric-store-chunk.ts';
import type { Run } from './metric-store-chunk.ts';
import { RunningSum } from './metric-store-running-sum.ts';

/** Grows by doubling; 16 bytes a sample. */
export class Head implements Run {
  count = 0;
  max = Number.NaN;
  #times = new Float64Array(8);
  #values = new Float64Array(8);
  readonly #resets = new RunningSum();

  get bytes(): number {
    return this.#times.byteLength * 2;
  }

  get lastAtMs(): number {
    return this.#times[this.count - 1] ?? Number.NEGATIVE_INFINITY;
  }

  atMs(index: number): number {
    return this.#times[index]!;
  }

  value(index: number): number {
    return this.#values[index]!;
  }

  resetsUpTo(index: number): number {
    return this.#resets.upTo(index);
  }

  push(atMs: number, value: number): void {
    if (this.count === this.#times.length) {
      this.#times = grown(this.#times);
      this.#values = grown(this.#values);
    }
    const before = this.count === 0 ? Number.NaN : this.#values[this.count - 1]!;
    if (value < before) this.#resets.add(this.count, before);
    this.#times[this.count] = atMs;
    this.#values[this.count] = value;
    this.max = larger(this.max, value);
    this.count++;
  }

  times(): Float64Array {
    return this.#times.subarray(0, this.count);
  }

  values(): Float64Array {
    return this.#values.subarray(0, this.count);
  }
}

function grown(column: Float64Array): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(column.length * 2);
  wider.set(column);
  return wider;
}
