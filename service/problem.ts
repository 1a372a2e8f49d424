/** Errors as `application/problem+json` (RFC 9457): the one place where an error code becomes an HTTP status. */
import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, Response } from 'express';
import { AppError, isAppError } from '../runtime/index.ts';
import type { ErrorCode, Logger } from '../runtime/index.ts';

/** The status of every code. Codes of start-up and definitions are ours to fix, hence 500. */
export const STATUS_OF = {
  address_in_use: 500,
  api_unavailable: 503,
  body_too_large: 413,
  cloud_unavailable: 503,
  deadline_exceeded: 504,
  disk_full: 503,
  forbidden: 403,
  identity_unavailable: 503,
  injected_fault: 500,
  internal: 500,
  invalid_argument: 400,
  invalid_body: 400,
  invalid_config: 500,
  invalid_cursor: 400,
  invalid_definition: 500,
  invalid_range: 400,
  limit_exceeded: 400,
  locked: 503,
  messages_unavailable: 503,
  method_not_allowed: 405,
  metrics_unavailable: 503,
  not_acceptable: 406,
  not_found: 404,
  overloaded: 503,
  schema_conflict: 500,
  too_many_requests: 429,
  unauthenticated: 401,
  unknown_parameter: 400,
  unsupported_media_type: 415,
  warehouse_unavailable: 503,
} as const satisfies Record<ErrorCode, number>;

/** Seconds after which a caller of an unavailable part may try again. */
const RETRY_AFTER_SECONDS = 1;

/** One fault among several: of a query parameter, or of an item of a body. */
export interface ProblemItem {
  readonly parameter?: string;
  readonly index?: number;
  readonly code: string;
  readonly field?: string | null;
  readonly reason: string;
}

/** An `AppError` with more to tell the caller: faults one by one, headers, further members. */
export class ServiceError extends AppError {
  readonly errors: readonly ProblemItem[];
  readonly headers: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    more: {
      errors?: readonly ProblemItem[];
      headers?: Readonly<Record<string, string>>;
      members?: Readonly<Record<string, unknown>>;
      cause?: unknown;
    } = {},
  ) {
    super(code, message, more.cause === undefined ? {} : { cause: more.cause });
    this.errors = more.errors ?? [];
    this.headers = more.headers ?? {};
    this.members = more.members ?? {};
  }
}

/** Express's error handler: answers with a problem, logs what is ours to mend, cuts answers that had begun. */
export function problemHandler(logger: Logger): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    const error = asAppError(thrown);
    const status = STATUS_OF[error.code];
    response.locals['isShed'] = error.code === 'overloaded';
    if (status >= 500) {
      const { code, detail } = error;
      const fields = { code, path: request.path, requestId: response.locals['requestId'], detail };
      const logged = error.code === 'internal' ? thrown : error;
      // What is sent away is counted; a line for each would be most of the load that it is sent away for.
      const level = code === 'overloaded' ? 'debug' : status === 500 ? 'error' : 'warn';
      logger[level]('request_failed', { ...fields, error: logged });
    }
    if (response.headersSent || response.destroyed) {
      // A client that left is no fault of ours; an answer that we cut is.
      if (!response.destroyed) response.locals['brokeOffStatus'] = status;
      response.destroy();
      return;
    }
    sendProblem(response, request.path, error);
  };
}

function sendProblem(response: Response, instance: string, error: AppError): void {
  const status = STATUS_OF[error.code];
  const more = error instanceof ServiceError ? error : undefined;
  const body = JSON.stringify({
    type: `/docs#${error.code}`,
    title: STATUS_CODES[status],
    status,
    code: error.code,
    detail: error.message,
    instance,
    request_id: response.locals['requestId'],
    ...more?.members,
    ...(more?.errors.length ? { errors: more.errors } : {}),
  });
  for (const name of ['ETag', 'Last-Modified', 'Link', 'Trailer']) response.removeHeader(name);
  if (status === 503) response.setHeader('Retry-After', String(RETRY_AFTER_SECONDS));
  for (const [name, value] of Object.entries(more?.headers ?? {})) response.setHeader(name, value);
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/problem+json; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** What Express and its body reader throw carries a status and a type; everything else unknown is a bug. */
function asAppError(thrown: unknown): AppError {
  if (isAppError(thrown)) return thrown;
  const { status } = (thrown ?? {}) as { status?: unknown };
  if (status === 413) {
    return new AppError('body_too_large', 'The body is larger than this API accepts.');
  }
  if (status === 415) {
    return new AppError(
      'unsupported_media_type',
      'The body has an encoding that is not known; expected Content-Encoding gzip, deflate, br or none.',
    );
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new AppError('invalid_body', 'The body cannot be read to its end, or not unpacked.');
  }
  return new AppError('internal', 'Something went wrong on our side; the log knows more.', {
    cause: thrown,
  });
}
