/** A stream as Terraform makes it: topics, subscriptions, the table, and a schema that Pub/Sub could check. */
import {
  ACK_DEADLINE_SECONDS,
  MAX_DELIVERY_ATTEMPTS,
  RETRY_BACKOFF_MAX_SECONDS,
  RETRY_BACKOFF_MIN_SECONDS,
  reviewSubscriptionOf,
} from '../ingest/index.ts';
import type { ColumnType, Stream } from '../streams/index.ts';

const DAY_SECONDS = 86_400;
/** A week to mend what stops the ingester. Source: Pub/Sub, the default of a subscription. */
const RETENTION_SECONDS = 7 * DAY_SECONDS;
/** Longer than anybody is away. Source: Pub/Sub, 31 days at most. */
const DEAD_LETTER_RETENTION_SECONDS = 31 * DAY_SECONDS;

/** The value of one stream in the variable `streams`. */
export function streamDefinition(stream: Stream): Readonly<Record<string, unknown>> {
  const schema = protoSchema(stream);
  return {
    description: stream.description,
    topic: stream.topic,
    subscription: stream.subscription,
    dead_letter_topic: stream.deadLetterTopic,
    dead_letter_subscription: reviewSubscriptionOf(stream),
    ack_deadline_seconds: ACK_DEADLINE_SECONDS,
    retry_backoff_min_seconds: RETRY_BACKOFF_MIN_SECONDS,
    retry_backoff_max_seconds: RETRY_BACKOFF_MAX_SECONDS,
    max_delivery_attempts: MAX_DELIVERY_ATTEMPTS,
    message_retention_seconds: RETENTION_SECONDS,
    dead_letter_retention_seconds: DEAD_LETTER_RETENTION_SECONDS,
    ...(schema === undefined ? {} : { proto_schema: schema }),
  };
}

const PROTO_TYPES: Readonly<Record<Exclude<ColumnType, 'JSON'>, string>> = {
  STRING: 'string',
  INT64: 'int64',
  FLOAT64: 'double',
  BOOL: 'bool',
  TIMESTAMP: 'string',
  DATE: 'string',
};

/**
 * The stream's messages in Protocol Buffers, whose JSON form takes plain JSON; Avro's would want each nullable value wrapped. It
 * says less than the stream does (no bounds, no patterns). `undefined` for a stream with a JSON column: any value has no type.
 */
export function protoSchema({ name, columns }: Stream): string | undefined {
  const fields: string[] = [];
  for (const [index, column] of columns.entries()) {
    if (column.type === 'JSON') return undefined;
    const presence = column.isRequired ? 'required' : 'optional';
    fields.push(`  ${presence} ${PROTO_TYPES[column.type]} ${column.name} = ${index + 1};\n`);
  }
  const message = name.replace(/(?:^|[_-])(\w)/g, (_, letter: string) => letter.toUpperCase());
  return `syntax = "proto2";\n\nmessage ${message} {\n${fields.join('')}}\n`;
}
