/** A chunk as bytes, for the store's file: a head of numbers, then its arrays as memory has them (little-endian). */
import { Chunk } from './metric-store-chunk.ts';
import type { ChunkColumns } from './metric-store-chunk.ts';
import { NO_SUM, RunningSum } from './metric-store-running-sum.ts';

const HEAD_NUMBERS = 14;

export function chunkToBytes({ columns }: Chunk): Uint8Array {
  const { gaps, resets, offsets, anchors, residuals, floats } = columns;
  const head = Float64Array.of(
    columns.count,
    columns.firstAtMs,
    columns.lastAtMs,
    columns.max,
    Number(columns.isThin),
    columns.stepMs,
    gaps.length,
    resets.length,
    offsets?.length ?? 0,
    columns.scale,
    anchors.length,
    columns.residualMin,
    residuals?.BYTES_PER_ELEMENT ?? 0,
    floats?.length ?? 0,
  );
  const arrays = [
    head,
    Float64Array.from([...gaps.indexes, ...gaps.sums, ...resets.indexes, ...resets.sums]),
    anchors,
    floats,
    offsets,
    residuals,
  ];
  return Buffer.concat(
    arrays.flatMap((array) =>
      array ? [Buffer.from(array.buffer, array.byteOffset, array.byteLength)] : [],
    ),
  );
}

/** @throws RangeError where the bytes are not those of a chunk */
export function chunkFromBytes(bytes: Uint8Array): Chunk {
  // A copy of its own begins at an offset that every kind of array takes.
  const buffer = Uint8Array.from(bytes).buffer;
  const head = new Float64Array(buffer, 0, HEAD_NUMBERS);
  const [count = 0, firstAtMs = 0, lastAtMs = 0, max = 0, isThin, stepMs = 0] = head;
  const [gapCount = 0, resetCount = 0, offsetCount = 0, scale = 1, anchorCount = 0] =
    head.subarray(6);
  const [residualMin = 0, residualBytes = 0, floatCount = 0] = head.subarray(11);
  let at = head.byteLength;
  const numbers = (length: number) => {
    const array = new Float64Array(buffer, at, length);
    at += array.byteLength;
    return array;
  };
  const runningSum = (length: number) =>
    length === 0
      ? NO_SUM
      : new RunningSum(Array.from(numbers(length)), Array.from(numbers(length)));
  const gaps = runningSum(gapCount);
  const resets = runningSum(resetCount);
  const anchors = numbers(anchorCount);
  const floats = floatCount > 0 ? numbers(floatCount) : undefined;
  const offsets = offsetCount > 0 ? new Int32Array(buffer, at, offsetCount) : undefined;
  at += offsets?.byteLength ?? 0;
  const residuals = residualsOf(buffer, at, count, residualBytes);
  const columns: ChunkColumns = {
    count,
    firstAtMs,
    lastAtMs,
    max,
    isThin: isThin === 1,
    stepMs,
    gaps,
    offsets,
    scale,
    anchors,
    residualMin,
    residuals,
    floats,
    resets,
  };
  return new Chunk(columns);
}

function residualsOf(
  buffer: ArrayBuffer,
  at: number,
  count: number,
  width: number,
): ChunkColumns['residuals'] {
  if (width === 1) return new Uint8Array(buffer, at, count);
  if (width === 2) return new Uint16Array(buffer, at, count);
  return width === 4 ? new Uint32Array(buffer, at, count) : undefined;
}
