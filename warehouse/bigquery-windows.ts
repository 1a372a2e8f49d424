/** The questions about windows of BigQuery, each over as few days as answer it. */
import type { Cell, Stream, Windows } from '../streams/index.ts';
import { nearRanges } from './bigquery-looks.ts';
import { toCell, toNumber } from './bigquery-reader.ts';
import type { BigqueryReader } from './bigquery-reader.ts';
import type { BigqueryRow } from './bigquery-query.ts';
import { columnOf } from './bigquery-sql.ts';
import { continuitySql, spikesSql, windowsSql } from './bigquery-windows-sql.ts';
import { PAGE_ROWS_MAX } from './warehouse.ts';
import type { TimeRange, WindowGap, WindowRow, WindowSpike, WindowsQuery } from './warehouse.ts';

/** The first look takes this many windows more than asked for. */
const FIRST_SPAN_WINDOWS = 64;
/** Each look costs a query of its own, a second or so. */
const SPAN_GROWTH = 32;
const NEAR_LOOKS_MAX = 3;
/** The ten windows before a spike lie at most this many window sizes before it: 35 days of 30 s windows. */
const SPIKE_LOOKBACK_WINDOWS_MAX = 100_000;

export interface BigqueryWindows {
  readonly reader: BigqueryReader;
  readonly stream: Stream;
  readonly windows: Windows;
}

/** A page of the windows that start in the range, read from its near end on until the page is full. */
export async function readWindows(
  source: BigqueryWindows,
  query: WindowsQuery,
): Promise<readonly WindowRow[]> {
  const { reader, stream, windows } = source;
  const { after, order, limit } = query;
  const sizeMicros = windows.sizeMs * 1_000;
  let { fromMicros, toMicros } = wholeWindows(source, query);
  if (after && order === 'desc')
    toMicros = Math.min(toMicros, after.windowStartMicros + sizeMicros);
  if (after && order === 'asc') fromMicros = Math.max(fromMicros, after.windowStartMicros);
  if (fromMicros >= toMicros) return [];
  const looks = {
    order,
    nowMicros: ceilTo(reader.nowMicros, sizeMicros),
    spanMicros: (limit + FIRST_SPAN_WINDOWS) * sizeMicros,
    growth: SPAN_GROWTH,
    looksMax: NEAR_LOOKS_MAX,
  };
  let rows: readonly BigqueryRow[] = [];
  for (const range of nearRanges({ fromMicros, toMicros }, looks)) {
    const over = { dataset: reader.dataset, range };
    rows = await reader.rows('windows', (bound) => windowsSql(stream, windows, over, query, bound));
    if (rows.length >= limit) break;
  }
  return rows.map((row) => toWindow(source, row));
}

/** Gaps between windows with data that start in the range; at most `PAGE_ROWS_MAX`, the oldest first. */
export async function readContinuity(
  source: BigqueryWindows,
  asked: TimeRange,
): Promise<readonly WindowGap[]> {
  const { reader, stream, windows } = source;
  const sizeMicros = windows.sizeMs * 1_000;
  const range = wholeWindows(source, asked);
  if (range.fromMicros >= range.toMicros) return [];
  const over = { dataset: reader.dataset, range };
  const rows = await reader.rows('window_continuity', (bound) =>
    continuitySql(stream, windows, over, PAGE_ROWS_MAX, bound),
  );
  return rows.map(([previous, next, ...group]) => {
    const gapStartMicros = Number(previous) + sizeMicros;
    const gapEndMicros = Number(next);
    return {
      group: toGroup(source, group),
      gapStartMicros,
      gapEndMicros,
      missingWindowCount: (gapEndMicros - gapStartMicros) / sizeMicros,
    };
  });
}

/** Spikes among the windows that start in the range; looks back before it until each has ten windows, or far enough. */
export async function readSpikes(
  source: BigqueryWindows,
  asked: TimeRange,
): Promise<readonly WindowSpike[]> {
  const { reader, stream, windows } = source;
  const sizeMicros = windows.sizeMs * 1_000;
  const { fromMicros, toMicros } = wholeWindows(source, asked);
  if (fromMicros >= toMicros) return [];
  const lookbackMaxMicros = SPIKE_LOOKBACK_WINDOWS_MAX * sizeMicros;
  let lookbackMicros = FIRST_SPAN_WINDOWS * sizeMicros;
  for (;;) {
    const range = { fromMicros: fromMicros - lookbackMicros, toMicros };
    const over = { dataset: reader.dataset, range };
    const query = { fromMicros, limit: PAGE_ROWS_MAX };
    const rows = await reader.rows('window_spikes', (bound) =>
      spikesSql(stream, windows, over, query, bound),
    );
    const isSettled = rows.every(([, , , count]) => Number(count) >= 10);
    if (isSettled || lookbackMicros >= lookbackMaxMicros) {
      return rows.flatMap((row) => toSpike(source, row, lookbackMaxMicros));
    }
    lookbackMicros = Math.min(lookbackMaxMicros, lookbackMicros * SPAN_GROWTH);
  }
}

function toSpike(
  source: BigqueryWindows,
  [start, value, mean, count, tenStart, ...group]: BigqueryRow,
  lookbackMaxMicros: number,
): readonly WindowSpike[] {
  const movingAverage = toNumber(mean);
  const number = toNumber(value);
  const windowStartMicros = Number(start);
  const isJudged = Number(count) >= 10 && windowStartMicros - Number(tenStart) <= lookbackMaxMicros;
  if (!isJudged || movingAverage === null || number === null) return [];
  return [{ windowStartMicros, group: toGroup(source, group), value: number, movingAverage }];
}

/** The range of events that fills every window starting in a range: bounds on window starts. */
function wholeWindows({ windows }: BigqueryWindows, range: TimeRange): TimeRange {
  const sizeMicros = windows.sizeMs * 1_000;
  return {
    fromMicros: ceilTo(range.fromMicros, sizeMicros),
    toMicros: ceilTo(range.toMicros, sizeMicros),
  };
}

function ceilTo(micros: number, sizeMicros: number): number {
  return Math.ceil(micros / sizeMicros) * sizeMicros;
}

function toWindow(source: BigqueryWindows, row: BigqueryRow): WindowRow {
  const groupCount = source.windows.groupBy.length;
  return {
    windowStartMicros: Number(row[0]),
    group: toGroup(source, row.slice(1, 1 + groupCount)),
    measures: row.slice(1 + groupCount).map(toNumber),
  };
}

function toGroup({ stream, windows }: BigqueryWindows, values: BigqueryRow): Cell[] {
  return windows.groupBy.map((name, index) => toCell(columnOf(stream, name).type, values[index]));
}
