/** What BigQuery reports, over REST and over gRPC, as the codes that callers branch on. */
import { AppError, messageOf } from '../runtime/index.ts';
import { BigqueryRequestError } from './bigquery-rest.ts';

/** Source: google.rpc.Code. */
export const GRPC = {
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  OUT_OF_RANGE: 11,
} as const;

/**
 * Reasons of a job that failed by no fault of its query. BigQuery answers them with status 400 as well as with 5xx. The job is over,
 * so that only another job can succeed.
 * Source: https://cloud.google.com/bigquery/docs/error-messages#errortable, and what Google's Python client starts again.
 */
const JOB_FAILURES: readonly string[] = ['jobBackendError', 'jobInternalError'];
/** Reasons that come with status 400 in places, and are about the server and not about what was asked. */
const PASSING_REASONS: readonly string[] = ['rateLimitExceeded', 'quotaExceeded', ...JOB_FAILURES];

/**
 * Where a request failed. Only what the request itself says wrong is final: a missing table, a refused credential or a spent
 * quota is the sink's fault, and trying again later can help.
 */
export function toAppError(error: unknown, what: string): AppError {
  if (error instanceof AppError) return error;
  const status = error instanceof BigqueryRequestError ? error.status : 0;
  const reason = error instanceof BigqueryRequestError ? error.reason : '';
  const detail = { error: messageOf(error), status, reason };
  if (reason === 'bytesBilledLimitExceeded') {
    return new AppError(
      'limit_exceeded',
      'The answer would read more of BigQuery than BIGQUERY_BYTES_BILLED_MAX allows; ask for a shorter time range',
      { cause: error, detail },
    );
  }
  if (status === 400 && !PASSING_REASONS.includes(reason)) {
    return new AppError('internal', `BigQuery refused ${what}`, { cause: error, detail });
  }
  return unavailable(what, error, detail);
}

/** The sink is at fault: the same work succeeds once it is well. */
export function unavailable(
  what: string,
  cause?: unknown,
  detail: Readonly<Record<string, unknown>> = { error: messageOf(cause) },
): AppError {
  return new AppError(
    'warehouse_unavailable',
    `BigQuery did not take ${what}; nothing was lost: try again later`,
    { cause, detail },
  );
}

/** Whether the thing asked for does not exist. */
export function isNotFound(error: unknown): boolean {
  return error instanceof BigqueryRequestError && error.status === 404;
}

/** Whether somebody else made it first. */
export function isAlreadyThere(error: unknown): boolean {
  return (
    error instanceof BigqueryRequestError &&
    (error.status === 409 ||
      error.reason === 'duplicate' ||
      /already (?:exists|created)/i.test(error.message))
  );
}

/** Whether a job failed that another job, started anew, may do. */
export function isJobFailure(error: unknown): boolean {
  return error instanceof BigqueryRequestError && JOB_FAILURES.includes(error.reason);
}

/** Whether the same request may succeed a moment later. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof BigqueryRequestError) || isJobFailure(error)) return false;
  if (error.status === 0 || error.status === 429 || error.status >= 500) return true;
  return error.reason === 'rateLimitExceeded' || error.reason === 'backendError';
}
