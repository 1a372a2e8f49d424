/** JSON Schemas and paths of the routes of dashboards. */
import { UNITS } from '../dashboards/index.ts';
import { parameterObject, readsTagged } from './openapi-operation.ts';
import type { Operation } from './openapi-operation.ts';
import { count, object, orNull, text, time } from './openapi-schemas.ts';
import type { JsonSchema } from './parameters.ts';
import { RANGE_NAMES, rangeParameter } from './routes/dashboards.ts';

const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
const choice = (...values: readonly string[]): JsonSchema => ({ type: 'string', enum: values });
const number = { type: 'number' } as const;

export function dashboardSchemas(): Record<string, JsonSchema> {
  const panel = object({
    title: text,
    width: count,
    height: count,
    kind: choice('text', 'incidents', 'logs', 'number', 'chart', 'heatmap', 'table'),
    unit: orNull(choice(...UNITS)),
    is_stacked: { type: 'boolean' },
    text: orNull(text),
    metrics: list(text),
    thresholds: list(
      object({
        value: number,
        label: orNull(text),
        tone: orNull(choice('warning', 'danger')),
        side: orNull(choice('above', 'below')),
      }),
    ),
    lines: list(
      object({
        name: text,
        labels: { type: 'object', additionalProperties: text },
        query: text,
        points: {
          ...list({
            type: 'array',
            prefixItems: [number, orNull(number)],
            minItems: 2,
            maxItems: 2,
          }),
          description: 'Seconds since 1970, and the value; null where there is none.',
        },
      }),
    ),
    dropped_count: count,
    problem: orNull(text),
  });
  return {
    Dashboards: object({
      count,
      dashboards: list(
        object({ name: text, title: text, links: object({ self: text, page: text }) }),
      ),
    }),
    Dashboard: object({
      dashboard: text,
      title: text,
      range: choice(...RANGE_NAMES),
      from: time,
      to: time,
      step_seconds: number,
      sections: list(object({ title: orNull(text), note: orNull(text), panels: list(panel) })),
    }),
  };
}

const read = readsTagged('dashboards');

export function dashboardPaths(): Record<string, Record<string, Operation>> {
  const name = { name: 'dashboard', in: 'path', required: true, description: 'Its name.' };
  return {
    '/v1/dashboards': read('listDashboards', 'Dashboards by name', 'Dashboards'),
    '/v1/dashboards/{dashboard}': read(
      'oneDashboard',
      'What the panels of a dashboard show; the same queries as in Cloud Monitoring',
      'Dashboard',
      [{ ...name, schema: text }, parameterObject(rangeParameter)],
    ),
  };
}
