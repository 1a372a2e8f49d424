/** Whole answers with entity tags, and which format an answer has. */
import { hash } from 'node:crypto';
import type { Request, Response } from 'express';
import { AppError } from '../runtime/index.ts';

/** Media types by the short name that the routes use. */
export const MEDIA_TYPES = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  html: 'text/html; charset=utf-8',
} as const;
export type Format = keyof typeof MEDIA_TYPES;

const NAMES: Readonly<Record<Format, string>> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  html: 'text/html',
};

/**
 * The offered format that the request likes best; the first one where it does not care.
 * @throws AppError `not_acceptable` that names what is offered.
 */
export function negotiate<F extends Format>(
  request: Request,
  response: Response,
  offered: readonly [F, ...F[]],
): F {
  if (offered.length > 1) response.setHeader('Vary', 'Accept');
  const accept = request.headers.accept;
  if (accept === undefined || accept === '*/*') return offered[0];
  const chosen = request.accepts(offered.map((format) => NAMES[format]));
  const format = offered.find((each) => NAMES[each] === chosen);
  if (format) return format;
  throw new AppError(
    'not_acceptable',
    `Accept: expected one of ${offered.map((each) => NAMES[each]).join(', ')}.`,
  );
}

/**
 * Answers 200 with a whole body, or 304 where the caller has it already. The tag is a hash of the bytes, so it holds
 * across processes and restarts.
 */
export function sendWhole(
  request: Request,
  response: Response,
  format: Format,
  body: string,
): void {
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('ETag', `"${hash('sha1', body, 'base64url')}"`);
  if (request.fresh) {
    response.statusCode = 304;
    response.end();
    return;
  }
  sendBody(response, format, body);
}

/** Answers with the body at the status that was set; never kept by a cache unless said before. */
export function sendBody(response: Response, format: Format, body: string): void {
  if (!response.hasHeader('Cache-Control')) response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Type', MEDIA_TYPES[format]);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
