/** The OpenAPI 3.1 document, generated from the streams: the paths of every stream with its own schemas. */
import { BODY_TYPES, ITEMS_MAX } from './body.ts';
import { csvHeaderFor } from './csv.ts';
import type { ServiceDeps } from './deps.ts';
import { EXPORT_ROWS_MAX, NEXT_CURSOR_HEADER } from './list.ts';
import type { JsonSchema, Parameter } from './parameters.ts';
import { eventsParameters } from './routes/events.ts';
import { QUARANTINE_MEMBERS, quarantineParameters } from './routes/quarantine.ts';
import { replayRequestSchema } from './routes/replay.ts';
import { historyParameters } from './routes/slos.ts';
import { WINDOW_MARKS_CSV, windowsParameters } from './routes/windows.ts';
import { commonSchemas, listOf, ref, streamSchemas } from './openapi-schemas.ts';
import { sloSchemas } from './slo-schemas.ts';
import type { StreamResource } from './stream-resource.ts';

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters: readonly JsonSchema[];
  readonly requestBody?: JsonSchema;
  readonly responses: Readonly<Record<string, JsonSchema>>;
}

export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly headers: Readonly<Record<string, JsonSchema>>;
    readonly responses: Readonly<Record<string, JsonSchema>>;
  };
}

/** The document of these streams; the same streams give the same text. */
export function openApiDocument(
  resources: readonly StreamResource[],
  { version, slos }: Pick<ServiceDeps, 'version' | 'slos'>,
): OpenApiDocument {
  const paths: Record<string, Record<string, Operation>> = {
    ...servicePaths(),
    ...(slos ? sloPaths() : {}),
  };
  let schemas: Record<string, JsonSchema> = {
    ...commonSchemas(),
    ...(slos ? sloSchemas() : {}),
  };
  for (const resource of resources) {
    Object.assign(paths, streamPaths(resource));
    schemas = { ...schemas, ...streamSchemas(resource.stream) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Highwater',
      version,
      description:
        'Events of every stream, its windows, and the messages that were refused. Errors are application/problem+json (RFC 9457); branch on their `code`. JSON answers of stored data carry an ETag.',
    },
    tags: [
      { name: 'service', description: 'The service itself.' },
      ...(slos ? [{ name: 'slos', description: 'What is promised, and what is left of it.' }] : []),
      ...resources.map(({ stream }) => ({ name: stream.name, description: stream.description })),
    ],
    paths,
    components: { schemas, headers: HEADERS, responses: RESPONSES },
  };
}

const HEADERS: Readonly<Record<string, JsonSchema>> = {
  ETag: { description: 'Hash of the answer; send it as If-None-Match.', schema: text() },
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
    schema: text(),
  },
};

const RESPONSES: Readonly<Record<string, JsonSchema>> = {
  NotModified: { description: 'The answer is the one that the caller has already.' },
  Problem: {
    description: 'It did not work; `code` says why.',
    content: { 'application/problem+json': { schema: ref('Problem') } },
  },
};

function servicePaths(): Record<string, Record<string, Operation>> {
  const get = (operationId: string, summary: string, schema: string) => ({
    get: operation(operationId, summary, 'service', { 200: json('Done.', ref(schema)) }),
  });
  return {
    '/': get('welcome', 'A welcome and where to go from here', 'Welcome'),
    '/v1/streams': get('listStreams', 'All streams', 'Streams'),
    '/healthz': get('healthz', 'Answers while the process lives', 'Health'),
    '/readyz': {
      get: operation('readyz', 'Answers 200 where a request would succeed', 'service', {
        200: json('Ready.', ref('Readiness')),
        503: json('Not ready; the failing checks are named.', ref('Readiness')),
      }),
    },
    '/openapi.json': {
      get: operation('openapi', 'This document', 'service', {
        200: json('OpenAPI 3.1.', { type: 'object' }),
      }),
    },
    '/docs': {
      get: operation('docs', 'This document, readable', 'service', {
        200: { description: 'HTML.', content: { 'text/html': { schema: text() } } },
      }),
    },
  };
}

function sloPaths(): Record<string, Record<string, Operation>> {
  const name = {
    name: 'slo',
    in: 'path',
    required: true,
    description: 'Its name.',
    schema: text(),
  };
  const range = historyParameters.map(parameterObject);
  return {
    '/v1/slos': sloOperation('listSlos', 'The status of all SLOs', 'Slos'),
    '/v1/slos/{slo}': sloOperation('oneSlo', 'The status of one SLO', 'Slo', [name]),
    '/v1/slos/{slo}/history': sloOperation(
      'sloHistory',
      'Good and valid events by the hour',
      'SloHistory',
      [name, ...range],
    ),
  };
}

function sloOperation(
  operationId: string,
  summary: string,
  schema: string,
  parameters: readonly JsonSchema[] = [],
): Record<string, Operation> {
  const responses = {
    200: { ...json('Done.', ref(schema)), headers: headerRefs('ETag') },
    304: { $ref: '#/components/responses/NotModified' },
  };
  return { get: operation(operationId, summary, 'slos', responses, parameters) };
}

function streamPaths(resource: StreamResource): Record<string, Record<string, Operation>> {
  const { stream } = resource;
  const { name } = stream;
  const base = `/v1/streams/${name}`;
  const list = (
    operationId: string,
    summary: string,
    parameters: readonly Parameter<unknown>[],
    item: string,
    key: string,
    csvColumns: readonly string[],
    members: Readonly<Record<string, JsonSchema>> = {},
  ) =>
    operation(
      operationId,
      summary,
      name,
      {
        200: listResponse(listOf(key, ref(item), members), item, csvColumns),
        304: { $ref: '#/components/responses/NotModified' },
      },
      parameters.map(parameterObject),
    );

  const { windows } = stream;
  return {
    [base]: {
      get: operation(`${name}Stream`, `What is known of ${name}`, name, {
        200: json('Done.', ref('Stream'), true),
      }),
    },
    [`${base}/events`]: {
      get: list(
        `${name}Events`,
        `Events of ${name}`,
        eventsParameters(resource, 'ndjson'),
        `${name}.Row`,
        'events',
        csvHeaderFor(stream),
      ),
      post: postOperation(name),
    },
    [`${base}/events/{id}`]: {
      get: operation(
        `${name}Event`,
        `One event of ${name}`,
        name,
        {
          200: json('Done.', ref(`${name}.Row`), true),
          304: { $ref: '#/components/responses/NotModified' },
        },
        [
          {
            name: 'id',
            in: 'path',
            required: true,
            description: `Its ${stream.eventId}.`,
            schema: text(),
          },
        ],
      ),
    },
    ...(windows && {
      [`${base}/windows`]: {
        get: list(
          `${name}Windows`,
          `Windows of ${name}, with gaps and spikes marked`,
          windowsParameters('ndjson'),
          `${name}.Window`,
          'windows',
          [
            'window_start_time',
            'window_end_time',
            ...windows.groupBy,
            ...windows.measures.map((each) => each.name),
            ...WINDOW_MARKS_CSV,
          ],
          {
            gaps: { type: 'array', items: ref(`${name}.Gap`) },
            from: { type: 'string', format: 'date-time' },
            to: { type: 'string', format: 'date-time' },
          },
        ),
      },
    }),
    [`${base}/quarantine`]: {
      get: list(
        `${name}Quarantine`,
        `Refused messages of ${name}, newest first`,
        quarantineParameters('ndjson'),
        'QuarantineRecord',
        'quarantine',
        QUARANTINE_MEMBERS,
      ),
    },
    [`${base}/quarantine/replay`]: { post: replayOperation(name) },
  };
}

function postOperation(name: string): Operation {
  const one = ref(`${name}.Event`);
  return {
    ...operation(`${name}Publish`, `Publish events to ${name}`, name, {
      202: json(
        'At least one event was valid, and all valid ones are published: they are readable once ingested. Each rejected one is listed with its faults.',
        ref('Published'),
      ),
    }),
    description: `One event, or up to ${ITEMS_MAX} as an array or a line each. 400 where none is valid; 503 where a valid one could not be published: posting all again is safe, the event id makes duplicates one row.`,
    requestBody: {
      required: true,
      content: {
        [BODY_TYPES[0]]: {
          schema: { anyOf: [one, { type: 'array', items: one, minItems: 1, maxItems: ITEMS_MAX }] },
        },
        [BODY_TYPES[1]]: { schema: text() },
      },
    },
  };
}

function replayOperation(name: string): Operation {
  return {
    ...operation(`${name}Replay`, `Put refused messages of ${name} back`, name, {
      200: json('What was published again, and what is still refused.', ref('Replayed')),
    }),
    description:
      'Each message is repaired where asked, validated again and published where it passes; those replayed before are left out.',
    requestBody: {
      required: true,
      content: { 'application/json': { schema: replayRequestSchema() } },
    },
  };
}

function operation(
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

function parameterObject(parameter: Parameter<unknown>): JsonSchema {
  const { name, description, schema } = parameter;
  return { name, in: 'query', required: false, description, schema };
}

function json(description: string, schema: JsonSchema, hasFreshness = false): JsonSchema {
  return {
    description,
    ...(hasFreshness && {
      headers: headerRefs('ETag', 'X-Data-Newest-Event-Time', 'X-Data-Age-Seconds'),
    }),
    content: { 'application/json': { schema } },
  };
}

function listResponse(schema: JsonSchema, item: string, csvColumns: readonly string[]): JsonSchema {
  return {
    description: `By Accept: a page of JSON; or up to ${EXPORT_ROWS_MAX} rows as NDJSON (an object a line) or CSV (RFC 4180 with a header row; null is an empty field, an empty text is ""), streamed. CSV fields are the stored values, unchanged: a spreadsheet may take one that begins with =, +, - or @ for a formula, so import as text. An answer that breaks off has failed.`,
    headers: headerRefs(...Object.keys(HEADERS)),
    content: {
      'application/json': { schema },
      'application/x-ndjson': { schema: text(), 'x-line-schema': ref(item) },
      'text/csv': { schema: text(), 'x-columns': csvColumns },
    },
  };
}

function headerRefs(...names: readonly string[]): JsonSchema {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function text(): JsonSchema {
  return { type: 'string' };
}
