/** Between gRPC's callbacks and plain functions: what a handler throws becomes the status of the call. */
import type { handleUnaryCall, sendUnaryData, ServerUnaryCall, ServiceError } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';
import type { Logger } from '../runtime/index.ts';
import { messageOf } from '../runtime/index.ts';
import { invalidArgument, PubsubStatusError } from './pubsub-status.ts';

type Call = ServerUnaryCall<unknown, unknown>;

/** A unary method from a function of the request, whose type is that of the method's deserialiser. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each handler names its own request type
export function unary<Request>(
  logger: Logger,
  handle: (request: Request, call: Call) => unknown,
): handleUnaryCall<unknown, unknown> {
  return (call, callback: sendUnaryData<unknown>) => {
    const fail = (error: unknown) => callback(toServiceError(error, logger));
    try {
      const response = handle(call.request as Request, call);
      if (response instanceof Promise) {
        response.then((value: unknown) => callback(null, value), fail);
      } else callback(null, response);
    } catch (error) {
      fail(error);
    }
  };
}

/** What an error looks like to gRPC; an unexpected one is logged and answered INTERNAL. */
export function toServiceError(error: unknown, logger: Logger): ServiceError {
  if (!(error instanceof PubsubStatusError)) logger.error('pubsub_call_failed', { error });
  const isExpected = error instanceof PubsubStatusError;
  return Object.assign(new Error(messageOf(error)), {
    code: isExpected ? error.code : status.INTERNAL,
    details: isExpected ? error.message : 'The embedded Pub/Sub server failed; its log says why.',
    metadata: (isExpected ? error.metadata : undefined) ?? new Metadata(),
  });
}

/** Page size where a request names none, and the largest. */
const PAGE_SIZE = { default: 100, max: 1000 };

export interface PageRequest {
  readonly pageSize?: number;
  readonly pageToken?: string;
}

/** One page of `items` in the order of their names; the token is the next name, encoded. */
export function paginate<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  { pageSize = 0, pageToken = '' }: PageRequest,
): { page: T[]; nextPageToken: string } {
  if (pageSize < 0) throw invalidArgument(`page_size must not be negative; got ${pageSize}.`);
  const from = Buffer.from(pageToken, 'base64url').toString();
  if (pageToken !== '' && !from.startsWith('projects/'))
    throw invalidArgument('Invalid page token');
  const size = Math.min(pageSize || PAGE_SIZE.default, PAGE_SIZE.max);
  const sorted = items
    .filter((item) => nameOf(item) >= from)
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const next = sorted[size];
  const nextPageToken = next === undefined ? '' : Buffer.from(nameOf(next)).toString('base64url');
  return { page: sorted.slice(0, size), nextPageToken };
}
