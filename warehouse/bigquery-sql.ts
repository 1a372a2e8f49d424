/** The named queries about events as GoogleSQL. Names come from the definition, quoted; every value is a parameter. */
import type { Column, ColumnType, Stream } from '../streams/index.ts';
import { DAY_MICROS, quoteName, tablePath } from './bigquery-parameters.ts';
import type { BigqueryParameters } from './bigquery-parameters.ts';
import type { EventsQuery, TimeRange } from './warehouse.ts';

const METADATA_NAMES = ['message_id', 'publish_time', 'ingest_time'];
const METADATA_COLUMNS = [...METADATA_NAMES, 'ingest_sequence'];

/**
 * Rows of whole UTC days, each event id once a day: the first one written wins. Both writers deliver at least once, so
 * every reader goes through this. The bounds stand inside, where they choose partitions.
 */
export function deduplicatedSelect(
  stream: Stream,
  dataset: string,
  where: { readonly fromSql: string; readonly toSql?: string; readonly eventIdSql?: string },
): string {
  const time = quoteName(stream.eventTime);
  const id = quoteName(stream.eventId);
  const columns = [...stream.columns.map(({ name }) => name), ...METADATA_COLUMNS].map(quoteName);
  const conditions = [`${time} >= ${where.fromSql}`];
  if (where.toSql !== undefined) conditions.push(`${time} < ${where.toSql}`);
  if (where.eventIdSql !== undefined) conditions.push(`${id} = ${where.eventIdSql}`);
  return `select ${columns.join(', ')} from ${tablePath(dataset, stream.name)} as highwater_stored
    where ${conditions.join(' and ')}
    qualify row_number() over (partition by timestamp_trunc(${time}, day), ${id}
      order by ingest_time, ingest_sequence, message_id) = 1`;
}

/** A page of events in keyset order. */
export function eventsSql(
  stream: Stream,
  dataset: string,
  query: EventsQuery,
  bound: BigqueryParameters,
): string {
  const time = quoteName(stream.eventTime);
  const id = quoteName(stream.eventId);
  const { after, order } = query;
  const beyond = order === 'asc' ? '>' : '<';
  const conditions = inRange(stream, query, bound);
  for (const [name, cell] of Object.entries(query.filters)) {
    const { type } = columnOf(stream, name);
    const value = cell === null ? 'is null' : `= ${bound.cell(type, cell)}`;
    conditions.push(`${quoteName(name)} ${value}`);
  }
  if (after) {
    const at = bound.timestamp(after.eventTimeMicros);
    const afterId = bound.text(after.eventId);
    conditions.push(
      `(${time} ${beyond} ${at} or (${time} = ${at} and ${id} ${beyond} ${afterId}))`,
    );
  }
  return `select ${eventColumns(stream)} from (${daysSelect(stream, dataset, query, bound)})
    where ${conditions.join(' and ')} order by ${time} ${order}, ${id} ${order}
    limit ${bound.integer(query.limit)}`;
}

/** An event by its id, among those from a day on; the newest where several days have one. */
export function eventSql(
  stream: Stream,
  dataset: string,
  { fromMicros, eventId }: { readonly fromMicros: number; readonly eventId: string },
  bound: BigqueryParameters,
): string {
  const source = deduplicatedSelect(stream, dataset, {
    fromSql: bound.timestamp(floorToDay(fromMicros)),
    eventIdSql: bound.text(eventId),
  });
  return `select ${eventColumns(stream)} from (${source})
    order by ${quoteName(stream.eventTime)} desc limit 1`;
}

/** Event time and ingest time of the newest event from an instant on, in microseconds; duplicates do no harm. */
export function newestEventSql(
  stream: Stream,
  dataset: string,
  fromMicros: number,
  bound: BigqueryParameters,
): string {
  const time = quoteName(stream.eventTime);
  return `select unix_micros(${time}), unix_micros(min(ingest_time))
    from ${tablePath(dataset, stream.name)} as highwater_stored
    where ${time} >= ${bound.timestamp(fromMicros)}
    group by ${time} order by ${time} desc limit 1`;
}

/** How many events whole UTC days have, each once a day; without an end, all from a day on. */
export function rowCountSql(
  stream: Stream,
  dataset: string,
  days: { readonly fromMicros: number; readonly toMicros?: number | undefined },
  bound: BigqueryParameters,
): string {
  const time = quoteName(stream.eventTime);
  const conditions = [`${time} >= ${bound.timestamp(days.fromMicros)}`];
  if (days.toMicros !== undefined) conditions.push(`${time} < ${bound.timestamp(days.toMicros)}`);
  return `select coalesce(sum(day_count), 0) from (
    select count(distinct ${quoteName(stream.eventId)}) as day_count
    from ${tablePath(dataset, stream.name)} as highwater_stored
    where ${conditions.join(' and ')}
    group by timestamp_trunc(${time}, day))`;
}

export function columnOf(stream: Stream, name: string): Column {
  const column = stream.columns.find((each) => each.name === name);
  if (!column) throw new TypeError(`${name} is no column of ${stream.name}`);
  return column;
}

/** What reads a column as a cell: times as microseconds, JSON as text. */
export function readable({ name, type }: { name: string; type: ColumnType }): string {
  if (type === 'TIMESTAMP') return `unix_micros(${quoteName(name)})`;
  // A NULL would be read as the JSON text null.
  const text = `if(${quoteName(name)} is null, null, to_json_string(${quoteName(name)}))`;
  return type === 'JSON' ? text : quoteName(name);
}

/** The stream's columns, then message id, publish time and ingest time. */
function eventColumns(stream: Stream): string {
  return [
    ...stream.columns.map(readable),
    'message_id',
    'unix_micros(publish_time)',
    'unix_micros(ingest_time)',
  ].join(', ');
}

/** Each event once, of the whole UTC days that cover a range. */
export function daysSelect(
  stream: Stream,
  dataset: string,
  { fromMicros, toMicros }: TimeRange,
  bound: BigqueryParameters,
): string {
  return deduplicatedSelect(stream, dataset, {
    fromSql: bound.timestamp(floorToDay(fromMicros)),
    toSql: bound.timestamp(floorToDay(toMicros - 1) + DAY_MICROS),
  });
}

/** Conditions that keep a range of event time. */
export function inRange(stream: Stream, range: TimeRange, bound: BigqueryParameters): string[] {
  const time = quoteName(stream.eventTime);
  return [
    `${time} >= ${bound.timestamp(range.fromMicros)}`,
    `${time} < ${bound.timestamp(range.toMicros)}`,
  ];
}

export function floorToDay(micros: number): number {
  return Math.floor(micros / DAY_MICROS) * DAY_MICROS;
}
