/** Time slices of a gauge, counted: those that are over are looked at once and remembered as running sums. */
import { selectSeries } from './evaluate-groups.ts';
import { larger } from './metric-store-chunk.ts';
import type { Series } from './metric-store-series.ts';
import { SETTLED_AFTER_MS } from './metric-store.ts';
import type { MetricStore } from './metric-store.ts';
import type { Selector, SliceSignal } from './signal.ts';
import { StoreMemory } from './store-memory.ts';

export interface SliceCounts {
  readonly goodCount: number;
  readonly validCount: number;
}

/** Slices that are looked at ahead of the first question about them: 69 days of minutes. */
const SLICES_AHEAD_MAX = 100_000;
/** Remembered slice questions of a store: one an SLO; each 35 days of minutes, 400 KB. The oldest go first. */
const REMEMBERED_MAX = 150;

const MEMORY = new StoreMemory<SliceLedger>(REMEMBERED_MAX);

/**
 * Good and valid slices whose ends lie in (atMs - windowMs, atMs]. A slice is the time after one multiple of `sliceMs`, up to and
 * with the next.
 */
export function sliceCounts(signal: SliceSignal, store: MetricStore, atMs: number): SliceCounts {
  return countIn(ledgerOf(signal, store), signal, atMs);
}

/** `sliceCounts` for a store that does not change any more: all its slices are looked at now, once. */
export function sliceCounter(
  signal: SliceSignal,
  store: MetricStore,
): (atMs: number) => SliceCounts {
  const ledger = ledgerOf(signal, store);
  if (Number.isFinite(store.newestAtMs)) countIn(ledger, signal, store.newestAtMs);
  return (atMs) => countIn(ledger, signal, atMs);
}

function countIn(
  ledger: SliceLedger,
  { sliceMs, windowMs }: SliceSignal,
  atMs: number,
): SliceCounts {
  const fromSlice = Math.floor((atMs - windowMs) / sliceMs);
  return ledger.count(fromSlice, Math.floor(atMs / sliceMs));
}

function ledgerOf({ gauge, bound, sliceMs, presence }: SliceSignal, store: MetricStore) {
  const key = JSON.stringify([gauge, String(bound), sliceMs, presence]);
  const known = MEMORY.get(store, key);
  if (known && !known.isStale()) return known;
  const ledger = new SliceLedger(store, { gauge, bound, sliceMs, presence });
  MEMORY.set(store, key, ledger);
  return ledger;
}

type Question = Pick<SliceSignal, 'bound' | 'gauge' | 'sliceMs'> & {
  readonly presence: Selector | undefined;
};

/** Slices are numbered by their end over `sliceMs`. */
class SliceLedger {
  readonly #store: MetricStore;
  readonly #question: Question;
  readonly #historyVersion: number;
  /** The slice after which the sums begin; `undefined` before the first question. */
  #firstSlice: number | undefined;
  /** Of the slices after `#firstSlice`, up to and with each: how many were good, how many valid. */
  #good = new Uint32Array(1_024);
  #valid = new Uint32Array(1_024);
  #length = 0;

  constructor(store: MetricStore, question: Question) {
    this.#store = store;
    this.#question = question;
    this.#historyVersion = store.historyVersion;
  }

  /** What came in late may have changed slices that were counted; what is long past only takes room. */
  isStale(): boolean {
    const { newestAtMs, limits, historyVersion } = this.#store;
    const oldestMs = newestAtMs - 2 * limits.retentionMs;
    const isLong = (this.#firstSlice ?? Infinity) * this.#question.sliceMs < oldestMs;
    return isLong || historyVersion !== this.#historyVersion;
  }

  /** Counts of slices after `fromSlice`, up to and with `toSlice`. */
  count(fromSlice: number, toSlice: number): SliceCounts {
    const { sliceMs } = this.#question;
    const settledSlice = Math.floor((this.#store.newestAtMs - SETTLED_AFTER_MS) / sliceMs);
    const lastKept = Math.min(toSlice, settledSlice);
    this.#extend(fromSlice, lastKept);
    const kept = lastKept > fromSlice ? this.#between(fromSlice, lastKept) : NONE;
    const openFrom = Math.max(fromSlice, lastKept);
    const open = toSlice > openFrom ? this.#look(openFrom, toSlice) : NOTHING;
    return {
      goodCount:
        kept.goodCount + open.reduce((sum, verdict) => sum + (verdict === GOOD ? 1 : 0), 0),
      validCount:
        kept.validCount + open.reduce((sum, verdict) => sum + (verdict === VOID ? 0 : 1), 0),
    };
  }

  #between(fromSlice: number, toSlice: number): SliceCounts {
    const at = (sums: Uint32Array, slice: number) => {
      const index = slice - this.#firstSlice! - 1;
      return index < 0 ? 0 : sums[index]!;
    };
    return {
      goodCount: at(this.#good, toSlice) - at(this.#good, fromSlice),
      validCount: at(this.#valid, toSlice) - at(this.#valid, fromSlice),
    };
  }

  /** Makes the sums reach from `fromSlice` to `toSlice`: at first over all that is kept, so that longer windows find theirs. */
  #extend(fromSlice: number, toSlice: number): void {
    if (toSlice <= fromSlice) return;
    if (this.#firstSlice === undefined || fromSlice < this.#firstSlice) {
      const end = this.#firstSlice === undefined ? toSlice : this.#firstSlice + this.#length;
      this.#firstSlice = Math.min(fromSlice, this.#oldestSlice(toSlice));
      this.#length = 0;
      this.#push(this.#look(this.#firstSlice, Math.max(toSlice, end)));
      return;
    }
    const end = this.#firstSlice + this.#length;
    if (toSlice > end) this.#push(this.#look(end, toSlice));
  }

  #oldestSlice(toSlice: number): number {
    const { newestAtMs, limits } = this.#store;
    const keptFrom = Math.floor((newestAtMs - limits.retentionMs) / this.#question.sliceMs);
    return Math.max(keptFrom, toSlice - SLICES_AHEAD_MAX);
  }

  #push(verdicts: Uint8Array): void {
    const length = this.#length + verdicts.length;
    if (length > this.#good.length) {
      this.#good = grown(this.#good, length);
      this.#valid = grown(this.#valid, length);
    }
    let good = this.#length === 0 ? 0 : this.#good[this.#length - 1]!;
    let valid = this.#length === 0 ? 0 : this.#valid[this.#length - 1]!;
    for (const [index, verdict] of verdicts.entries()) {
      if (verdict === GOOD) good++;
      if (verdict !== VOID) valid++;
      this.#good[this.#length + index] = good;
      this.#valid[this.#length + index] = valid;
    }
    this.#length = length;
  }

  /** The verdict of each slice after `fromSlice`, up to and with `toSlice`. */
  #look(fromSlice: number, toSlice: number): Uint8Array {
    const { gauge, bound, presence, sliceMs } = this.#question;
    const span = { fromSlice, toSlice, sliceMs };
    const count = toSlice - fromSlice;
    const verdicts = new Uint8Array(count);
    const largest = new Float64Array(count).fill(Number.NaN);
    visitSlices(selectSeries(this.#store, gauge), span, (index, value) => {
      largest[index] = larger(largest[index]!, value);
      verdicts[index] = BAD;
    });
    for (const [index, value] of largest.entries()) if (value <= bound) verdicts[index] = GOOD;
    if (presence) {
      visitSlices(selectSeries(this.#store, presence), span, (index) => {
        if (verdicts[index] === VOID) verdicts[index] = BAD;
      });
    }
    return verdicts;
  }
}

const VOID = 0;
const BAD = 1;
const GOOD = 2;
const NONE: SliceCounts = { goodCount: 0, validCount: 0 };
const NOTHING = new Uint8Array(0);

function visitSlices(
  all: readonly Series[],
  { fromSlice, toSlice, sliceMs }: { fromSlice: number; toSlice: number; sliceMs: number },
  visit: (index: number, value: number) => void,
): void {
  for (const series of all) {
    series.scan(fromSlice * sliceMs, toSlice * sliceMs, (atMs, value) => {
      visit(Math.ceil(atMs / sliceMs) - fromSlice - 1, value);
    });
  }
}

function grown(column: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const wider = new Uint32Array(Math.max(length, column.length * 2));
  wider.set(column);
  return wider;
}
