/** The three requests of the hot path, read straight from their bytes. */
import { WireReader } from './wire.ts';

/** Limits of a message. Source: https://cloud.google.com/pubsub/quotas#resource_limits */
const ATTRIBUTES_MAX = 100;
const ATTRIBUTE_KEY_BYTES_MAX = 256;
const ATTRIBUTE_VALUE_BYTES_MAX = 1024;
const ORDERING_KEY_BYTES_MAX = 1024;

/** A message inside the bytes of its request. */
export interface MessageRange {
  readonly start: number;
  readonly end: number;
  readonly orderingKey: string;
}

export interface PublishRequest {
  readonly topic: string;
  readonly bytes: Buffer;
  readonly messages: readonly MessageRange[];
  /** The first rule that a message breaks. */
  readonly problem: string | undefined;
}

export interface AcknowledgeRequest {
  readonly subscription: string;
  readonly ackIds: readonly string[];
}

export interface ModifyAckDeadlineRequest extends AcknowledgeRequest {
  readonly ackDeadlineSeconds: number;
}

export function readPublishRequest(bytes: Buffer): PublishRequest {
  const reader = new WireReader(bytes);
  const messages: MessageRange[] = [];
  let topic = '';
  let problem: string | undefined;
  while (reader.nextField()) {
    if (reader.isBytes(1)) topic = reader.string();
    else if (reader.isBytes(2)) {
      const end = reader.valueEnd();
      const message = readMessage(bytes, reader.position, end);
      problem ??= message.problem;
      messages.push(message);
      reader.position = end;
    } else reader.skip();
  }
  return { topic, bytes, messages, problem };
}

export function readAcknowledgeRequest(bytes: Buffer): AcknowledgeRequest {
  const reader = new WireReader(bytes);
  const ackIds: string[] = [];
  let subscription = '';
  while (reader.nextField()) {
    if (reader.isBytes(1)) subscription = reader.string();
    else if (reader.isBytes(2)) ackIds.push(reader.string());
    else reader.skip();
  }
  return { subscription, ackIds };
}

export function readModifyAckDeadlineRequest(bytes: Buffer): ModifyAckDeadlineRequest {
  const reader = new WireReader(bytes);
  const ackIds: string[] = [];
  let subscription = '';
  let ackDeadlineSeconds = 0;
  while (reader.nextField()) {
    if (reader.isBytes(1)) subscription = reader.string();
    else if (reader.isBytes(4)) ackIds.push(reader.string());
    else if (reader.field === 3 && reader.wireType === 0) ackDeadlineSeconds = reader.int32();
    else reader.skip();
  }
  return { subscription, ackIds, ackDeadlineSeconds };
}

/** The attributes of an encoded message. */
export function readAttributes(bytes: Buffer, start: number, end: number): Map<string, string> {
  const attributes = new Map<string, string>();
  const reader = new WireReader(bytes, start, end);
  while (reader.nextField()) {
    if (!reader.isBytes(2)) {
      reader.skip();
      continue;
    }
    const entryEnd = reader.valueEnd();
    const entry = new WireReader(bytes, reader.position, entryEnd);
    let key = '';
    let value = '';
    while (entry.nextField()) {
      if (entry.isBytes(1)) key = entry.string();
      else if (entry.isBytes(2)) value = entry.string();
      else entry.skip();
    }
    attributes.set(key, value);
    reader.position = entryEnd;
  }
  return attributes;
}

function readMessage(
  bytes: Buffer,
  start: number,
  end: number,
): MessageRange & { problem: string | undefined } {
  const reader = new WireReader(bytes, start, end);
  let orderingKey = '';
  let hasData = false;
  let attributeCount = 0;
  let problem: string | undefined;
  while (reader.nextField()) {
    if (reader.isBytes(1)) {
      const dataEnd = reader.valueEnd();
      hasData ||= dataEnd > reader.position;
      reader.position = dataEnd;
    } else if (reader.isBytes(2)) {
      attributeCount++;
      const entryEnd = reader.valueEnd();
      problem ??= attributeProblem(bytes, reader.position, entryEnd);
      reader.position = entryEnd;
    } else if (reader.isBytes(5)) orderingKey = reader.string();
    else reader.skip();
  }
  if (!hasData && attributeCount === 0) {
    problem ??= 'Some messages are empty; a message needs data or at least one attribute.';
  }
  if (attributeCount > ATTRIBUTES_MAX) {
    problem ??= `A message has ${attributeCount} attributes; the maximum is ${ATTRIBUTES_MAX}.`;
  }
  if (Buffer.byteLength(orderingKey) > ORDERING_KEY_BYTES_MAX) {
    problem ??= `An ordering key is longer than ${ORDERING_KEY_BYTES_MAX} bytes.`;
  }
  return { start, end, orderingKey, problem };
}

function attributeProblem(bytes: Buffer, start: number, end: number): string | undefined {
  const entry = new WireReader(bytes, start, end);
  let keyBytes = 0;
  let valueBytes = 0;
  let isReserved = false;
  while (entry.nextField()) {
    if (!entry.isBytes(1) && !entry.isBytes(2)) {
      entry.skip();
      continue;
    }
    const isKey = entry.field === 1;
    const valueEnd = entry.valueEnd();
    if (isKey) {
      keyBytes = valueEnd - entry.position;
      isReserved = isReservedKey(bytes, entry.position, valueEnd);
    } else valueBytes = valueEnd - entry.position;
    entry.position = valueEnd;
  }
  if (keyBytes === 0) return 'An attribute key is empty.';
  if (keyBytes > ATTRIBUTE_KEY_BYTES_MAX) {
    return `An attribute key is ${keyBytes} bytes long; the maximum is ${ATTRIBUTE_KEY_BYTES_MAX}.`;
  }
  if (valueBytes > ATTRIBUTE_VALUE_BYTES_MAX) {
    return `An attribute value is ${valueBytes} bytes long; the maximum is ${ATTRIBUTE_VALUE_BYTES_MAX}.`;
  }
  return isReserved ? 'An attribute key starts with goog, which is reserved.' : undefined;
}

/** Keys of Google's own clients (`googclient_traceparent`) are let through. */
function isReservedKey(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== 0x67 || bytes[start + 1] !== 0x6f) return false;
  const key = bytes.toString('utf8', start, end);
  return key.startsWith('goog') && !key.startsWith('googclient_');
}
