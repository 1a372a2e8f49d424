/** Pages of events and single ones, each over as little of the table as answers it. */
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { Stream } from '../streams/index.ts';
import type { Statistics } from './duckdb-append.ts';
import { bindable, fromDuckdb } from './duckdb-cells.ts';
import { eventSql, eventsSql, Parameters } from './duckdb-queries.ts';
import type { Bound } from './duckdb-queries.ts';
import { readRows } from './duckdb-statements.ts';
import type { EventsQuery, Order, StoredRow, TimeRange } from './warehouse.ts';

/** The first look covers as much time as this many pages took last time; each further one eight times as much. */
const FIRST_SPAN_PAGES = 1.5;
const SPAN_GROWTH = 8;
/** A filter leaves fewer rows: the first look covers more. */
const FILTERED_SPAN_FACTOR = 8;
/** Looks that may find too little; the next one takes the whole range, so that a rare filter costs little more. */
const NARROW_LOOKS_MAX = 3;
const SPAN_MICROS_MIN = 1_000;
/**
 * Up to this many rows DuckDB finds the rows first and joins their columns to them, which takes twice as long over a
 * narrow span: a shorter page reads one row more than this. Source: its setting late_materialization_max_rows.
 */
const LATE_ROWS_MAX = 50;

/** Event time between two neighbouring rows at the end where each order starts, as the last full page had it. */
export class EventPace {
  readonly #microsPerRow = new Map<Order, number>();

  /** Until a page was read, as if the events lay evenly between the oldest and the newest. */
  microsPerRow(order: Order, { rowCount, oldestMicros, newestMicros }: Statistics): number {
    return this.#microsPerRow.get(order) ?? (newestMicros - oldestMicros) / rowCount;
  }

  learn(order: Order, microsPerRow: number): void {
    this.#microsPerRow.set(order, microsPerRow);
  }
}

interface EventSource {
  readonly connection: DuckDBConnection;
  readonly stream: Stream;
  /** `undefined` while the table is empty. */
  readonly statistics: Statistics | undefined;
  readonly pace: EventPace;
}

/**
 * A page of events. Rows arrive about in the order of their event time, the worst case for DuckDB's search of the newest
 * ones, which then keeps replacing what it holds; over a span little longer than the page it has nothing to replace.
 * So this reads from the near end of the range on, in growing spans, until the page is full.
 */
export async function readEvents(
  source: EventSource,
  query: EventsQuery,
): Promise<readonly StoredRow[]> {
  const { statistics, pace } = source;
  const { order, limit } = query;
  if (!statistics) return readRange(source, query, query);
  const startMicros = nearEnd(query, statistics);
  const isFiltered = Object.keys(query.filters).length > 0;
  let spanMicros = Math.max(
    SPAN_MICROS_MIN,
    pace.microsPerRow(order, statistics) * limit * FIRST_SPAN_PAGES,
  );
  if (isFiltered) spanMicros *= FILTERED_SPAN_FACTOR;
  for (let look = 0; look < NARROW_LOOKS_MAX; look++) {
    const range = spanFrom(query, startMicros, Math.ceil(spanMicros));
    if (isWhole(query, range, statistics)) break;
    const rows = await readRange(source, query, range);
    if (rows.length >= limit) {
      if (!isFiltered) learn(source, order, startMicros, rows);
      return rows;
    }
    spanMicros *= SPAN_GROWTH;
  }
  const rows = await readRange(source, query, query);
  if (!isFiltered && rows.length >= limit) learn(source, order, startMicros, rows);
  return rows;
}

/** The event of a sequence, where it has that id. */
export async function readEvent(
  connection: DuckDBConnection,
  stream: Stream,
  sequence: number,
  eventId: string,
): Promise<StoredRow | undefined> {
  const bound = new Parameters<Bound>();
  const sql = eventSql(stream, sequence, bound);
  const at = stream.columns.findIndex(({ name }) => name === stream.eventId);
  // Compared here: a second condition costs DuckDB a tenth of a millisecond.
  const row = (await run(connection, stream, sql, bound)).find((values) => values[at] === eventId);
  return row && toStoredRow(stream, row);
}

/** Where the rows of a query begin: at its cursor or bound, or at the oldest or newest event. */
function nearEnd({ order, after, ...query }: EventsQuery, statistics: Statistics): number {
  if (order === 'asc') {
    return Math.max(query.fromMicros, after?.eventTimeMicros ?? -Infinity, statistics.oldestMicros);
  }
  return Math.min(query.toMicros, after?.eventTimeMicros ?? Infinity, statistics.newestMicros);
}

/** Open towards the near end, so that a row committed since the statistics were taken is found all the same. */
function spanFrom(query: EventsQuery, startMicros: number, spanMicros: number): TimeRange {
  const { fromMicros, toMicros, order } = query;
  return order === 'asc'
    ? { fromMicros, toMicros: Math.min(toMicros, startMicros + spanMicros) }
    : { fromMicros: Math.max(fromMicros, startMicros - spanMicros), toMicros };
}

function isWhole(query: EventsQuery, range: TimeRange, statistics: Statistics): boolean {
  return query.order === 'asc'
    ? range.toMicros >= query.toMicros || range.toMicros > statistics.newestMicros
    : range.fromMicros <= query.fromMicros || range.fromMicros <= statistics.oldestMicros;
}

function learn(
  { pace, stream }: EventSource,
  order: Order,
  startMicros: number,
  rows: readonly StoredRow[],
): void {
  const at = stream.columns.findIndex(({ name }) => name === stream.eventTime);
  const last = rows.at(-1)?.row[at];
  if (typeof last === 'number') pace.learn(order, Math.abs(startMicros - last) / rows.length);
}

async function readRange(
  { connection, stream }: EventSource,
  query: EventsQuery,
  { fromMicros, toMicros }: TimeRange,
): Promise<readonly StoredRow[]> {
  const bound = new Parameters<Bound>();
  const limit = Math.max(query.limit, LATE_ROWS_MAX + 1);
  const sql = eventsSql(stream, { ...query, fromMicros, toMicros, limit }, bound);
  const rows = await run(connection, stream, sql, bound);
  return rows.slice(0, query.limit).map((row) => toStoredRow(stream, row));
}

function run(
  connection: DuckDBConnection,
  stream: Stream,
  sql: string,
  bound: Parameters<Bound>,
): Promise<DuckDBValue[][]> {
  return readRows(
    connection,
    sql,
    bound.values.map((value) => bindable(stream, value)),
  );
}

function toStoredRow(stream: Stream, row: readonly DuckDBValue[]): StoredRow {
  const at = stream.columns.length;
  return {
    row: stream.columns.map(({ type }, index) => fromDuckdb(type, row[index])),
    messageId: String(row[at]),
    publishTimeMicros: Number(fromDuckdb('TIMESTAMP', row[at + 1])),
    ingestTimeMicros: Number(fromDuckdb('TIMESTAMP', row[at + 2])),
  };
}
