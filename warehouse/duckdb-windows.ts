/** The questions about windows, each over as little of the table as answers it. */
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { Cell, Stream, Windows } from '../streams/index.ts';
import type { Statistics } from './duckdb-append.ts';
import { bindable, fromDuckdb, toNumber } from './duckdb-cells.ts';
import { continuitySql, Parameters, spikesSql, windowsSql } from './duckdb-queries.ts';
import type { Bound } from './duckdb-queries.ts';
import { readRows } from './duckdb-statements.ts';
import { PAGE_ROWS_MAX } from './warehouse.ts';
import type { TimeRange, WindowGap, WindowRow, WindowSpike, WindowsQuery } from './warehouse.ts';

/** The first look takes this many windows more than asked for; each further one eight times as many. */
const FIRST_SPAN_WINDOWS = 64;
const SPAN_GROWTH = 8;
/** The ten windows before a spike lie at most this many window sizes before it: 35 days of 30 s windows. */
const SPIKE_LOOKBACK_WINDOWS_MAX = 100_000;

/** A stream with windows, its table's statistics and a connection for one answer. */
export interface WindowSource {
  readonly connection: DuckDBConnection;
  readonly stream: Stream;
  readonly windows: Windows;
  readonly statistics: Statistics;
}

/**
 * A page of the windows that start in the range. Reads from the near end of the range on, in growing steps, until the
 * page is full: newest-first pages stay fast however much is stored.
 */
export async function readWindows(
  source: WindowSource,
  query: WindowsQuery,
): Promise<readonly WindowRow[]> {
  const { windows } = source;
  const sizeMicros = windows.sizeMs * 1_000;
  let { fromMicros, toMicros } = wholeWindows(source, query);
  const { after, order } = query;
  if (after && order === 'desc') {
    toMicros = Math.min(toMicros, after.windowStartMicros + sizeMicros);
  }
  if (after && order === 'asc') fromMicros = Math.max(fromMicros, after.windowStartMicros);
  let spanMicros = (query.limit + FIRST_SPAN_WINDOWS) * sizeMicros;
  for (;;) {
    if (fromMicros >= toMicros) return [];
    const isWhole = spanMicros >= toMicros - fromMicros;
    const near = isWhole
      ? { fromMicros, toMicros }
      : order === 'desc'
        ? { fromMicros: toMicros - spanMicros, toMicros }
        : { fromMicros, toMicros: fromMicros + spanMicros };
    const bound = bindRange(near);
    const rows = await run(source, windowsSql(source.stream, windows, query, bound), bound);
    if (isWhole || rows.length >= query.limit) return rows.map((row) => toWindow(source, row));
    spanMicros *= SPAN_GROWTH;
  }
}

/** Gaps between windows with data that start in the range; at most `PAGE_ROWS_MAX`, the oldest first. */
export async function readContinuity(
  source: WindowSource,
  range: TimeRange,
): Promise<readonly WindowGap[]> {
  const sizeMicros = source.windows.sizeMs * 1_000;
  const bound = bindRange(wholeWindows(source, range));
  const sql = continuitySql(source.stream, source.windows, PAGE_ROWS_MAX, bound);
  const rows = await run(source, sql, bound);
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

/** Spikes among the windows that start in the range; looks back before it until each has ten windows or none is left. */
export async function readSpikes(
  source: WindowSource,
  range: TimeRange,
): Promise<readonly WindowSpike[]> {
  const { statistics, windows } = source;
  const sizeMicros = windows.sizeMs * 1_000;
  const { fromMicros, toMicros } = wholeWindows(source, range);
  if (fromMicros >= toMicros) return [];
  const firstMicros = Math.max(
    floorTo(statistics.oldestMicros, sizeMicros),
    fromMicros - SPIKE_LOOKBACK_WINDOWS_MAX * sizeMicros,
  );
  let spanMicros = FIRST_SPAN_WINDOWS * sizeMicros;
  for (;;) {
    const startMicros = Math.max(firstMicros, fromMicros - spanMicros);
    const bound = bindRange({ fromMicros: startMicros, toMicros });
    const query = { fromMicros, limit: PAGE_ROWS_MAX };
    const rows = await run(source, spikesSql(source.stream, windows, query, bound), bound);
    const isSettled = rows.every(([, , , count]) => Number(count) >= 10);
    if (isSettled || startMicros <= firstMicros) {
      return rows.flatMap(([start, value, mean, count, tenStart, ...group]) => {
        const movingAverage = toNumber(mean);
        const number = toNumber(value);
        const windowStartMicros = Number(start);
        const lookBackMicros = windowStartMicros - Number(tenStart);
        const isJudged =
          Number(count) >= 10 && lookBackMicros <= SPIKE_LOOKBACK_WINDOWS_MAX * sizeMicros;
        if (!isJudged || movingAverage === null || number === null) return [];
        return [{ windowStartMicros, group: toGroup(source, group), value: number, movingAverage }];
      });
    }
    spanMicros *= SPAN_GROWTH;
  }
}

/** The range of events that fills every window starting in a range and holding data: bounds on window starts. */
function wholeWindows({ windows, statistics }: WindowSource, range: TimeRange): TimeRange {
  const sizeMicros = windows.sizeMs * 1_000;
  const oldestStart = floorTo(statistics.oldestMicros, sizeMicros);
  const newestEnd = floorTo(statistics.newestMicros, sizeMicros) + sizeMicros;
  return {
    fromMicros: Math.max(oldestStart, ceilTo(range.fromMicros, sizeMicros)),
    toMicros: Math.min(newestEnd, ceilTo(range.toMicros, sizeMicros)),
  };
}

function floorTo(micros: number, sizeMicros: number): number {
  return Math.floor(micros / sizeMicros) * sizeMicros;
}

function ceilTo(micros: number, sizeMicros: number): number {
  return Math.ceil(micros / sizeMicros) * sizeMicros;
}

function bindRange(range: TimeRange): Parameters<Bound> {
  const bound = new Parameters<Bound>();
  bound.add({ timestampMicros: range.fromMicros });
  bound.add({ timestampMicros: range.toMicros });
  return bound;
}

async function run(
  { connection, stream }: WindowSource,
  sql: string,
  bound: Parameters<Bound>,
): Promise<DuckDBValue[][]> {
  const values = bound.values.map((value) => bindable(stream, value));
  return readRows(connection, sql, values);
}

function toWindow(source: WindowSource, row: readonly DuckDBValue[]): WindowRow {
  const groupCount = source.windows.groupBy.length;
  return {
    windowStartMicros: Number(row[0]),
    group: toGroup(source, row.slice(1, 1 + groupCount)),
    measures: row.slice(1 + groupCount).map(toNumber),
  };
}

function toGroup({ stream, windows }: WindowSource, values: readonly DuckDBValue[]): Cell[] {
  return windows.groupBy.map((name, index) => {
    const column = stream.columns.find((other) => other.name === name)!;
    return fromDuckdb(column.type, values[index]);
  });
}
