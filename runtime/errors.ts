/** The one error type of expected failures, and the closed list of its codes. */

/** Stable codes: callers and clients may branch on them; messages may change, codes may not. */
export type ErrorCode =
  | 'address_in_use'
  | 'api_unavailable'
  | 'body_too_large'
  | 'cloud_unavailable'
  | 'deadline_exceeded'
  | 'disk_full'
  | 'forbidden'
  | 'identity_unavailable'
  | 'injected_fault'
  | 'internal'
  | 'invalid_argument'
  | 'invalid_body'
  | 'invalid_config'
  | 'invalid_cursor'
  | 'invalid_definition'
  | 'invalid_range'
  | 'limit_exceeded'
  | 'locked'
  | 'messages_unavailable'
  | 'method_not_allowed'
  | 'metrics_unavailable'
  | 'not_acceptable'
  | 'not_found'
  | 'overloaded'
  | 'schema_conflict'
  | 'too_many_requests'
  | 'unauthenticated'
  | 'unknown_parameter'
  | 'unsupported_media_type'
  | 'warehouse_unavailable';

/** An expected failure. `message` is fit for the caller; `detail` and `cause` are for the log alone. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly detail: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { detail?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.detail = options.detail;
  }
}

/** Whether `error` is an `AppError`, of one of `codes` where some are given. */
export function isAppError(error: unknown, ...codes: readonly ErrorCode[]): error is AppError {
  return error instanceof AppError && (codes.length === 0 || codes.includes(error.code));
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
