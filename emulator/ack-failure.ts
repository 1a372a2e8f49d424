/** How an exactly-once subscription tells which ack ids of a call failed. Source: google.rpc.ErrorInfo. */
import { Metadata, status } from '@grpc/grpc-js';
import { PubsubStatusError } from './pubsub-status.ts';
import { bytesField, concat, stringField, varintField } from './wire.ts';

/**
 * Bytes of the details before base64. gRPC libraries take 8 KiB of trailers for sure: these make 7,000 of them, and
 * the status, its sentence and the headers' own cost about 600. An id of this server costs 48 to 56: about 100 fit.
 */
const DETAILS_BYTES_MAX = 5250;
const SENTENCE =
  'Some acknowledgement ids in the request were invalid: they have expired, were acknowledged before, or are malformed.';

/** Whether one failure can name all of `ackIds`. */
export function fitsOneFailure(ackIds: readonly string[]): boolean {
  // Each id takes a byte at least: so many are not worth encoding.
  if (ackIds.length > DETAILS_BYTES_MAX) return false;
  return encodeDetails(ackIds).length <= DETAILS_BYTES_MAX;
}

/** Names every id, one ErrorInfo entry each. */
export function invalidAckIds(ackIds: readonly string[]): PubsubStatusError {
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', encodeDetails(ackIds));
  return new PubsubStatusError(status.INVALID_ARGUMENT, SENTENCE, metadata);
}

/** The whole call failed; without an ErrorInfo clients take none of its ids as applied. */
export function tooManyInvalidAckIds(invalidCount: number, count: number): PubsubStatusError {
  return new PubsubStatusError(
    status.INVALID_ARGUMENT,
    `${invalidCount} of ${count} acknowledgement ids in the request were invalid, more than one answer can name, so none was applied; send fewer in a request.`,
  );
}

/** A google.rpc.Status with one ErrorInfo. */
function encodeDetails(ackIds: readonly string[]): Buffer {
  const entries = ackIds.map((ackId) =>
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
  return concat(
    varintField(1, status.INVALID_ARGUMENT),
    stringField(2, SENTENCE),
    bytesField(3, any),
  );
}
