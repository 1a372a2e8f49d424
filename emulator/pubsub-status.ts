/** Failures as gRPC statuses: the code and the sentence that a client sees. */
import type { Metadata } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { resourceId } from './resource-names.ts';

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
export const outOfRange = (message: string) => new PubsubStatusError(status.OUT_OF_RANGE, message);
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
