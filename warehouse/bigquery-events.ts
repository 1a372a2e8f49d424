/** Pages of events, single ones and the newest of BigQuery, each over as few days as answer it. */
import type { Stream } from '../streams/index.ts';
import { nearRanges } from './bigquery-looks.ts';
import { DAY_MICROS, TIMESTAMP_MICROS_MIN } from './bigquery-parameters.ts';
import { toStoredRow } from './bigquery-reader.ts';
import type { BigqueryReader } from './bigquery-reader.ts';
import { eventSql, eventsSql, newestEventSql } from './bigquery-sql.ts';
import type { EventsQuery, StoredRow } from './warehouse.ts';

/** Two days hold the newest events of any stream that still runs, at any time of day. */
const FIRST_SPAN_MICROS = 2 * DAY_MICROS;
const SPAN_GROWTH = 16;
/** Each costs a query of its own; the whole range follows. */
const NEAR_LOOKS_MAX = 2;

/** A page of events, read from the near end of the range on until the page is full. */
export async function readEvents(
  reader: BigqueryReader,
  stream: Stream,
  query: EventsQuery,
): Promise<readonly StoredRow[]> {
  const { after, order } = query;
  let { fromMicros, toMicros } = query;
  if (after && order === 'asc') fromMicros = Math.max(fromMicros, after.eventTimeMicros);
  if (after && order === 'desc') toMicros = Math.min(toMicros, after.eventTimeMicros + 1);
  if (fromMicros >= toMicros) return [];
  let rows: readonly StoredRow[] = [];
  for (const near of nearRanges({ fromMicros, toMicros }, looksOf(reader, order))) {
    const found = await reader.rows('events', (bound) =>
      eventsSql(stream, reader.dataset, { ...query, ...near }, bound),
    );
    rows = found.map((row) => toStoredRow(stream, row));
    if (rows.length >= query.limit) break;
  }
  return rows;
}

/** The event of an id; nothing but its event time says where it lies, so the newest days are looked at first. */
export async function readEvent(
  reader: BigqueryReader,
  stream: Stream,
  eventId: string,
): Promise<StoredRow | undefined> {
  for (const { fromMicros } of nearRanges(everything(reader), looksOf(reader, 'desc'))) {
    const [row] = await reader.rows('event', (bound) =>
      eventSql(stream, reader.dataset, { fromMicros, eventId }, bound),
    );
    if (row) return toStoredRow(stream, row);
  }
  return undefined;
}

export async function readNewestEvent(
  reader: BigqueryReader,
  stream: Stream,
): Promise<{ readonly eventTimeMicros: number; readonly ingestTimeMicros: number } | null> {
  for (const { fromMicros } of nearRanges(everything(reader), looksOf(reader, 'desc'))) {
    const [row] = await reader.rows('newest_event', (bound) =>
      newestEventSql(stream, reader.dataset, fromMicros, bound),
    );
    if (row) return { eventTimeMicros: Number(row[0]), ingestTimeMicros: Number(row[1]) };
  }
  return null;
}

function everything(reader: BigqueryReader) {
  return { fromMicros: TIMESTAMP_MICROS_MIN, toMicros: reader.nowMicros };
}

function looksOf({ nowMicros }: BigqueryReader, order: EventsQuery['order']) {
  return {
    order,
    nowMicros,
    spanMicros: FIRST_SPAN_MICROS,
    growth: SPAN_GROWTH,
    looksMax: NEAR_LOOKS_MAX,
  };
}
