/** JSON Schemas of everything that is answered: common ones, and those of a stream's columns and measures. */
import type { Column, Stream, Windows } from '../streams/index.ts';
import type { JsonSchema } from './parameters.ts';
import { STATUS_OF } from './problem.ts';
import { REASON_CODES } from './routes/quarantine.ts';

export const text = { type: 'string' } as const;
export const count = { type: 'integer', minimum: 0 } as const;
export const time = { type: 'string', format: 'date-time' } as const;
/** A schema of the document, by name. */
export const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });
export const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });

/** A closed object; `optional` members may be absent, all others are there always. */
export function object(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: readonly string[] = [],
): JsonSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

/** The JSON answer of a list route. */
export function listOf(
  key: string,
  items: JsonSchema,
  members: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  return object({
    stream: text,
    count,
    [key]: { type: 'array', items },
    ...members,
    next_cursor: orNull(text),
    next: orNull(text),
  });
}

/** `{name}.Event` as posted, `{name}.Row` as stored, and `{name}.Window` and `{name}.Gap` where it has windows. */
export function streamSchemas(stream: Stream): Record<string, JsonSchema> {
  const { name, columns, windows } = stream;
  const optional = columns.filter((each) => !each.isRequired).map((each) => each.name);
  const members = (of: (column: Column) => JsonSchema) =>
    Object.fromEntries(columns.map((column) => [column.name, of(column)]));
  return {
    [`${name}.Event`]: object(members(postedSchema), optional),
    [`${name}.Row`]: object({
      ...members((column) => cellSchema(column)),
      message_id: text,
      publish_time: time,
      ingest_time: time,
    }),
    ...(windows && windowSchemas(stream, windows)),
  };
}

function windowSchemas(stream: Stream, windows: Windows): Record<string, JsonSchema> {
  const group = Object.fromEntries(
    windows.groupBy.map((name) => [
      name,
      cellSchema({ ...stream.columns.find((each) => each.name === name)!, isRequired: false }),
    ]),
  );
  const measures = Object.fromEntries(
    windows.measures.map((each) => [
      each.name,
      each.function === 'count' ? count : { type: ['number', 'null'] },
    ]),
  );
  const spike = object({
    moving_average: { type: ['number', 'null'] },
    ratio: { type: ['number', 'null'] },
  });
  return {
    [`${stream.name}.Window`]: object({
      window_start_time: time,
      window_end_time: time,
      ...group,
      ...measures,
      is_final: { type: 'boolean' },
      is_spike: { type: 'boolean' },
      spike: orNull(spike),
      gap_before: count,
    }),
    [`${stream.name}.Gap`]: object({
      gap_start_time: time,
      gap_end_time: time,
      ...group,
      missing_window_count: { type: 'integer', minimum: 1 },
    }),
  };
}

const CELL_SCHEMAS: Readonly<Record<Column['type'], JsonSchema>> = {
  STRING: text,
  INT64: { type: 'integer' },
  FLOAT64: { type: 'number' },
  BOOL: { type: 'boolean' },
  TIMESTAMP: time,
  DATE: { type: 'string', format: 'date' },
  JSON: {},
};

/** What is answered promises the type alone: rules of a stream may have been laxer when the row was stored. */
function cellSchema(column: Column): JsonSchema {
  const schema = CELL_SCHEMAS[column.type];
  const described = column.description ? { description: column.description } : {};
  if (column.isRequired || column.type === 'JSON') return { ...schema, ...described };
  return { ...orNull(schema), ...described };
}

function postedSchema(column: Column): JsonSchema {
  const isText = column.type === 'STRING';
  const rules = {
    minimum: column.minimum,
    exclusiveMinimum: column.exclusiveMinimum,
    maximum: column.maximum,
    exclusiveMaximum: column.exclusiveMaximum,
    maxLength: isText ? column.lengthMax : undefined,
    pattern: column.pattern,
    enum: column.enum,
  };
  const given = Object.fromEntries(Object.entries(rules).filter(([, rule]) => rule !== undefined));
  const schema = { ...CELL_SCHEMAS[column.type], ...given };
  const described = column.description ? { description: column.description } : {};
  if (column.isRequired || column.type === 'JSON') return { ...schema, ...described };
  return { ...orNull(schema), ...described };
}

/** Schemas that do not depend on a stream. */
export function commonSchemas(): Record<string, JsonSchema> {
  const links = { type: 'object', additionalProperties: text };
  const newest = {
    newest_event_time: orNull(time),
    data_age_seconds: orNull({ type: 'number', minimum: 0 }),
  };
  const fault = object({ index: count, code: text, field: orNull(text), reason: text });
  const accepted = {
    type: 'array',
    items: object({ index: count, id: text, message_id: text }),
  };
  const check = object({ name: text, is_ready: { type: 'boolean' }, reason: orNull(text) });
  const summary = { name: text, description: text, ...newest, links };
  return {
    Problem: object(
      {
        type: { type: 'string', format: 'uri-reference' },
        title: text,
        status: { type: 'integer', minimum: 400, maximum: 599 },
        code: { type: 'string', enum: Object.keys(STATUS_OF) },
        detail: text,
        instance: text,
        request_id: text,
        accepted,
        errors: {
          type: 'array',
          items: {
            anyOf: [
              fault,
              object({ code: text, field: orNull(text), reason: text }),
              object({ parameter: text, code: text, reason: text }),
            ],
          },
        },
      },
      ['accepted', 'errors'],
    ),
    Welcome: object({ message: text, version: text, project: text, links }),
    Health: object({ status: { const: 'ok' } }),
    Readiness: object({
      status: { type: 'string', enum: ['ready', 'not_ready'] },
      failing: { type: 'array', items: text },
      checks: { type: 'array', items: check },
    }),
    Streams: object({ count, streams: { type: 'array', items: object(summary) } }),
    Stream: streamSchema(summary),
    Replayed: object({
      stream: text,
      replayed_count: { type: 'integer', minimum: 0 },
      still_refused: {
        type: 'array',
        items: object({ quarantine_id: text, reason: text }),
      },
      dry_run: { type: 'boolean' },
    }),
    Published: object({ stream: text, accepted, rejected: { type: 'array', items: fault } }),
    QuarantineRecord: quarantineSchema(),
  };
}

function streamSchema(summary: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const number = { type: 'number' };
  const bounds = {
    minimum: number,
    exclusive_minimum: number,
    maximum: number,
    exclusive_maximum: number,
    length_max: count,
    pattern: text,
    enum: { type: 'array', items: text },
  };
  const types = Object.keys(CELL_SCHEMAS);
  const column = {
    name: text,
    type: { type: 'string', enum: types },
    mode: { type: 'string', enum: ['REQUIRED', 'NULLABLE'] },
    description: text,
  };
  const windows = object({
    size_seconds: number,
    allowed_lateness_seconds: { type: 'number', minimum: 0 },
    group_by: { type: 'array', items: text },
    measures: {
      type: 'array',
      items: object({ name: text, function: text, column: orNull(text) }),
    },
    spike: object({ measure: text, factor: number }),
  });
  return object({
    ...summary,
    topic: text,
    subscription: text,
    dead_letter_topic: text,
    event_id: text,
    event_time: text,
    columns: { type: 'array', items: object({ ...column, ...bounds }, Object.keys(bounds)) },
    filters: { type: 'array', items: text },
    windows: orNull(windows),
    row_count: orNull(count),
    quarantine_count: count,
    newest_ingest_time: orNull(time),
    backlog: orNull(
      object({
        undelivered_count: count,
        oldest_unacked_message_age_seconds: { type: 'number', minimum: 0 },
      }),
    ),
    ingest: { anyOf: [{ type: 'object' }, { type: 'null' }] },
  });
}

function quarantineSchema(): JsonSchema {
  return object({
    quarantine_id: text,
    quarantine_time: time,
    reason_code: { type: 'string', enum: REASON_CODES },
    reason: text,
    message_id: text,
    subscription: text,
    publish_time: time,
    delivery_attempt: count,
    ordering_key: text,
    attributes: { type: 'object', additionalProperties: text },
    payload: {
      type: 'string',
      description: 'As payload_encoding says; cut where payload_bytes is more.',
    },
    payload_encoding: { type: 'string', enum: ['text', 'base64'] },
    payload_bytes: count,
    replay_time: orNull(time),
  });
}
