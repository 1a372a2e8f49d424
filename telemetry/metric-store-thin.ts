/** Full resolution to one sample a minute, such that no rise of a counter and no peak of a gauge is lost. */
import { larger } from './metric-store-chunk.ts';
import type { Chunk, Run } from './metric-store-chunk.ts';
import { packChunk } from './metric-store-pack.ts';
import type { Series, SeriesKind } from './metric-store-series.ts';

const MINUTE_MS = 60_000;
/** Samples of a chunk by the minute: a day. */
const THIN_SAMPLES_MAX = 1_440;

/**
 * Merges the oldest chunk that is not by the minute yet, where it lies wholly before `beforeMs`, into the one before it.
 * What is kept of a minute, which ends with its last instant as time slices do: of a counter its last sample, and those
 * on both sides of each reset; of a gauge one sample, its largest value at the minute's last instant.
 */
export function thinOldest(series: Series, beforeMs: number): void {
  const { chunks } = series;
  const at = chunks.findIndex((chunk) => !isThin(chunk));
  const full = chunks[at];
  if (!full || full.lastAtMs >= beforeMs) return;
  const previous = chunks[at - 1];
  const mergesPrevious = previous !== undefined && previous.count < THIN_SAMPLES_MAX;
  const before = chunks.slice(0, mergesPrevious ? at - 1 : at);
  const runs = mergesPrevious ? [previous, full] : [full];
  series.replaceFirstChunks(at + 1, [...before, ...thinned(runs, series.kind)]);
}

/** Made by thinning, or of samples that are as far apart. */
function isThin({ columns, firstAtMs, lastAtMs, count }: Chunk): boolean {
  return columns.isThin || (lastAtMs - firstAtMs) / count >= MINUTE_MS * 0.9;
}

/** The samples of `runs`, which follow one another, by the minute. */
export function thinned(runs: readonly Run[], kind: SeriesKind): Chunk[] {
  const times: number[] = [];
  const values: number[] = [];
  for (const run of runs) {
    for (let index = 0; index < run.count; index++) {
      times.push(run.atMs(index));
      values.push(run.value(index));
    }
  }
  const kept = kind === 'counter' ? counterMinutes(times, values) : gaugeMinutes(times, values);
  const chunks: Chunk[] = [];
  for (let from = 0; from < kept.times.length; from += THIN_SAMPLES_MAX) {
    const to = from + THIN_SAMPLES_MAX;
    chunks.push(
      packChunk(
        Float64Array.from(kept.times.slice(from, to)),
        Float64Array.from(kept.values.slice(from, to)),
        true,
      ),
    );
  }
  return chunks;
}

interface Columns {
  readonly times: number[];
  readonly values: number[];
}

function counterMinutes(times: readonly number[], values: readonly number[]): Columns {
  const kept: Columns = { times: [], values: [] };
  for (const [index, value] of values.entries()) {
    const next = values[index + 1];
    const isLast = next === undefined || minuteOf(times[index]!) !== minuteOf(times[index + 1]!);
    const isBesideReset =
      (next !== undefined && next < value) || (index > 0 && value < values[index - 1]!);
    if (!isLast && !isBesideReset) continue;
    kept.times.push(times[index]!);
    kept.values.push(value);
  }
  return kept;
}

function gaugeMinutes(times: readonly number[], values: readonly number[]): Columns {
  const kept: Columns = { times: [], values: [] };
  let largest = Number.NaN;
  for (const [index, value] of values.entries()) {
    largest = larger(largest, value);
    const next = times[index + 1];
    if (next !== undefined && minuteOf(next) === minuteOf(times[index]!)) continue;
    kept.times.push(times[index]!);
    kept.values.push(largest);
    largest = Number.NaN;
  }
  return kept;
}

/** The minute that ends at or after `atMs`. */
function minuteOf(atMs: number): number {
  return Math.ceil(atMs / MINUTE_MS);
}
