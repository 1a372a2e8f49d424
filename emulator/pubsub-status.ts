/** Failures as gRPC statuses: the code and the sentence that a client sees. */
import { Metadata, status } from '@grpc/grpc-js';
import { resourceId } from './resource-names.ts';
import { bytesField, concat, stringField, varintField } from './wire.ts';

/** An expected failure of a call. */
export class PubsubStatusError extends Error {
  readonly code: status;
  readonly metadata: Metadata | undefined;

  constructor(code: status, message: string, metadata?: Metadata) {
    super(message);
    this.name = 'PubsubStatusError';
    this.code = code;
    this.metadata = metadata;
  }
}

export const invalidArgument = (message: string) =>
  new PubsubStatusError(status.INVALID_ARGUMENT, message);
export const failedPrecondition = (message: string) =>
  new PubsubStatusError(status.FAILED_PRECONDITION, message);
export const resourceExhausted = (message: string) =>
  new PubsubStatusError(status.RESOURCE_EXHAUSTED, message);
export const notFound = (name: string) =>
  new PubsubStatusError(status.NOT_FOUND, `Resource not found (resource=${resourceId(name)}).`);
export const alreadyExists = (name: string) =>
  new PubsubStatusError(
    status.ALREADY_EXISTS,
    `Resource already exists in the project (resource=${resourceId(name)}).`,
  );
export const unimplemented = (what: string) =>
  new PubsubStatusError(
    status.UNIMPLEMENTED,
    `The embedded Pub/Sub server does not support ${what}.`,
  );

/**
 * Ack ids named in one failure. A gRPC client takes 8 KiB of trailers for sure; an id costs about 70 bytes there
 * (id, reason, base64), so 100 of them fit.
 */
const FAILED_ACK_IDS_MAX = 100;

/** Exactly-once: the ids that were not applied, one ErrorInfo entry each. Source: google.rpc.ErrorInfo. */
export function invalidAckIds(ackIds: readonly string[]): PubsubStatusError {
  const message =
    'Some acknowledgement ids in the request were invalid: they have expired, were acknowledged before, or are malformed.';
  const entries = ackIds
    .slice(0, FAILED_ACK_IDS_MAX)
    .map((ackId) =>
      bytesField(
        3,
        concat(stringField(1, ackId), stringField(2, 'PERMANENT_FAILURE_INVALID_ACK_ID')),
      ),
    );
  const errorInfo = concat(
    stringField(1, 'EXACTLY_ONCE_ACKID_FAILURE'),
    stringField(2, 'pubsub.googleapis.com'),
    ...entries,
  );
  const any = concat(
    stringField(1, 'type.googleapis.com/google.rpc.ErrorInfo'),
    bytesField(2, errorInfo),
  );
  const metadata = new Metadata();
  metadata.set(
    'grpc-status-details-bin',
    concat(varintField(1, status.INVALID_ARGUMENT), stringField(2, message), bytesField(3, any)),
  );
  return new PubsubStatusError(status.INVALID_ARGUMENT, message, metadata);
}
