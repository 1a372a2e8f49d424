/** Lists in three formats: a page of JSON, or all rows as NDJSON or CSV, streamed page by page. */
import { once } from 'node:events';
import type { Request, Response } from 'express';
import { limitParameter } from './parameters.ts';
import type { Parameter, Query } from './parameters.ts';
import { MEDIA_TYPES, sendWhole } from './respond.ts';

export type ListFormat = 'json' | 'ndjson' | 'csv';
export const LIST_FORMATS = ['json', 'ndjson', 'csv'] as const;

export const JSON_ROWS_DEFAULT = 100;
export const JSON_ROWS_MAX = 1_000;
/** Rows of one NDJSON or CSV answer; at 300 bytes a row, 300 MB over the wire. */
export const EXPORT_ROWS_MAX = 1_000_000;
/** Rows read at once while streaming: 2,000 of 1 KB are 2 MB held for one reader. */
const EXPORT_PAGE_ROWS = 2_000;
/** A page of JSON ends early, with a cursor, once it is this long. */
const JSON_BYTES_MAX = 32 * 2 ** 20;
/** Characters given to the socket at once. */
const CHUNK_LENGTH = 256 * 2 ** 10;

export const NEXT_CURSOR_HEADER = 'X-Next-Cursor';

export interface Page<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
}

/** `P` is a position: what a cursor holds. */
export interface List<T, P> {
  readonly stream: string;
  /** The member of the JSON answer that holds the items. */
  readonly key: string;
  readonly query: Query;
  readonly limit: number | undefined;
  readonly after: P | undefined;
  fetch(limit: number, after: P | undefined): Promise<Page<T>>;
  positionOf(item: T): P;
  cursorOf(position: P): string;
  json(item: T): string;
  readonly csvHeader: string;
  csv(item: T): string;
  /** JSON text of more members of the JSON answer, each beginning with a comma. */
  members?(items: readonly T[]): string;
  /** Most rows that one read of the warehouse may take; for items that can be large. */
  readonly readRowsMax?: number;
}

/** The `limit` of this format: a page of JSON is small, an export is not. */
export function listLimit(format: ListFormat): Parameter<number> {
  return format === 'json' ? JSON_LIMIT : EXPORT_LIMIT;
}

const LIMIT_DESCRIPTION = `Most items to answer with. JSON: at most ${JSON_ROWS_MAX}, default ${JSON_ROWS_DEFAULT}. NDJSON and CSV: at most ${EXPORT_ROWS_MAX}, which is the default.`;
const JSON_LIMIT = limitParameter(JSON_ROWS_MAX, LIMIT_DESCRIPTION);
const EXPORT_LIMIT = limitParameter(EXPORT_ROWS_MAX, LIMIT_DESCRIPTION);

export function sendList<T, P>(
  request: Request,
  response: Response,
  format: ListFormat,
  list: List<T, P>,
): Promise<void> {
  return format === 'json'
    ? sendPage(request, response, list)
    : sendExport(request, response, format, list);
}

async function sendPage<T, P>(
  request: Request,
  response: Response,
  list: List<T, P>,
): Promise<void> {
  const { body, next } = await jsonPage(list, request.path);
  if (next !== undefined) response.setHeader('Link', `<${next}>; rel="next"`);
  sendWhole(request, response, 'json', body);
}

/** One page as the JSON answer of `path`, and where the next one begins. */
export async function jsonPage<T, P>(
  list: List<T, P>,
  path: string,
): Promise<{ readonly body: string; readonly next: string | undefined }> {
  const limit = list.limit ?? JSON_ROWS_DEFAULT;
  const items: T[] = [];
  const texts: string[] = [];
  let length = 0;
  let hasMore = true;
  let after = list.after;
  while (hasMore && items.length < limit && length < JSON_BYTES_MAX) {
    const page = await list.fetch(Math.min(limit - items.length, readRows(list, limit)), after);
    hasMore = page.hasMore;
    for (const item of page.items) {
      const text = list.json(item);
      if (items.length > 0 && length + text.length > JSON_BYTES_MAX) {
        length = JSON_BYTES_MAX;
        hasMore = true;
        break;
      }
      items.push(item);
      texts.push(text);
      length += text.length;
      after = list.positionOf(item);
    }
  }
  const cursor = hasMore && after !== undefined ? list.cursorOf(after) : undefined;
  const next = cursor === undefined ? undefined : nextUrl(path, list, cursor);
  const head = `{"stream":${JSON.stringify(list.stream)},"count":${items.length},`;
  const tail = `"next_cursor":${JSON.stringify(cursor ?? null)},"next":${JSON.stringify(next ?? null)}}`;
  const body = `${head}${JSON.stringify(list.key)}:[${texts.join(',')}]${list.members?.(items) ?? ''},${tail}`;
  return { body, next };
}

/**
 * Streams up to the limit at the pace of the reader. A failure after the first byte cuts the connection, so that half
 * an answer never looks whole.
 */
async function sendExport<T, P>(
  request: Request,
  response: Response,
  format: 'ndjson' | 'csv',
  list: List<T, P>,
): Promise<void> {
  let leftCount = list.limit ?? EXPORT_ROWS_MAX;
  const rowsMax = readRows(list, EXPORT_PAGE_ROWS);
  let page = await list.fetch(Math.min(leftCount, rowsMax), list.after);

  response.statusCode = 200;
  response.setHeader('Content-Type', MEDIA_TYPES[format]);
  response.setHeader('Cache-Control', 'no-cache');
  const isFirstPageAll = page.items.length === leftCount || !page.hasMore;
  if (isFirstPageAll) {
    const cursor = cursorAfter(list, page);
    if (cursor !== undefined) {
      response.setHeader(NEXT_CURSOR_HEADER, cursor);
      response.setHeader('Link', `<${nextUrl(request.path, list, cursor)}>; rel="next"`);
    }
  } else {
    response.setHeader('Trailer', NEXT_CURSOR_HEADER);
  }
  if (request.method === 'HEAD') {
    response.end();
    return;
  }

  const print = (item: T) => (format === 'csv' ? list.csv(item) : `${list.json(item)}\n`);
  if (format === 'csv' && !(await write(response, list.csvHeader))) return;
  for (;;) {
    if (!(await writeItems(response, page.items, print))) return;
    leftCount -= page.items.length;
    if (!page.hasMore || leftCount <= 0) break;
    const after = list.positionOf(page.items.at(-1)!);
    page = await list.fetch(Math.min(leftCount, rowsMax), after);
    if (page.items.length === 0) break;
  }
  const cursor = isFirstPageAll ? undefined : cursorAfter(list, page);
  if (cursor !== undefined) response.addTrailers({ [NEXT_CURSOR_HEADER]: cursor });
  response.end();
}

async function writeItems<T>(
  response: Response,
  items: readonly T[],
  print: (item: T) => string,
): Promise<boolean> {
  let chunk = '';
  for (const item of items) {
    chunk += print(item);
    if (chunk.length < CHUNK_LENGTH) continue;
    if (!(await write(response, chunk))) return false;
    chunk = '';
  }
  return chunk === '' || write(response, chunk);
}

/** Whether the reader is still there once it has room for more. */
async function write(response: Response, text: string): Promise<boolean> {
  if (response.destroyed) return false;
  if (response.write(text)) return true;
  const settled = new AbortController();
  const { signal } = settled;
  const ends = [once(response, 'drain', { signal }), once(response, 'close', { signal })];
  await Promise.race(ends);
  for (const end of ends) end.catch(() => undefined);
  settled.abort();
  return !response.destroyed;
}

function readRows<T, P>(list: List<T, P>, rows: number): number {
  return Math.min(rows, list.readRowsMax ?? rows);
}

function cursorAfter<T, P>(list: List<T, P>, page: Page<T>): string | undefined {
  const last = page.items.at(-1);
  return page.hasMore && last !== undefined ? list.cursorOf(list.positionOf(last)) : undefined;
}

function nextUrl<T, P>(path: string, list: List<T, P>, cursor: string): string {
  return path + list.query.withCursor(cursor);
}
