/** The named queries as DuckDB's SQL. Names come from the definition, quoted; every value is a parameter. */
import type { Cell, Stream, Windows } from '../streams/index.ts';
import type { EventsQuery, Order, QuarantineQuery } from './warehouse.ts';

/** A name from a definition as SQL. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Gives each value its place: `parameters.add(value)` is `$1`, then `$2`. */
export class Parameters<T> {
  readonly values: T[] = [];

  add(value: T): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** A value on its way to DuckDB: a cell of a column, an instant, a whole number, any number, or text. */
export type Bound =
  | { readonly column: string; readonly cell: Cell }
  | { readonly timestampMicros: number }
  | { readonly integer: number }
  | { readonly real: number }
  | { readonly text: string };

const METADATA_NAMES = ['message_id', 'publish_time', 'ingest_time'];

/** The stream's columns, then message id, publish time and ingest time. */
function eventColumns(stream: Stream): string {
  return [...stream.columns.map(({ name }) => name), ...METADATA_NAMES].map(quote).join(', ');
}

/** A page of events in keyset order. */
export function eventsSql(stream: Stream, query: EventsQuery, bound: Parameters<Bound>): string {
  const time = quote(stream.eventTime);
  const id = quote(stream.eventId);
  const conditions = [
    `${time} >= ${bound.add({ timestampMicros: query.fromMicros })}`,
    `${time} < ${bound.add({ timestampMicros: query.toMicros })}`,
  ];
  for (const [column, cell] of Object.entries(query.filters)) {
    const name = quote(column);
    conditions.push(cell === null ? `${name} is null` : `${name} = ${bound.add({ column, cell })}`);
  }
  if (query.after) {
    const beyond = query.order === 'asc' ? '>' : '<';
    const at = bound.add({ timestampMicros: query.after.eventTimeMicros });
    const afterId = bound.add({ text: query.after.eventId });
    // The first condition says nothing new: it is the one that skips row groups.
    conditions.push(`${time} ${beyond}= ${at}`);
    conditions.push(
      `(${time} ${beyond} ${at} or (${time} = ${at} and ${id} ${beyond} ${afterId}))`,
    );
  }
  return `select ${eventColumns(stream)} from ${quote(stream.name)}
    where ${conditions.join(' and ')} order by ${time} ${query.order}, ${id} ${query.order}
    limit ${bound.add({ integer: query.limit })}`;
}

/** One event by the sequence that the index knows it by. */
export function eventSql(stream: Stream, sequence: number, bound: Parameters<Bound>): string {
  return `select ${eventColumns(stream)} from ${quote(stream.name)}
    where ingest_sequence = ${bound.add({ integer: sequence })}`;
}

/** The event ids stored under some sequences. */
export function storedIdsSql(
  stream: Stream,
  sequences: readonly number[],
  bound: Parameters<Bound>,
): string {
  const list = sequences.map((integer) => bound.add({ integer }));
  return `select ${quote(stream.eventId)} from ${quote(stream.name)}
    where ingest_sequence in (${list.join(', ')})`;
}

/** Count, last sequence, oldest and newest event time of a stream. */
export function statisticsSql(stream: Stream): string {
  const time = quote(stream.eventTime);
  return `select count(*), max(ingest_sequence), epoch_us(min(${time})), epoch_us(max(${time})),
    epoch_us(arg_max(ingest_time, ${time})) from ${quote(stream.name)}`;
}

/**
 * Windows as `window_start_time`, group columns and measures; as a view with a TIMESTAMP start, as a query over the
 * events from `$1` to before `$2` with the start in microseconds. Buckets are integer arithmetic from 1970, so that
 * every dialect agrees, times before 1970 included.
 */
export function windowsSelect(
  stream: Stream,
  windows: Windows,
  options: { readonly isView?: boolean } = {},
): string {
  const time = quote(stream.eventTime);
  const sizeMicros = windows.sizeMs * 1_000;
  const micros = `epoch_us(${time})`;
  const start = `(${micros} - ((${micros} % ${sizeMicros} + ${sizeMicros}) % ${sizeMicros}))`;
  const shownStart = options.isView ? `make_timestamp(${start})` : start;
  const measures = windows.measures.map(({ name, function: of, column }) =>
    column === undefined
      ? `count(*) as ${quote(name)}`
      : `${of}(${quote(column)}::DOUBLE) as ${quote(name)}`,
  );
  const groups = windows.groupBy.map(quote);
  const by = Array.from({ length: groups.length + 1 }, (_, index) => String(index + 1));
  return `select ${[`${shownStart} as window_start_time`, ...groups, ...measures].join(', ')}
    from ${quote(stream.name)} ${options.isView ? '' : `where ${time} >= $1 and ${time} < $2`}
    group by ${by.join(', ')}`;
}

/** A page of windows, in the order of start, then group; NULL groups come first where ascending. */
export function windowsSql(
  stream: Stream,
  windows: Windows,
  query: {
    readonly order: Order;
    readonly limit: number;
    readonly after?:
      { readonly windowStartMicros: number; readonly group: readonly Cell[] } | undefined;
  },
  bound: Parameters<Bound>,
): string {
  const { order, after } = query;
  const keys = ['window_start_time', ...windows.groupBy.map(quote)];
  const nulls = order === 'asc' ? 'nulls first' : 'nulls last';
  let where = '';
  if (after) {
    const start = bound.add({ integer: after.windowStartMicros });
    const beyond = order === 'asc' ? '>' : '<';
    const options = [`window_start_time ${beyond} ${start}`];
    let same = `window_start_time = ${start}`;
    for (const [index, column] of windows.groupBy.entries()) {
      const cell = after.group[index] ?? null;
      const name = quote(column);
      if (cell === null) {
        if (order === 'asc') options.push(`(${same} and ${name} is not null)`);
        same += ` and ${name} is null`;
      } else {
        const value = bound.add({ column, cell });
        const isNullBeyond = order === 'desc' ? ` or ${name} is null` : '';
        options.push(`(${same} and (${name} ${beyond} ${value}${isNullBeyond}))`);
        same += ` and ${name} = ${value}`;
      }
    }
    where = `where ${options.join(' or ')}`;
  }
  return `select * from (${windowsSelect(stream, windows)}) as w ${where}
    order by ${keys.map((key) => `${key} ${order} ${nulls}`).join(', ')}
    limit ${bound.add({ integer: query.limit })}`;
}

/** Pairs of neighbouring windows with data that are further apart than one window: previous start, start, group. */
export function continuitySql(
  stream: Stream,
  windows: Windows,
  limit: number,
  bound: Parameters<Bound>,
): string {
  const groups = windows.groupBy.map(quote);
  const partition = groups.length === 0 ? '' : `partition by ${groups.join(', ')}`;
  return `with neighbours as (
      select *, lag(window_start_time) over (${partition} order by window_start_time) as "previous start"
      from (${windowsSelect(stream, windows)}) as w)
    select ${['"previous start"', 'window_start_time', ...groups].join(', ')} from neighbours
    where window_start_time - "previous start" > ${windows.sizeMs * 1_000}
    order by 2${groups.map((_, index) => `, ${index + 3} asc nulls first`).join('')} limit ${bound.add({ integer: limit })}`;
}

/**
 * Windows from a start on that are a spike or have fewer than ten windows before them in what was read:
 * start, value, mean of the ten before, how many there were, start of the first of them, group.
 */
export function spikesSql(
  stream: Stream,
  windows: Windows,
  query: { readonly fromMicros: number; readonly limit: number },
  bound: Parameters<Bound>,
): string {
  const groups = windows.groupBy.map(quote);
  const partition = groups.length === 0 ? '' : `partition by ${groups.join(', ')}`;
  const measure = quote(windows.spike.measure);
  return `with judged as (
      select *, avg(${measure}) over ten as "ten mean", count(${measure}) over ten as "ten count",
        min(window_start_time) over ten as "ten start"
      from (${windowsSelect(stream, windows)}) as w
      window ten as (${partition} order by window_start_time rows between 10 preceding and 1 preceding))
    select ${['window_start_time', measure, '"ten mean"', '"ten count"', '"ten start"', ...groups].join(', ')}
    from judged where window_start_time >= ${bound.add({ integer: query.fromMicros })}
      and ("ten count" < 10 or ${measure} > "ten mean" * ${bound.add({ real: windows.spike.factor })})
    order by 1${groups.map((_, index) => `, ${index + 6} asc nulls first`).join('')} limit ${bound.add({ integer: query.limit })}`;
}

/** A page of quarantined messages, newest first. */
export function quarantinedSql(
  stream: string,
  query: QuarantineQuery,
  bound: Parameters<Bound>,
): string {
  const conditions = [`stream = ${bound.add({ text: stream })}`];
  if (query.reasonCode !== undefined) {
    conditions.push(`reason_code = ${bound.add({ text: query.reasonCode })}`);
  }
  if (query.afterId !== undefined) {
    conditions.push(`quarantine_id < ${bound.add({ text: query.afterId })}`);
  }
  if (query.isReplayed !== undefined) {
    conditions.push(`replay_time is ${query.isReplayed ? 'not null' : 'null'}`);
  }
  return `select stream, message_id, subscription, epoch_us(publish_time), epoch_us(quarantine_time),
    payload_text, payload, attributes, ordering_key, reason_code, reason, delivery_attempt,
    quarantine_id, epoch_us(replay_time) from highwater_quarantine
    where ${conditions.join(' and ')} order by quarantine_id desc
    limit ${bound.add({ integer: query.limit })}`;
}
