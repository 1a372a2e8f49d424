/** Samples of one series in packed columns that are read at any index without unpacking the rest. */

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

/** Samples between two anchors; a value is stored as its distance from the line through them. */
const ANCHOR_EVERY = 64;
/** Decimals that are tried: whole numbers, thousandths, millionths. */
const SCALES = [1, 1_000, 1_000_000] as const;
/** Whole numbers up to here are exact in a float, with room for a sum of two. */
const WHOLE_MAX = 2 ** 51;
/** What the object and the heads of its arrays take. */
const OVERHEAD_BYTES = 400;

type Residuals = Uint8Array | Uint16Array | Uint32Array;

/** A closed run. Regular instants and constant values take no room. */
export class Chunk implements Run {
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly max: number;
  readonly bytes: number;
  /** Whether it holds minutes only. */
  readonly isThin: boolean;
  readonly #stepMs: number;
  /** How far gaps move the instants of what comes after them; `undefined` where `offsets` holds the instants. */
  readonly #gaps: RunningSum | undefined;
  readonly #offsets: Int32Array | undefined;
  /** Of 0 where `floats` holds the values. */
  readonly #scale: number;
  readonly #anchors: Float64Array;
  readonly #residualMin: number;
  readonly #residuals: Residuals | undefined;
  readonly #floats: Float64Array | undefined;
  readonly #resets: RunningSum;

  /** `times` and `values` are copied; `times` rise and span less than 24 days. */
  constructor(times: Float64Array, values: Float64Array, isThin = false) {
    this.isThin = isThin;
    this.count = values.length;
    this.firstAtMs = times[0] ?? Number.NaN;
    this.lastAtMs = times[this.count - 1] ?? Number.NaN;
    this.#stepMs = stepOf(times);
    this.#gaps = gapsOf(times, this.#stepMs);
    this.#offsets = this.#gaps ? undefined : Int32Array.from(times, (at) => at - times[0]!);
    this.#resets = resetsOf(values);
    this.max = maxOf(values);
    const packed = pack(values);
    this.#scale = packed?.scale ?? 0;
    this.#anchors = packed?.anchors ?? new Float64Array(0);
    this.#residualMin = packed?.residualMin ?? 0;
    this.#residuals = packed?.residuals;
    this.#floats = packed ? undefined : values.slice();
    this.bytes =
      OVERHEAD_BYTES +
      (this.#offsets?.byteLength ?? 0) +
      this.#anchors.byteLength +
      (this.#residuals?.byteLength ?? 0) +
      (this.#floats?.byteLength ?? 0) +
      (this.#gaps?.bytes ?? 0) +
      this.#resets.bytes;
  }

  atMs(index: number): number {
    if (this.#offsets) return this.firstAtMs + this.#offsets[index]!;
    return this.firstAtMs + index * this.#stepMs + this.#gaps!.upTo(index);
  }

  value(index: number): number {
    if (this.#floats) return this.#floats[index]!;
    const residual = this.#residuals ? this.#residuals[index]! : 0;
    return (lineAt(this.#anchors, index) + residual + this.#residualMin) / this.#scale;
  }

  resetsUpTo(index: number): number {
    return this.#resets.upTo(index);
  }
}

/** A sum that rises at few indexes: resets of a counter, gaps between samples. */
export class RunningSum {
  readonly #indexes: number[] = [];
  readonly #sums: number[] = [];

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

function maxOf(values: Float64Array): number {
  let max = Number.NaN;
  for (const value of values) max = larger(max, value);
  return max;
}

/** The usual distance between two samples: the smallest. */
function stepOf(times: Float64Array): number {
  let stepMs = Number.POSITIVE_INFINITY;
  for (let index = 1; index < times.length; index++) {
    stepMs = Math.min(stepMs, times[index]! - times[index - 1]!);
  }
  return Number.isFinite(stepMs) ? stepMs : 0;
}

/** `undefined` where offsets take less room: four bytes a sample against sixteen a gap. */
function gapsOf(times: Float64Array, stepMs: number): RunningSum | undefined {
  const gaps = new RunningSum();
  for (let index = 1; index < times.length; index++) {
    const gapMs = times[index]! - times[index - 1]! - stepMs;
    if (gapMs > 0) gaps.add(index, gapMs);
    if (gaps.length > times.length / 4) return undefined;
  }
  return gaps;
}

function resetsOf(values: Float64Array): RunningSum {
  const resets = new RunningSum();
  for (let index = 1; index < values.length; index++) {
    if (values[index]! < values[index - 1]!) resets.add(index, values[index - 1]!);
  }
  return resets;
}

interface Packed {
  readonly scale: number;
  readonly anchors: Float64Array;
  readonly residualMin: number;
  readonly residuals: Residuals | undefined;
}

/** `undefined` where the values are not decimals of one scale close to a line. */
function pack(values: Float64Array): Packed | undefined {
  const scale = SCALES.find((each) => values.every((value) => isWholeAt(value, each)));
  if (scale === undefined) return undefined;
  const whole = values.map((value) => Math.round(value * scale));
  const anchors = anchorsOf(whole);
  const distances = whole.map((value, index) => value - lineAt(anchors, index));
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const distance of distances) {
    if (distance < min) min = distance;
    if (distance > max) max = distance;
  }
  const make = residualsFor(max - min);
  if (make === undefined) return undefined;
  const residuals = max === min ? undefined : new make(distances.map((distance) => distance - min));
  return { scale, anchors, residualMin: min, residuals };
}

function isWholeAt(value: number, scale: number): boolean {
  const whole = Math.round(value * scale);
  return Math.abs(whole) <= WHOLE_MAX && whole / scale === value && !Object.is(value, -0);
}

function residualsFor(range: number) {
  if (range <= 0xff) return Uint8Array;
  if (range <= 0xffff) return Uint16Array;
  return range <= 0xffff_ffff ? Uint32Array : undefined;
}

/** Every 64th value, and one beyond the last such that the line meets the last value. */
function anchorsOf(whole: Float64Array): Float64Array {
  const last = whole.length - 1;
  const segments = Math.floor(last / ANCHOR_EVERY);
  const anchors = new Float64Array(segments + 2);
  for (let segment = 0; segment <= segments; segment++) {
    anchors[segment] = whole[segment * ANCHOR_EVERY]!;
  }
  const start = segments * ANCHOR_EVERY;
  const rise = last === start ? 0 : (whole[last]! - whole[start]!) / (last - start);
  anchors[segments + 1] = Math.round(whole[start]! + rise * ANCHOR_EVERY);
  return anchors.every((anchor) => anchor === anchors[0]) ? anchors.slice(0, 1) : anchors;
}

function lineAt(anchors: Float64Array, index: number): number {
  if (anchors.length === 1) return anchors[0]!;
  const segment = Math.floor(index / ANCHOR_EVERY);
  const from = anchors[segment]!;
  const rise = (anchors[segment + 1]! - from) / ANCHOR_EVERY;
  return Math.round(from + rise * (index - segment * ANCHOR_EVERY));
}
