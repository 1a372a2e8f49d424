/** The named queries about windows as GoogleSQL. Names come from the definition, quoted; every value is a parameter. */
import type { Cell, Stream, Windows } from '../streams/index.ts';
import { quoteName } from './bigquery-parameters.ts';
import type { BigqueryParameters } from './bigquery-parameters.ts';
import { columnOf, daysSelect, inRange } from './bigquery-sql.ts';
import type { Order, TimeRange } from './warehouse.ts';

/**
 * Windows as `window_start_time`, group columns and measures over the rows of `source`; as a view with a TIMESTAMP start,
 * else in microseconds. Buckets are integer arithmetic from 1970, so that every dialect agrees.
 */
export function windowsSelect(
  stream: Stream,
  windows: Windows,
  from: {
    readonly source: string;
    readonly conditions?: readonly string[];
    readonly isView?: boolean;
  },
): string {
  const sizeMicros = windows.sizeMs * 1_000;
  const micros = `unix_micros(${quoteName(stream.eventTime)})`;
  const start = `${micros} - mod(mod(${micros}, ${sizeMicros}) + ${sizeMicros}, ${sizeMicros})`;
  const shownStart = from.isView ? `timestamp_micros(${start})` : start;
  const measures = windows.measures.map(({ name, function: of, column }) =>
    column === undefined
      ? `count(*) as ${quoteName(name)}`
      : `${of}(cast(${quoteName(column)} as float64)) as ${quoteName(name)}`,
  );
  const groups = windows.groupBy.map(quoteName);
  const by = Array.from({ length: groups.length + 1 }, (_, index) => String(index + 1));
  const where = from.conditions?.length ? `where ${from.conditions.join(' and ')}` : '';
  return `select ${[`${shownStart} as window_start_time`, ...groups, ...measures].join(', ')}
    from ${from.source} ${where} group by ${by.join(', ')}`;
}

/** Windows over the events of a range, as a table expression. */
function windowsOver(
  stream: Stream,
  windows: Windows,
  { dataset, range }: WindowsSource,
  bound: BigqueryParameters,
): string {
  const conditions = inRange(stream, range, bound);
  const source = `(${daysSelect(stream, dataset, range, bound)})`;
  return `(${windowsSelect(stream, windows, { source, conditions })}) as highwater_windows`;
}

export interface WindowsSource {
  readonly dataset: string;
  readonly range: TimeRange;
}

/** A page of windows, in the order of start, then group; NULL groups come first where ascending. */
export function windowsSql(
  stream: Stream,
  windows: Windows,
  source: WindowsSource,
  query: {
    readonly order: Order;
    readonly limit: number;
    readonly after?:
      { readonly windowStartMicros: number; readonly group: readonly Cell[] } | undefined;
  },
  bound: BigqueryParameters,
): string {
  const { order, after } = query;
  const keys = ['window_start_time', ...windows.groupBy.map(quoteName)];
  const nulls = order === 'asc' ? 'nulls first' : 'nulls last';
  const from = windowsOver(stream, windows, source, bound);
  let where = '';
  if (after) {
    const start = bound.integer(after.windowStartMicros);
    const beyond = order === 'asc' ? '>' : '<';
    const options = [`window_start_time ${beyond} ${start}`];
    let same = `window_start_time = ${start}`;
    for (const [index, column] of windows.groupBy.entries()) {
      const cell = after.group[index] ?? null;
      const name = quoteName(column);
      if (cell === null) {
        if (order === 'asc') options.push(`(${same} and ${name} is not null)`);
        same += ` and ${name} is null`;
      } else {
        const value = bound.cell(columnOf(stream, column).type, cell);
        const isNullBeyond = order === 'desc' ? ` or ${name} is null` : '';
        options.push(`(${same} and (${name} ${beyond} ${value}${isNullBeyond}))`);
        same += ` and ${name} = ${value}`;
      }
    }
    where = `where ${options.join(' or ')}`;
  }
  return `select * from ${from} ${where}
    order by ${keys.map((key) => `${key} ${order} ${nulls}`).join(', ')}
    limit ${bound.integer(query.limit)}`;
}

/** Pairs of neighbouring windows with data that are further apart than one window: previous start, start, group. */
export function continuitySql(
  stream: Stream,
  windows: Windows,
  source: WindowsSource,
  limit: number,
  bound: BigqueryParameters,
): string {
  const groups = windows.groupBy.map(quoteName);
  const partition = groups.length === 0 ? '' : `partition by ${groups.join(', ')}`;
  return `select ${['previous_start_time', 'window_start_time', ...groups].join(', ')} from (
      select *, lag(window_start_time) over (${partition} order by window_start_time) as previous_start_time
      from ${windowsOver(stream, windows, source, bound)})
    where window_start_time - previous_start_time > ${windows.sizeMs * 1_000}
    order by ${['window_start_time', ...groups].map((key) => `${key} asc nulls first`).join(', ')}
    limit ${bound.integer(limit)}`;
}

/**
 * Windows from a start on that are a spike or have fewer than ten windows before them in what was read:
 * start, value, mean of the ten before, how many there were, start of the first of them, group.
 */
export function spikesSql(
  stream: Stream,
  windows: Windows,
  source: WindowsSource,
  query: { readonly fromMicros: number; readonly limit: number },
  bound: BigqueryParameters,
): string {
  const groups = windows.groupBy.map(quoteName);
  const partition = groups.length === 0 ? '' : `partition by ${groups.join(', ')}`;
  const measure = quoteName(windows.spike.measure);
  const over = `over (${partition} order by window_start_time rows between 10 preceding and 1 preceding)`;
  return `select ${['window_start_time', measure, 'ten_mean', 'ten_count', 'ten_start_time', ...groups].join(', ')}
    from (
      select *, avg(${measure}) ${over} as ten_mean, count(${measure}) ${over} as ten_count,
        min(window_start_time) ${over} as ten_start_time
      from ${windowsOver(stream, windows, source, bound)})
    where window_start_time >= ${bound.integer(query.fromMicros)}
      and (ten_count < 10 or ${measure} > safe_multiply(ten_mean, ${bound.real(windows.spike.factor)}))
    order by ${['window_start_time', ...groups].map((key) => `${key} asc nulls first`).join(', ')}
    limit ${bound.integer(query.limit)}`;
}
