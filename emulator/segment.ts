/** A segment: the messages of one publish request, stored, read and freed together. */
import { varintSize, writeVarint } from './wire.ts';
import type { MessageRange } from './wire-requests.ts';

/** What memory keeps of a stored segment; its payload is the store's. */
export interface Segment {
  readonly id: number;
  readonly topicId: number;
  /** Message ids are consecutive: message `i` has id `firstMessageId + i`. */
  readonly firstMessageId: number;
  readonly publishAtMs: number;
  /** Where each encoded PubsubMessage starts in the payload, and behind the last its end. */
  readonly offsets: Uint32Array;
  /** By message, empty text where there is none; absent where no message has one. */
  readonly orderingKeys: readonly string[] | undefined;
  /** Subscriptions, snapshots and topic retentions that hold it; freed at none. */
  holderCount: number;
}

/** Row and index overhead that a segment costs beside its payload, for the size limit. */
const SEGMENT_OVERHEAD_BYTES = 200;

export function messageCount(segment: Segment): number {
  return segment.offsets.length - 1;
}

/** What the segment counts against the size limit. */
export function segmentBytes(segment: Segment): number {
  return segment.offsets.at(-1)! + 4 * segment.offsets.length + SEGMENT_OVERHEAD_BYTES;
}

export function messageBytes(segment: Segment, index: number): number {
  return segment.offsets[index + 1]! - segment.offsets[index]!;
}

/**
 * Copies messages out of their request and appends message id and publish time to each: in protobuf the last value
 * of a field counts, so whatever the publisher put there is overruled.
 */
export function buildSegment(options: {
  id: number;
  topicId: number;
  firstMessageId: number;
  publishAtMs: number;
  bytes: Buffer;
  messages: readonly MessageRange[];
}): { segment: Segment; payload: Buffer; messageIds: string[] } {
  const { id, topicId, firstMessageId, publishAtMs, bytes, messages } = options;
  const publishTime = encodePublishTime(publishAtMs);
  const messageIds = messages.map((_, index) => String(firstMessageId + index));
  const offsets = new Uint32Array(messages.length + 1);
  let size = 0;
  for (const [index, message] of messages.entries()) {
    size += message.end - message.start + 2 + messageIds[index]!.length + publishTime.length;
    offsets[index + 1] = size;
  }
  const payload = Buffer.allocUnsafeSlow(size);
  let position = 0;
  for (const [index, message] of messages.entries()) {
    const messageId = messageIds[index]!;
    position += bytes.copy(payload, position, message.start, message.end);
    payload[position++] = 0x1a;
    payload[position++] = messageId.length;
    position += payload.write(messageId, position, 'latin1');
    position += publishTime.copy(payload, position);
  }
  const hasKeys = messages.some((message) => message.orderingKey !== '');
  const orderingKeys = hasKeys ? messages.map((message) => message.orderingKey) : undefined;
  const segment = {
    id,
    topicId,
    firstMessageId,
    publishAtMs,
    offsets,
    orderingKeys,
    holderCount: 0,
  };
  return { segment, payload, messageIds };
}

/** Field 4 of PubsubMessage, a Timestamp; zero parts are written too, so that they overrule a publisher's. */
function encodePublishTime(publishAtMs: number): Buffer {
  const seconds = Math.floor(publishAtMs / 1000);
  const nanos = Math.round((publishAtMs - seconds * 1000) * 1e6);
  const size = 2 + varintSize(seconds) + varintSize(nanos);
  const bytes = Buffer.allocUnsafe(2 + size);
  bytes[0] = 0x22;
  bytes[1] = size;
  bytes[2] = 0x08;
  const position = writeVarint(bytes, 3, seconds);
  bytes[position] = 0x10;
  writeVarint(bytes, position + 1, nanos);
  return bytes;
}
