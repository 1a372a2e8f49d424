/** One series of the metric store: closed chunks, then an open head; answers about any span of time in O(log n). */
import { countUpTo, larger } from './metric-store-chunk.ts';
import type { Chunk, Run } from './metric-store-chunk.ts';
import { Head } from './metric-store-head.ts';
import { packChunk } from './metric-store-pack.ts';
import type { Labels } from './signal.ts';

/** What the samples mean: a counter's fall is a reset. */
export type SeriesKind = 'counter' | 'gauge';

/** Samples of an open head: about 85 minutes at 10 s; 8 KiB a series while it fills. */
export const HEAD_SAMPLES_MAX = 512;
/** Offsets are of 32 bits in milliseconds; a head that would span more is closed. */
const HEAD_SPAN_MAX_MS = 20 * 86_400_000;

/** Samples of a counter in a span: the ends, how many, and what resets between them hid. */
export interface CounterSpan {
  readonly count: number;
  readonly firstAtMs: number;
  readonly firstValue: number;
  readonly lastAtMs: number;
  readonly lastValue: number;
  /** Added to `lastValue - firstValue` it gives the rise. */
  readonly resetsSum: number;
}

export interface NewestSample {
  readonly atMs: number;
  readonly value: number;
}

export class Series {
  readonly name: string;
  readonly labels: Labels;
  readonly kind: SeriesKind;
  #chunks: Chunk[] = [];
  /** Sum of resets over all samples before each chunk's first, that one's own included. */
  #resetsBefore: number[] = [];
  #head = new Head();
  #headResetsBefore = 0;
  /** Instants at which a scrape found the series gone. */
  #endsAtMs: number[] = [];

  constructor(name: string, labels: Labels, kind: SeriesKind) {
    this.name = name;
    this.labels = labels;
    this.kind = kind;
  }

  get chunks(): readonly Chunk[] {
    return this.#chunks;
  }

  get endsAtMs(): readonly number[] {
    return this.#endsAtMs;
  }

  /** The samples that are in no chunk yet. */
  get head(): Run {
    return this.#head;
  }

  /** Newest instant, of a sample or of an end; -Infinity where there is none. */
  get newestAtMs(): number {
    return Math.max(this.#lastSampleAtMs(), this.#endsAtMs.at(-1) ?? Number.NEGATIVE_INFINITY);
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0 && this.#head.count === 0 && this.#endsAtMs.length === 0;
  }

  get bytes(): number {
    let bytes = this.#head.bytes + this.#endsAtMs.length * 8;
    for (const chunk of this.#chunks) bytes += chunk.bytes;
    return bytes;
  }

  /** False where `atMs` is not after the newest instant; the sample is then left out, as Prometheus does. */
  append(atMs: number, value: number): boolean {
    if (atMs <= this.newestAtMs) return false;
    const head = this.#head;
    if (head.count === 0 && this.#chunks.length > 0) {
      this.#headResetsBefore += resetBetween(this.#lastValue(), value);
    }
    head.push(atMs, value);
    return true;
  }

  /** Marks the series as ended; samples after `atMs` begin it again. */
  end(atMs: number): boolean {
    if (atMs <= this.newestAtMs) return false;
    this.#endsAtMs.push(atMs);
    return true;
  }

  /** Whether the next sample should find the head closed. */
  isHeadFull(atMs: number): boolean {
    const { count } = this.#head;
    return count >= HEAD_SAMPLES_MAX || (count > 0 && atMs - this.#head.atMs(0) > HEAD_SPAN_MAX_MS);
  }

  /** Packs the head as a chunk, which is returned. */
  closeHead(): Chunk | undefined {
    const head = this.#head;
    if (head.count === 0) return undefined;
    const chunk = packChunk(head.times(), head.values());
    this.#chunks.push(chunk);
    this.#resetsBefore.push(this.#headResetsBefore);
    this.#headResetsBefore += chunk.resetsUpTo(chunk.count - 1);
    this.#head = new Head();
    return chunk;
  }

  /** The head as a chunk, which stays open. */
  packedHead(): Chunk | undefined {
    const head = this.#head;
    return head.count === 0 ? undefined : packChunk(head.times(), head.values());
  }

  /** Puts `replacement` in the place of the first `count` chunks. What they knew of resets must be the same. */
  replaceFirstChunks(count: number, replacement: readonly Chunk[]): void {
    this.#chunks.splice(0, count, ...replacement);
    this.#sumResets();
  }

  /** Takes chunks, open head and ends as they were stored. */
  restore(chunks: readonly Chunk[], head: Run | undefined, endsAtMs: readonly number[]): void {
    this.#chunks = [...chunks];
    this.#endsAtMs = [...endsAtMs];
    this.#head = new Head();
    for (let at = 0; at < (head?.count ?? 0); at++)
      this.#head.push(head!.atMs(at), head!.value(at));
    this.#sumResets();
  }

  /** Drops chunks and ends that lie wholly before `fromMs`; returns how many chunks. */
  dropBefore(fromMs: number): number {
    let count = 0;
    while (count < this.#chunks.length && this.#chunks[count]!.lastAtMs < fromMs) count++;
    if (count > 0) this.replaceFirstChunks(count, []);
    if (this.#head.count > 0 && this.#head.lastAtMs < fromMs) this.#head = new Head();
    while (this.#endsAtMs.length > 0 && this.#endsAtMs[0]! < fromMs) this.#endsAtMs.shift();
    return count;
  }

  /** Samples of (fromMs, toMs], the left end excluded as Prometheus 3 does; `undefined` where there is none. */
  counterSpan(fromMs: number, toMs: number): CounterSpan | undefined {
    const first = this.#findAfter(fromMs);
    const last = this.#findUpTo(toMs);
    if (!first || !last || first.run > last.run) return undefined;
    if (first.run === last.run && first.index > last.index) return undefined;
    const firstRun = this.#run(first.run);
    const lastRun = this.#run(last.run);
    let count = last.index - first.index + 1;
    for (let run = first.run; run < last.run; run++) count += this.#run(run).count;
    return {
      count,
      firstAtMs: firstRun.atMs(first.index),
      firstValue: firstRun.value(first.index),
      lastAtMs: lastRun.atMs(last.index),
      lastValue: lastRun.value(last.index),
      resetsSum: this.#resetsAt(last) - this.#resetsAt(first),
    };
  }

  /** Largest sample of (fromMs, toMs]: NaN where all are, `undefined` where there is none. */
  max(fromMs: number, toMs: number): number | undefined {
    const first = this.#findAfter(fromMs);
    const last = this.#findUpTo(toMs);
    if (!first || !last || first.run > last.run) return undefined;
    if (first.run === last.run && first.index > last.index) return undefined;
    let max = Number.NaN;
    for (let at = first.run; at <= last.run; at++) {
      const run = this.#run(at);
      const from = at === first.run ? first.index : 0;
      const to = at === last.run ? last.index : run.count - 1;
      if (from === 0 && to === run.count - 1) max = larger(max, run.max);
      else for (let index = from; index <= to; index++) max = larger(max, run.value(index));
    }
    return max;
  }

  /** The newest sample of (fromMs, toMs], unless the series ended after it. */
  newest(fromMs: number, toMs: number): NewestSample | undefined {
    const last = this.#findUpTo(toMs);
    if (!last) return undefined;
    const run = this.#run(last.run);
    const atMs = run.atMs(last.index);
    if (atMs <= fromMs) return undefined;
    if (this.#endsAtMs.some((endAtMs) => endAtMs > atMs && endAtMs <= toMs)) return undefined;
    return { atMs, value: run.value(last.index) };
  }

  /** Calls `visit` with each sample of (fromMs, toMs] in order. */
  scan(fromMs: number, toMs: number, visit: (atMs: number, value: number) => void): void {
    const first = this.#findAfter(fromMs);
    if (!first) return;
    for (let at = first.run; at <= this.#chunks.length; at++) {
      const run = this.#run(at);
      for (let index = at === first.run ? first.index : 0; index < run.count; index++) {
        const atMs = run.atMs(index);
        if (atMs > toMs) return;
        visit(atMs, run.value(index));
      }
    }
  }

  #run(at: number): Run {
    return at < this.#chunks.length ? this.#chunks[at]! : this.#head;
  }

  #resetsAt({ run, index }: Place): number {
    const before = run < this.#chunks.length ? this.#resetsBefore[run]! : this.#headResetsBefore;
    return before + this.#run(run).resetsUpTo(index);
  }

  /** The first sample after `atMs`. */
  #findAfter(atMs: number): Place | undefined {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#chunks[middle]!.lastAtMs <= atMs) low = middle + 1;
      else high = middle;
    }
    const run = this.#run(low);
    const index = countUpTo(run, atMs);
    return index < run.count ? { run: low, index } : undefined;
  }

  /** The last sample at or before `atMs`. */
  #findUpTo(atMs: number): Place | undefined {
    const inHead = countUpTo(this.#head, atMs);
    if (inHead > 0) return { run: this.#chunks.length, index: inHead - 1 };
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#chunks[middle]!.firstAtMs <= atMs) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return undefined;
    return { run: low - 1, index: countUpTo(this.#chunks[low - 1]!, atMs) - 1 };
  }

  #lastSampleAtMs(): number {
    if (this.#head.count > 0) return this.#head.lastAtMs;
    return this.#chunks.at(-1)?.lastAtMs ?? Number.NEGATIVE_INFINITY;
  }

  #lastValue(): number {
    const chunk = this.#chunks.at(-1);
    return chunk ? chunk.value(chunk.count - 1) : Number.NaN;
  }

  #sumResets(): void {
    let sum = 0;
    let last = Number.NaN;
    this.#resetsBefore = this.#chunks.map((chunk) => {
      sum += resetBetween(last, chunk.value(0));
      const before = sum;
      sum += chunk.resetsUpTo(chunk.count - 1);
      last = chunk.value(chunk.count - 1);
      return before;
    });
    if (this.#head.count > 0) sum += resetBetween(last, this.#head.value(0));
    this.#headResetsBefore = sum;
  }
}

interface Place {
  /** Index of a chunk, or the number of chunks for the head. */
  readonly run: number;
  readonly index: number;
}

/** What is lost where a counter goes from `before` to `after`. */
function resetBetween(before: number, after: number): number {
  return after < before ? before : 0;
}
