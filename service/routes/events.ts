/** Events of a stream: a list by time range and filters, and one by its id. */
import type { Request, Response } from 'express';
import { AppError } from '../../runtime/index.ts';
import type { Clock } from '../../runtime/index.ts';
import type { Cell } from '../../streams/index.ts';
import type { Order, StoredRow, TimeRange, Warehouse } from '../../warehouse/index.ts';
import { csvHeaderFor, csvLine } from '../csv.ts';
import { decodeCursor, encodeCursor, questionHash, unknown } from '../cursor.ts';
import { LIST_FORMATS, listLimit, sendList } from '../list.ts';
import type { List, ListFormat } from '../list.ts';
import {
  choiceParameter,
  cursorParameter,
  readQuery,
  shorten,
  timeParameter,
  TIME_MICROS_MAX,
} from '../parameters.ts';
import type { Parameter } from '../parameters.ts';
import { negotiate, sendWhole } from '../respond.ts';
import { freshnessHeaders } from '../stream-resource.ts';
import type { StreamResource } from '../stream-resource.ts';

const from = timeParameter('from', 'Events at or after this time.');
const to = timeParameter('to', 'Events before this time.');
const ORDERS = ['asc', 'desc'] as const satisfies readonly Order[];
const order = choiceParameter('order', ORDERS, 'By event time, then event id.', 'desc');

/** Every parameter of the list, in the order in which the documents show them. */
export function eventsParameters(
  { filters }: StreamResource,
  format: ListFormat,
): readonly Parameter<unknown>[] {
  return [from, to, ...filters, order, listLimit(format), cursorParameter];
}

export async function listEvents(
  { warehouse, clock }: { warehouse: Warehouse; clock: Clock },
  resource: StreamResource,
  request: Request,
  response: Response,
): Promise<void> {
  const format = negotiate(request, response, LIST_FORMATS);
  const list = eventsList(warehouse, resource, request.url, format);
  setHeaders(response, freshnessHeaders(await resource.newestEvent(), clock.nowMs()));
  await sendList(request, response, format, list);
}

/** The list that the query of `url` asks for. */
export function eventsList(
  warehouse: Warehouse,
  resource: StreamResource,
  url: string,
  format: ListFormat,
): List<StoredRow, Position> {
  const query = readQuery(url, eventsParameters(resource, format));
  const range = orderedRange({
    fromMicros: query.get(from) ?? -TIME_MICROS_MAX,
    toMicros: query.get(to) ?? TIME_MICROS_MAX,
  });
  const direction = query.get(order) ?? 'desc';
  const filters: Record<string, Cell> = {};
  for (const filter of resource.filters) {
    const value = query.get(filter);
    if (value !== undefined) filters[filter.name] = value;
  }
  const { stream } = resource;
  const question = questionHash(['events', stream.name, range, direction, filters]);
  const cursor = query.get(cursorParameter);
  const after = cursor === undefined ? undefined : positionFrom(question, cursor);

  return {
    stream: stream.name,
    key: 'events',
    query,
    limit: query.get(listLimit(format)),
    after,
    async fetch(limit, position) {
      const rows = await warehouse.events(stream, {
        ...range,
        filters,
        order: direction,
        limit: limit + 1,
        ...(position && { after: position }),
      });
      return { items: rows.slice(0, limit), hasMore: rows.length > limit };
    },
    positionOf: ({ row }) => ({
      eventTimeMicros: Number(row[resource.eventTimeIndex]),
      eventId: String(row[resource.eventIdIndex]),
    }),
    cursorOf: ({ eventTimeMicros, eventId }) => encodeCursor(question, [eventTimeMicros, eventId]),
    json: resource.rowJson,
    csvHeader: csvLine(csvHeaderFor(stream)),
    csv: resource.rowCsv,
  };
}

export async function oneEvent(
  { warehouse, clock }: { warehouse: Warehouse; clock: Clock },
  resource: StreamResource,
  request: Request,
  response: Response,
): Promise<void> {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const { id } = request.params;
  const row = await warehouse.event(resource.stream, String(id));
  if (!row) {
    throw new AppError(
      'not_found',
      `Stream ${resource.stream.name} has no event with the id ${shorten(String(id))}.`,
    );
  }
  setHeaders(response, freshnessHeaders(await resource.newestEvent(), clock.nowMs()));
  sendWhole(request, response, 'json', resource.rowJson(row));
}

/** @throws AppError `invalid_range` where the range is turned round. */
export function orderedRange(range: TimeRange): TimeRange {
  if (range.fromMicros <= range.toMicros) return range;
  throw new AppError('invalid_range', 'from: expected a time at or before to; got a later one.');
}

export function setHeaders(response: Response, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

interface Position {
  readonly eventTimeMicros: number;
  readonly eventId: string;
}

function positionFrom(question: string, cursor: string): Position {
  const [eventTimeMicros, eventId] = decodeCursor(question, cursor);
  if (!Number.isSafeInteger(eventTimeMicros) || typeof eventId !== 'string') throw unknown();
  return { eventTimeMicros: Number(eventTimeMicros), eventId };
}
