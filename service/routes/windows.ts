/** Windows of a stream over event time, with gaps and spikes marked, and whether each is final. */
import type { Request, Response } from 'express';
import { AppError } from '../../runtime/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { formatTimestamp } from '../../streams/index.ts';
import type { Cell, Windows } from '../../streams/index.ts';
import type {
  Order,
  TimeRange,
  Warehouse,
  WindowGap,
  WindowRow,
  WindowSpike,
} from '../../warehouse/index.ts';
import { csvCell, csvLine } from '../csv.ts';
import { decodeCursor, encodeCursor, questionHash, unknown } from '../cursor.ts';
import { LIST_FORMATS, listLimit, sendList } from '../list.ts';
import type { List, ListFormat, Page } from '../list.ts';
import {
  choiceParameter,
  cursorParameter,
  isDate,
  readQuery,
  timeParameter,
} from '../parameters.ts';
import type { Parameter } from '../parameters.ts';
import { negotiate } from '../respond.ts';
import { numberText, printer } from '../row-json.ts';
import { freshnessHeaders } from '../stream-resource.ts';
import type { NewestEvent, StreamResource } from '../stream-resource.ts';
import { orderedRange, setHeaders } from './events.ts';

/** Range where none is asked for: the last hour of event time. */
const RANGE_DEFAULT_MICROS = 3_600_000_000;

const from = timeParameter(
  'from',
  'Windows that start at or after this time. Default: one hour before `to`.',
);
const to = timeParameter(
  'to',
  'Windows that start before this time. Default: the end of the window of the newest event.',
);
const ORDERS = ['asc', 'desc'] as const satisfies readonly Order[];
const order = choiceParameter('order', ORDERS, 'By window start, then group.', 'desc');

export function windowsParameters(format: ListFormat): readonly Parameter<unknown>[] {
  return [from, to, order, listLimit(format), cursorParameter];
}

/** Members of a window in CSV beside its times, group and measures. */
export const WINDOW_MARKS_CSV = [
  'is_final',
  'is_spike',
  'spike_moving_average',
  'spike_ratio',
  'gap_before',
] as const;

interface MarkedWindow extends WindowRow {
  readonly gap: WindowGap | undefined;
  readonly spike: WindowSpike | undefined;
}

interface Position {
  readonly windowStartMicros: number;
  readonly group: readonly Cell[];
}

interface WindowsDeps {
  readonly warehouse: Warehouse;
  readonly clock: Clock;
}

export async function listWindows(
  deps: WindowsDeps,
  resource: StreamResource,
  request: Request,
  response: Response,
): Promise<void> {
  const format = negotiate(request, response, LIST_FORMATS);
  const list = await windowsList(deps, resource, request.url, format);
  setHeaders(response, freshnessHeaders(await resource.newestEvent(), deps.clock.nowMs()));
  await sendList(request, response, format, list);
}

/** The list that the query of `url` asks for. */
export async function windowsList(
  { warehouse, clock }: WindowsDeps,
  resource: StreamResource,
  url: string,
  format: ListFormat,
): Promise<List<MarkedWindow, Position>> {
  const { stream } = resource;
  const { windows } = stream;
  if (!windows) {
    throw new AppError(
      'not_found',
      `Stream ${stream.name} has no windows: its file declares none.`,
    );
  }
  const query = readQuery(url, windowsParameters(format));
  const direction = query.get(order) ?? 'desc';
  const newest = await resource.newestEvent();

  const asked = [query.get(from) ?? null, query.get(to) ?? null];
  const question = questionHash(['windows', stream.name, asked, direction]);
  const cursor = query.get(cursorParameter);
  const continued = cursor === undefined ? undefined : positionFrom(resource, question, cursor);
  const range =
    continued?.range ??
    defaultedRange(query.get(from), query.get(to), windows, newest, clock.nowMs());

  const sizeMicros = windows.sizeMs * 1_000;
  const printWindow = windowPrinter(resource, windows, newest);
  return {
    stream: stream.name,
    key: 'windows',
    query,
    limit: query.get(listLimit(format)),
    after: continued?.position,
    async fetch(limit, position): Promise<Page<MarkedWindow>> {
      const rows = await warehouse.windows(stream, {
        ...range,
        order: direction,
        limit: limit + 1,
        ...(position && { after: position }),
      });
      const shown = rows.slice(0, limit);
      if (shown.length === 0) return { items: [], hasMore: false };
      const spread = rangeOf(shown, sizeMicros);
      const reach = resource.groupColumns.length > 0 ? range : reachOf(rows, position, range);
      const [spikes, gaps] = await Promise.all([
        warehouse.windowSpikes(stream, spread),
        warehouse.windowContinuity(stream, {
          fromMicros: reach.fromMicros,
          toMicros: spread.toMicros,
        }),
      ]);
      return { items: marked(shown, spikes, gaps), hasMore: rows.length > limit };
    },
    positionOf: ({ windowStartMicros, group }) => ({ windowStartMicros, group }),
    cursorOf: ({ windowStartMicros, group }) =>
      encodeCursor(question, [windowStartMicros, group, range.fromMicros, range.toMicros]),
    json: (window) => printWindow.json(window),
    csvHeader: csvLine([
      'window_start_time',
      'window_end_time',
      ...windows.groupBy,
      ...windows.measures.map((measure) => measure.name),
      ...WINDOW_MARKS_CSV,
    ]),
    csv: (window) => printWindow.csv(window),
    members: (items) =>
      `,"gaps":[${items.flatMap(({ gap }) => (gap ? [printWindow.gap(gap)] : [])).join(',')}]` +
      `,"from":"${formatTimestamp(range.fromMicros)}","to":"${formatTimestamp(range.toMicros)}"`,
  };

  function reachOf(
    rows: readonly WindowRow[],
    position: Position | undefined,
    whole: TimeRange,
  ): TimeRange {
    const starts = rows.map((row) => row.windowStartMicros);
    if (direction === 'asc' && position) starts.push(position.windowStartMicros);
    // With no window beyond the page in that direction, a gap cannot begin before it either.
    return { ...whole, fromMicros: Math.min(...starts) };
  }
}

function defaultedRange(
  fromMicros: number | undefined,
  toMicros: number | undefined,
  windows: Windows,
  newest: NewestEvent | null,
  nowMs: number,
): TimeRange {
  const sizeMicros = windows.sizeMs * 1_000;
  const newestMicros = newest?.eventTimeMicros ?? nowMs * 1_000;
  const endMicros = toMicros ?? (Math.floor(newestMicros / sizeMicros) + 1) * sizeMicros;
  return orderedRange({
    fromMicros: fromMicros ?? endMicros - RANGE_DEFAULT_MICROS,
    toMicros: toMicros ?? Math.max(endMicros, fromMicros ?? endMicros),
  });
}

function rangeOf(rows: readonly WindowRow[], sizeMicros: number): TimeRange {
  const ends = [rows[0]!.windowStartMicros, rows.at(-1)!.windowStartMicros];
  return { fromMicros: Math.min(...ends), toMicros: Math.max(...ends) + sizeMicros };
}

function marked(
  rows: readonly WindowRow[],
  spikes: readonly WindowSpike[],
  gaps: readonly WindowGap[],
): MarkedWindow[] {
  const spikeAt = new Map(spikes.map((each) => [keyOf(each.windowStartMicros, each.group), each]));
  const gapBefore = new Map(gaps.map((each) => [keyOf(each.gapEndMicros, each.group), each]));
  return rows.map((row) => {
    const key = keyOf(row.windowStartMicros, row.group);
    return { ...row, spike: spikeAt.get(key), gap: gapBefore.get(key) };
  });
}

function windowPrinter(
  { groupColumns }: StreamResource,
  windows: Windows,
  newest: NewestEvent | null,
) {
  const sizeMicros = windows.sizeMs * 1_000;
  const finalBeforeMicros = newest
    ? newest.eventTimeMicros - windows.allowedLatenessMs * 1_000
    : -Infinity;
  const isFinal = ({ windowStartMicros }: WindowRow) =>
    windowStartMicros + sizeMicros <= finalBeforeMicros;
  const groupPrinters = groupColumns.map(
    (column, index) => (group: readonly Cell[]) =>
      `,${JSON.stringify(column.name)}:${printer(column)(group[index] ?? null)}`,
  );
  const groupJson = (group: readonly Cell[]) => groupPrinters.map((print) => print(group)).join('');

  return {
    json(window: MarkedWindow): string {
      const { windowStartMicros, group, measures, spike, gap } = window;
      const [start, end] = times(windowStartMicros, windowStartMicros + sizeMicros);
      const values = windows.measures.map(
        ({ name }, index) => `,${JSON.stringify(name)}:${numberText(measures[index] ?? null)}`,
      );
      const spikeJson = spike
        ? `{"moving_average":${numberText(spike.movingAverage)},"ratio":${numberText(ratioOf(spike))}}`
        : 'null';
      return (
        `{"window_start_time":"${start}","window_end_time":"${end}"${groupJson(group)}${values.join('')}` +
        `,"is_final":${isFinal(window)},"is_spike":${spike !== undefined},"spike":${spikeJson}` +
        `,"gap_before":${gap?.missingWindowCount ?? 0}}`
      );
    },
    csv(window: MarkedWindow): string {
      const { windowStartMicros, group, measures, spike, gap } = window;
      return csvLine([
        ...times(windowStartMicros, windowStartMicros + sizeMicros),
        ...groupColumns.map((column, index) => csvCell(column, group[index] ?? null)),
        ...windows.measures.map((_, index) => measures[index] ?? null),
        isFinal(window),
        spike !== undefined,
        spike?.movingAverage ?? null,
        spike ? ratioOf(spike) : null,
        gap?.missingWindowCount ?? 0,
      ]);
    },
    gap(gap: WindowGap): string {
      const [start, end] = times(gap.gapStartMicros, gap.gapEndMicros);
      return `{"gap_start_time":"${start}","gap_end_time":"${end}"${groupJson(gap.group)},"missing_window_count":${gap.missingWindowCount}}`;
    },
  };
}

function keyOf(startMicros: number, group: readonly Cell[]): string {
  return JSON.stringify([startMicros, group]);
}

function times(startMicros: number, endMicros: number): readonly [string, string] {
  return [formatTimestamp(startMicros), formatTimestamp(endMicros)];
}

/** `null` where the average is 0 and so nothing can be divided. */
function ratioOf(spike: WindowSpike): number | null {
  return spike.movingAverage === 0 ? null : spike.value / spike.movingAverage;
}

function positionFrom(
  { groupColumns }: StreamResource,
  question: string,
  cursor: string,
): { position: Position; range: TimeRange } {
  const [start, group, fromMicros, toMicros] = decodeCursor(question, cursor);
  const isSound =
    [start, fromMicros, toMicros].every((each) => Number.isSafeInteger(each)) &&
    Array.isArray(group) &&
    group.length === groupColumns.length &&
    group.every((cell, index) => isCellOf(groupColumns[index]!.type, cell));
  if (!isSound) throw unknown();
  return {
    position: { windowStartMicros: start as number, group: group as Cell[] },
    range: { fromMicros: fromMicros as number, toMicros: toMicros as number },
  };
}

function isCellOf(type: string, cell: unknown): boolean {
  if (cell === null) return true;
  if (type === 'BOOL') return typeof cell === 'boolean';
  if (type === 'INT64' || type === 'TIMESTAMP') return Number.isSafeInteger(cell);
  if (type === 'FLOAT64') return typeof cell === 'number';
  if (type === 'DATE') return typeof cell === 'string' && isDate(cell);
  return typeof cell === 'string';
}
