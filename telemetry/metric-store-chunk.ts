/** Samples of one series in packed columns that are read at any index without unpacking the rest. */
import type { RunningSum } from './metric-store-running-sum.ts';

/** Samples in order of time, as the evaluator reads them. */
export interface Run {
  readonly count: number;
  /** Instant of the sample at `index`, which is from 0 to `count` - 1. */
  atMs(index: number): number;
  value(index: number): number;
  /** Sum of the values from which a counter fell back, over the samples up to and with `index`. */
  resetsUpTo(index: number): number;
  /** Largest value that is a number; NaN where none is. */
  readonly max: number;
}

export type Residuals = Uint8Array | Uint16Array | Uint32Array;

/** What a chunk holds, and what is stored of it. Regular instants and constant values take no room. */
export interface ChunkColumns {
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly max: number;
  /** Whether it holds minutes only. */
  readonly isThin: boolean;
  readonly stepMs: number;
  /** How far gaps move the instants of what comes after them. */
  readonly gaps: RunningSum;
  /** Instants since the first, where they are too irregular for a step and gaps. */
  readonly offsets: Int32Array | undefined;
  /** A value times this is whole. */
  readonly scale: number;
  /** Every 64th value, scaled; the others lie off the line through them by a residual. One anchor is a level line. */
  readonly anchors: Float64Array;
  readonly residualMin: number;
  readonly residuals: Residuals | undefined;
  /** The values, where they cannot be packed. */
  readonly floats: Float64Array | undefined;
  readonly resets: RunningSum;
}

/** Samples between two anchors. */
export const ANCHOR_EVERY = 64;
/** What the objects and the heads of the arrays take. */
const OVERHEAD_BYTES = 400;

/** A closed run. */
export class Chunk implements Run {
  readonly columns: ChunkColumns;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly max: number;
  readonly bytes: number;

  constructor(columns: ChunkColumns) {
    this.columns = columns;
    this.count = columns.count;
    this.firstAtMs = columns.firstAtMs;
    this.lastAtMs = columns.lastAtMs;
    this.max = columns.max;
    const { gaps, offsets, anchors, residuals, floats, resets } = columns;
    const arrays = [offsets, anchors, residuals, floats];
    this.bytes = arrays.reduce(
      (sum, array) => sum + (array?.byteLength ?? 0),
      OVERHEAD_BYTES + gaps.bytes + resets.bytes,
    );
  }

  atMs(index: number): number {
    const { offsets, stepMs, gaps } = this.columns;
    if (offsets) return this.firstAtMs + offsets[index]!;
    return this.firstAtMs + index * stepMs + gaps.upTo(index);
  }

  value(index: number): number {
    const { floats, anchors, residuals, residualMin, scale } = this.columns;
    if (floats) return floats[index]!;
    const residual = residuals ? residuals[index]! : 0;
    return (lineAt(anchors, index) + residual + residualMin) / scale;
  }

  resetsUpTo(index: number): number {
    return this.columns.resets.upTo(index);
  }
}

/** The line through the anchors, at whole numbers. */
export function lineAt(anchors: Float64Array, index: number): number {
  if (anchors.length === 1) return anchors[0]!;
  const segment = Math.floor(index / ANCHOR_EVERY);
  const from = anchors[segment]!;
  const rise = (anchors[segment + 1]! - from) / ANCHOR_EVERY;
  return Math.round(from + rise * (index - segment * ANCHOR_EVERY));
}

/** Samples of `run` at or before `atMs`, by their number. */
export function countUpTo(run: Run, atMs: number): number {
  let low = 0;
  let high = run.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (run.atMs(middle) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Largest of two values where NaN counts as none. Source: Prometheus, `max_over_time`. */
export function larger(one: number, other: number): number {
  return other > one || Number.isNaN(one) ? other : one;
}
