/** Packs samples into the columns of a chunk: no room for what is regular, one to eight bytes a value for the rest. */
import { ANCHOR_EVERY, Chunk, larger, lineAt } from './metric-store-chunk.ts';
import type { Residuals } from './metric-store-chunk.ts';
import { NO_SUM, RunningSum } from './metric-store-running-sum.ts';

/** Decimals that are tried: whole numbers, thousandths, millionths. */
const SCALES = [1, 1_000, 1_000_000] as const;
/** Whole numbers up to here are exact in a float, with room for a sum of two. */
const WHOLE_MAX = 2 ** 51;

/** `times` rise and span less than 24 days; both arrays are copied. `isThin` says that there is one sample a minute. */
export function packChunk(times: Float64Array, values: Float64Array, isThin = false): Chunk {
  const stepMs = stepOf(times);
  const gaps = gapsOf(times, stepMs);
  const packed = pack(values);
  const resets = resetsOf(values);
  return new Chunk({
    count: values.length,
    firstAtMs: times[0] ?? Number.NaN,
    lastAtMs: times.at(-1) ?? Number.NaN,
    max: maxOf(values),
    isThin,
    stepMs,
    gaps: gaps && gaps.length > 0 ? gaps : NO_SUM,
    offsets: gaps ? undefined : Int32Array.from(times, (atMs) => atMs - times[0]!),
    scale: packed?.scale ?? 1,
    anchors: packed?.anchors ?? new Float64Array(0),
    residualMin: packed?.residualMin ?? 0,
    residuals: packed?.residuals,
    floats: packed ? undefined : values.slice(),
    resets: resets.length > 0 ? resets : NO_SUM,
  });
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
