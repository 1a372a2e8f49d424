/** A stream as the routes see it: its definition, its compiled printers, and figures read at most every 250 ms. */
import type { Clock } from '../runtime/index.ts';
import { AppError } from '../runtime/index.ts';
import { compileValidator, formatTimestamp } from '../streams/index.ts';
import type { Cell, Column, Stream, Validate } from '../streams/index.ts';
import type { StoredRow, Warehouse } from '../warehouse/index.ts';
import { csvFor } from './csv.ts';
import { filterParameter } from './parameters.ts';
import type { Parameter } from './parameters.ts';
import { jsonFor } from './row-json.ts';

/** How old a figure such as the newest event time may be: a quarter of the freshness that is promised (1 s). */
export const FIGURE_AGE_MS_MAX = 250;
/** Query parameters that every list has; a filter of this name would be unreachable. */
const RESERVED = ['from', 'to', 'order', 'limit', 'cursor'];

export type NewestEvent = NonNullable<Awaited<ReturnType<Warehouse['newestEvent']>>>;

export interface StreamResource {
  readonly stream: Stream;
  readonly filters: readonly Parameter<Cell>[];
  readonly groupColumns: readonly Column[];
  readonly eventTimeIndex: number;
  readonly eventIdIndex: number;
  readonly rowJson: (row: StoredRow) => string;
  readonly rowCsv: (row: StoredRow) => string;
  readonly validate: Validate;
  readonly newestEvent: () => Promise<NewestEvent | null>;
  /** `null` where counting would read more than one query may. */
  readonly rowCount: () => Promise<number | null>;
  readonly quarantineCount: () => Promise<number>;
}

/** @throws AppError `invalid_definition` where a filter has the name of a parameter that every list has. */
export function streamResource(stream: Stream, warehouse: Warehouse, clock: Clock): StreamResource {
  const clash = stream.filters.find((name) => RESERVED.includes(name));
  if (clash) {
    throw new AppError(
      'invalid_definition',
      `Stream ${stream.name}: expected a filter with a name other than ${RESERVED.join(', ')}; got ${clash}`,
    );
  }
  const column = (name: string) => stream.columns.find((each) => each.name === name)!;
  return {
    stream,
    filters: stream.filters.map((name) => filterParameter(column(name))),
    groupColumns: (stream.windows?.groupBy ?? []).map(column),
    eventTimeIndex: stream.columns.findIndex((each) => each.name === stream.eventTime),
    eventIdIndex: stream.columns.findIndex((each) => each.name === stream.eventId),
    rowJson: jsonFor(stream),
    rowCsv: csvFor(stream),
    validate: compileValidator(stream),
    newestEvent: remembered(clock, () => warehouse.newestEvent(stream)),
    rowCount: remembered(clock, () => withinLimit(warehouse.rowCount(stream))),
    quarantineCount: remembered(clock, () => warehouse.quarantineCount(stream.name)),
  };
}

/** Seconds since the newest event happened, to the millisecond; events ahead of the clock are age 0. */
export function dataAgeSeconds(newest: NewestEvent, nowMs: number): number {
  return Math.max(0, Math.round(nowMs - newest.eventTimeMicros / 1_000)) / 1_000;
}

/** The freshness headers of an answer; an empty stream has none. */
export function freshnessHeaders(
  newest: NewestEvent | null,
  nowMs: number,
): Record<string, string> {
  if (!newest) return {};
  return {
    'X-Data-Newest-Event-Time': formatTimestamp(newest.eventTimeMicros),
    'X-Data-Age-Seconds': dataAgeSeconds(newest, nowMs).toFixed(3),
  };
}

/** One load at a time, its answer kept for `FIGURE_AGE_MS_MAX`; a failure is kept for nobody. */
function remembered<T>(clock: Clock, load: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let loadedAtMs = 0;
  return () => {
    const nowMs = clock.monotonicMs();
    if (answer && nowMs - loadedAtMs < FIGURE_AGE_MS_MAX) return answer;
    loadedAtMs = nowMs;
    const loading = load();
    answer = loading;
    loading.catch(() => {
      if (answer === loading) answer = undefined;
    });
    return loading;
  };
}

async function withinLimit<T>(figure: Promise<T>): Promise<T | null> {
  try {
    return await figure;
  } catch (error) {
    if (error instanceof AppError && error.code === 'limit_exceeded') return null;
    throw error;
  }
}
