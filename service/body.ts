/** Request bodies as lists of JSON values: one object, an array, or one object a line. */
import express from 'express';
import type { Request, RequestHandler } from 'express';
import { AppError } from '../runtime/index.ts';
import { shorten } from './parameters.ts';
import { ServiceError } from './problem.ts';

/** Events of one POST: at the 10 MB that a publish call may have, 10 KB each. */
export const ITEMS_MAX = 1_000;
export const BODY_TYPES = ['application/json', 'application/x-ndjson'] as const;
type BodyType = (typeof BODY_TYPES)[number];

/** `undefined` in place of a line that is no JSON, with what is wrong with it. */
export type Item =
  { readonly isJson: true; readonly value: unknown } | { readonly isJson: false; reason: string };

/**
 * Reads the body's bytes, unpacked; Content-Encoding gzip, deflate and br within the same limit.
 * @throws (by Express) `unsupported_media_type` before a byte is read, `body_too_large`, `invalid_body`.
 */
export function bodyReader(bytesMax: number): RequestHandler {
  const read = express.raw({ type: () => true, limit: bytesMax, inflate: true });
  return (request, response, next) => {
    mediaTypeOf(request);
    return read(request, response, next);
  };
}

/** @throws AppError `invalid_body` where it is no JSON, `limit_exceeded` where it has too many items. */
export function itemsOf(request: Request): readonly Item[] {
  const type = mediaTypeOf(request);
  const text = textOf(request.body);
  const items = type === 'application/x-ndjson' ? lines(text) : whole(text);
  if (items.length === 0) {
    throw new AppError('invalid_body', 'The body holds no event; expected at least one.');
  }
  if (items.length <= ITEMS_MAX) return items;
  throw new AppError(
    'limit_exceeded',
    `The body holds ${items.length} events; expected at most ${ITEMS_MAX}.`,
  );
}

function mediaTypeOf(request: Request): BodyType {
  const [given = '', ...parameters] = (request.headers['content-type'] ?? '').split(';');
  const type = BODY_TYPES.find((each) => each === given.trim().toLowerCase());
  const charset = parameters
    .map((each) => /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/i.exec(each)?.[1]?.toLowerCase())
    .find((each) => each !== undefined);
  if (type && (charset === undefined || charset === 'utf-8' || charset === 'utf8')) return type;
  throw new ServiceError(
    'unsupported_media_type',
    `Content-Type: expected ${BODY_TYPES.join(' or ')} in UTF-8; got ${shorten(request.headers['content-type'] ?? '') || 'none'}.`,
    { headers: { 'Accept-Post': BODY_TYPES.join(', ') } },
  );
}

function textOf(body: unknown): string {
  try {
    return body instanceof Uint8Array ? new TextDecoder('utf-8', { fatal: true }).decode(body) : '';
  } catch (error) {
    throw new AppError('invalid_body', 'The body is not valid UTF-8.', { cause: error });
  }
}

function whole(text: string): Item[] {
  const item = parse(text);
  if (!item.isJson) {
    throw new AppError('invalid_body', `The body is not JSON: ${item.reason}.`);
  }
  const values: unknown[] = Array.isArray(item.value) ? item.value : [item.value];
  return values.map((value) => ({ isJson: true, value }));
}

function lines(text: string): Item[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parse);
}

function parse(text: string): Item {
  try {
    return { isJson: true, value: JSON.parse(text) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { isJson: false, reason: shorten(error.message) };
  }
}
