/** The paths of one stream in the OpenAPI document, with its own schemas. */
import { BODY_TYPES, ITEMS_MAX } from './body.ts';
import { csvHeaderFor } from './csv.ts';
import { json, listResponse, operation, parameterObject } from './openapi-operation.ts';
import type { Operation } from './openapi-operation.ts';
import { listOf, ref, text } from './openapi-schemas.ts';
import type { JsonSchema, Parameter } from './parameters.ts';
import { eventsParameters } from './routes/events.ts';
import { pushRequestSchema } from './routes/push.ts';
import { QUARANTINE_MEMBERS, quarantineParameters } from './routes/quarantine.ts';
import { replayRequestSchema } from './routes/replay.ts';
import { WINDOW_MARKS_CSV, windowsParameters } from './routes/windows.ts';
import type { StreamResource } from './stream-resource.ts';

/** Events, windows, quarantine and replay of a stream. */
export function streamPaths(resource: StreamResource): Record<string, Record<string, Operation>> {
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
            schema: text,
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

/** Where Pub/Sub itself posts. */
export function pushPath({
  stream: { name },
}: StreamResource): Record<string, Record<string, Operation>> {
  const post: Operation = {
    ...operation(`${name}Push`, `A message of ${name}, pushed by Pub/Sub`, name, {
      204: { description: 'Stored, or refused and kept in quarantine: acked either way.' },
    }),
    requestBody: {
      required: true,
      content: { [BODY_TYPES[0]]: { schema: pushRequestSchema() } },
    },
  };
  return { [`/v1/streams/${name}/push`]: { post } };
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
        [BODY_TYPES[1]]: { schema: text },
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
