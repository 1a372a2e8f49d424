/** The path and the JSON Schema of the route of traces. */
import { readsTagged } from './openapi-operation.ts';
import type { Operation } from './openapi-operation.ts';
import { object, orNull, text, time } from './openapi-schemas.ts';
import type { JsonSchema } from './parameters.ts';

const seconds = { type: 'number', minimum: 0 } as const;
const flag = { type: 'boolean' } as const;

export function tracePaths(): Record<string, Record<string, Operation>> {
  const id = {
    name: 'trace',
    in: 'path',
    required: true,
    description: 'Its id: 32 hexadecimal digits.',
    schema: text,
  };
  return {
    '/v1/traces/{trace}': readsTagged('traces')(
      'oneTrace',
      'A trace that is kept here, by its spans',
      'Trace',
      [id],
    ),
  };
}

export function traceSchemas(): Record<string, JsonSchema> {
  return {
    Trace: object({
      trace: text,
      started_at: time,
      duration_seconds: seconds,
      is_failed: flag,
      spans: {
        type: 'array',
        items: object({
          span: text,
          parent: orNull(text),
          name: text,
          role: { type: 'string', enum: ['internal', 'client', 'server', 'producer', 'consumer'] },
          starts_after_seconds: seconds,
          duration_seconds: seconds,
          is_failed: flag,
          status: orNull(text),
          attributes: {
            type: 'object',
            additionalProperties: { anyOf: [text, { type: 'number' }, flag] },
          },
          links: { type: 'array', items: object({ trace: text, span: text }) },
        }),
      },
    }),
  };
}
