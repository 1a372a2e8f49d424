/** PullResponse and StreamingPullResponse, written as bytes around the stored messages. */
import type { Delivery } from './delivery.ts';
import type { Segment } from './segment.ts';
import { bytesField, concat, stringField, varintSize, writeVarint } from './wire.ts';

/** Bytes of messages in one response; clients take 4 MiB at least, the real service stays well below. */
export const RESPONSE_BYTES_MAX = 2 ** 20;
export const RESPONSE_MESSAGES_MAX = 1000;

/** `received_messages` of both responses. `withAttempts`: the subscription has a dead-letter policy. */
export function encodeReceivedMessages(
  deliveries: readonly Delivery[],
  payloadOf: (segment: Segment) => Buffer,
  withAttempts: boolean,
): Buffer {
  const sizes = deliveries.map((delivery) => receivedSize(delivery, withAttempts));
  let total = 0;
  for (const size of sizes) total += 1 + varintSize(size) + size;
  const bytes = Buffer.allocUnsafe(total);
  let position = 0;
  for (const [index, delivery] of deliveries.entries()) {
    const { segment } = delivery.holding;
    const start = segment.offsets[delivery.index]!;
    const end = segment.offsets[delivery.index + 1]!;
    bytes[position] = 0x0a;
    position = writeVarint(bytes, position + 1, sizes[index]!);
    bytes[position] = 0x0a;
    position = writeVarint(bytes, position + 1, delivery.ackId.length);
    position += bytes.write(delivery.ackId, position, 'latin1');
    bytes[position] = 0x12;
    position = writeVarint(bytes, position + 1, end - start);
    position += payloadOf(segment).copy(bytes, position, start, end);
    if (!withAttempts) continue;
    bytes[position] = 0x18;
    position = writeVarint(bytes, position + 1, delivery.attempt);
  }
  return bytes;
}

/** `subscription_properties`, part of every StreamingPullResponse. */
export function encodeProperties(isExactlyOnce: boolean, isOrdered: boolean): Buffer {
  return bytesField(4, Buffer.from([0x08, isExactlyOnce ? 1 : 0, 0x10, isOrdered ? 1 : 0]));
}

/** Exactly-once: the outcome of acks (`field` 5) or of lease changes (`field` 3) that came on the stream. */
export function encodeConfirmation(
  field: 3 | 5,
  ackIds: readonly string[],
  invalidAckIds: readonly string[],
): Buffer {
  const parts = [
    ...ackIds.map((ackId) => stringField(1, ackId)),
    ...invalidAckIds.map((ackId) => stringField(2, ackId)),
  ];
  return bytesField(field, concat(...parts));
}

function receivedSize(delivery: Delivery, withAttempts: boolean): number {
  const ackIdBytes = delivery.ackId.length;
  const { byteCount } = delivery;
  const attemptSize = withAttempts ? 1 + varintSize(delivery.attempt) : 0;
  return 2 + varintSize(ackIdBytes) + ackIdBytes + varintSize(byteCount) + byteCount + attemptSize;
}
