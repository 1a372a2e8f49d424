/** A series walked forward in time: each step of a replay finds its samples where the step before left off. */
import type { Run } from './metric-store-chunk.ts';
import type { CounterSpan, Series } from './metric-store-series.ts';

/** The samples of a series as they are now; what comes later is not seen. */
export class SeriesWalk {
  readonly #runs: readonly Run[];
  readonly #lastAtMs: readonly number[];
  /** Of each run: the sum of resets before it, that at its first sample included. */
  readonly #resetsBefore: readonly number[];
  /** Where all windows of the newest instant end, with the last sample before it. */
  readonly #end: WalkEdge;
  #endAtMs = Number.NaN;
  #last = { atMs: 0, value: 0, resetsSum: 0 };

  constructor({ chunks, head }: Series) {
    this.#runs = [...chunks, head].filter((run) => run.count > 0);
    this.#lastAtMs = this.#runs.map((run) => run.atMs(run.count - 1));
    let sum = 0;
    let last = Number.NaN;
    this.#resetsBefore = this.#runs.map((run) => {
      const first = run.value(0);
      if (first < last) sum += last;
      const before = sum;
      sum += run.resetsUpTo(run.count - 1);
      last = run.value(run.count - 1);
      return before;
    });
    this.#end = this.edge();
  }

  /** An edge before the first sample. */
  edge(): WalkEdge {
    return new WalkEdge(this.#runs, this.#lastAtMs);
  }

  /** What `Series.counterSpan` says of the samples from an edge up to an instant. */
  spanUpTo(from: WalkEdge, atMs: number): CounterSpan | undefined {
    if (atMs !== this.#endAtMs) this.#moveEnd(atMs);
    const count = this.#end.ordinal - from.ordinal;
    if (count < 1) return undefined;
    const first = this.#runs[from.run]!;
    const last = this.#last;
    return {
      count,
      firstAtMs: first.atMs(from.index),
      firstValue: first.value(from.index),
      lastAtMs: last.atMs,
      lastValue: last.value,
      // Each sum for itself, as the series adds them: the last bits of a float are then the same.
      resetsSum: last.resetsSum - this.#resetsAt(from.run, from.index),
    };
  }

  #moveEnd(atMs: number): void {
    const end = this.#end;
    end.moveTo(atMs);
    this.#endAtMs = atMs;
    if (end.ordinal === 0) return;
    const at = end.index > 0 ? end.run : end.run - 1;
    const run = this.#runs[at]!;
    const index = end.index > 0 ? end.index - 1 : run.count - 1;
    this.#last = {
      atMs: run.atMs(index),
      value: run.value(index),
      resetsSum: this.#resetsAt(at, index),
    };
  }

  #resetsAt(run: number, index: number): number {
    return this.#resetsBefore[run]! + this.#runs[run]!.resetsUpTo(index);
  }
}

/** A place between two samples: those before it are at or before an instant. */
export class WalkEdge {
  /** Index of the run of the next sample, and its index there. */
  run = 0;
  index = 0;
  /** Samples before the edge. */
  ordinal = 0;
  readonly #runs: readonly Run[];
  readonly #lastAtMs: readonly number[];
  #atMs = Number.NEGATIVE_INFINITY;

  constructor(runs: readonly Run[], lastAtMs: readonly number[]) {
    this.#runs = runs;
    this.#lastAtMs = lastAtMs;
  }

  /** Moves to just after the last sample at or before `atMs`; forward it takes as long as the way is, back it starts anew. */
  moveTo(atMs: number): void {
    if (atMs < this.#atMs) this.run = this.index = this.ordinal = 0;
    this.#atMs = atMs;
    while (this.run < this.#runs.length) {
      const run = this.#runs[this.run]!;
      if (this.#lastAtMs[this.run]! <= atMs) {
        this.ordinal += run.count - this.index;
        this.run++;
        this.index = 0;
        continue;
      }
      const before = this.index;
      while (run.atMs(this.index) <= atMs) this.index++;
      this.ordinal += this.index - before;
      return;
    }
  }
}
