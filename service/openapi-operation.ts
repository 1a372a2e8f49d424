/** Operations of the OpenAPI document, and what all of them share: headers, problems, answers as JSON and as lists. */
import { EXPORT_ROWS_MAX, NEXT_CURSOR_HEADER } from './list.ts';
import { ref, text } from './openapi-schemas.ts';
import type { JsonSchema, Parameter } from './parameters.ts';

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters: readonly JsonSchema[];
  readonly requestBody?: JsonSchema;
  readonly responses: Readonly<Record<string, JsonSchema>>;
  /** Filled from the route table, as is `x-needs`: the role that it asks for, in every mode of identity. */
  readonly security?: readonly JsonSchema[];
  readonly 'x-needs'?: string;
}

/** Components of the document, by name. */
export const HEADERS: Readonly<Record<string, JsonSchema>> = {
  ETag: { description: 'Hash of the answer; send it as If-None-Match.', schema: text },
  'X-Data-Newest-Event-Time': {
    description: 'Event time of the newest event of the stream; absent while it is empty.',
    schema: { type: 'string', format: 'date-time' },
  },
  'X-Data-Age-Seconds': {
    description: 'Seconds since that event time.',
    schema: { type: 'number', minimum: 0 },
  },
  [NEXT_CURSOR_HEADER]: {
    description:
      'Where the next answer begins, if rows are left; a trailer where it is not known at the start.',
    schema: text,
  },
};

export const RESPONSES: Readonly<Record<string, JsonSchema>> = {
  NotModified: { description: 'The answer is the one that the caller has already.' },
  Problem: {
    description: 'It did not work; `code` says why.',
    content: { 'application/problem+json': { schema: ref('Problem') } },
  },
};

/** `responses` and, for the rest, a problem. */
export function operation(
  operationId: string,
  summary: string,
  tag: string,
  responses: Readonly<Record<string, JsonSchema>>,
  parameters: readonly JsonSchema[] = [],
): Operation {
  const problem = { $ref: '#/components/responses/Problem' };
  return {
    operationId,
    summary,
    tags: [tag],
    parameters,
    responses: { ...responses, default: problem },
  };
}

/** Makes operations of a tag that read one JSON document, which its hash may say that the caller has. */
export function readsTagged(tag: string) {
  return (
    operationId: string,
    summary: string,
    schema: string,
    parameters: readonly JsonSchema[] = [],
  ): Record<string, Operation> => {
    const responses = {
      200: { ...json('Done.', ref(schema)), headers: headerRefs('ETag') },
      304: { $ref: '#/components/responses/NotModified' },
    };
    return { get: operation(operationId, summary, tag, responses, parameters) };
  };
}

/** A parameter of the query. */
export function parameterObject(parameter: Parameter<unknown>): JsonSchema {
  const { name, description, schema } = parameter;
  return { name, in: 'query', required: false, description, schema };
}

/** An answer in JSON. */
export function json(description: string, schema: JsonSchema, hasFreshness = false): JsonSchema {
  return {
    description,
    ...(hasFreshness && {
      headers: headerRefs('ETag', 'X-Data-Newest-Event-Time', 'X-Data-Age-Seconds'),
    }),
    content: { 'application/json': { schema } },
  };
}

/** An answer of rows, in every format. */
export function listResponse(
  schema: JsonSchema,
  item: string,
  csvColumns: readonly string[],
): JsonSchema {
  return {
    description: `By Accept: a page of JSON; or up to ${EXPORT_ROWS_MAX} rows as NDJSON (an object a line) or CSV (RFC 4180 with a header row; null is an empty field, an empty text is ""), streamed. CSV fields are the stored values, unchanged: a spreadsheet may take one that begins with =, +, - or @ for a formula, so import as text. An answer that breaks off has failed.`,
    headers: headerRefs(...Object.keys(HEADERS)),
    content: {
      'application/json': { schema },
      'application/x-ndjson': { schema: text, 'x-line-schema': ref(item) },
      'text/csv': { schema: text, 'x-columns': csvColumns },
    },
  };
}

/** References to headers of the components. */
export function headerRefs(...names: readonly string[]): JsonSchema {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
