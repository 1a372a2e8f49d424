/** The OpenAPI 3.1 document, generated from the streams: the paths of every stream with its own schemas. */
import { alertPaths } from './alert-paths.ts';
import { alertSchemas } from './alert-schemas.ts';
import { dashboardPaths, dashboardSchemas } from './dashboard-schemas.ts';
import { needOfDocumented, securityOf, securitySchemes } from './auth/route-needs.ts';
import type { ServiceDeps } from './deps.ts';
import {
  HEADERS,
  json,
  operation,
  parameterObject,
  readsTagged,
  RESPONSES,
} from './openapi-operation.ts';
import type { Operation } from './openapi-operation.ts';
import { commonSchemas, ref, streamSchemas, text } from './openapi-schemas.ts';
import { pushPath, streamPaths } from './openapi-stream-paths.ts';
import type { JsonSchema } from './parameters.ts';
import { historyParameters, targetParameter } from './routes/slos.ts';
import type { RouteTable } from './route.ts';
import { sloSchemas, whatIfSchema } from './slo-schemas.ts';
import type { StreamResource } from './stream-resource.ts';
import { tracePaths, traceSchemas } from './trace-schemas.ts';

export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly headers: Readonly<Record<string, JsonSchema>>;
    readonly responses: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes: Readonly<Record<string, JsonSchema>>;
  };
}

/**
 * The document of these streams; the same streams give the same text. What each operation needs comes from the route table.
 */
export function openApiDocument(
  resources: readonly StreamResource[],
  {
    version,
    slos,
    alerts,
    dashboards,
    signals,
    identity,
    push,
    traces,
  }: Pick<
    ServiceDeps,
    'alerts' | 'dashboards' | 'signals' | 'version' | 'slos' | 'identity' | 'push' | 'traces'
  >,
  table: RouteTable,
): OpenApiDocument {
  const paths: Record<string, Record<string, Operation>> = {
    ...servicePaths(),
    ...(slos ? sloPaths() : {}),
    ...(slos && alerts && signals ? whatIfPaths() : {}),
    ...(alerts ? alertPaths() : {}),
    ...(dashboards && signals ? dashboardPaths() : {}),
    ...(traces ? tracePaths() : {}),
  };
  let schemas: Record<string, JsonSchema> = {
    ...commonSchemas(),
    ...(slos ? sloSchemas() : {}),
    ...(slos && alerts && signals ? { SloWhatIf: whatIfSchema() } : {}),
    ...(alerts ? alertSchemas() : {}),
    ...(dashboards && signals ? dashboardSchemas() : {}),
    ...(traces ? traceSchemas() : {}),
  };
  for (const resource of resources) {
    Object.assign(paths, streamPaths(resource), push ? pushPath(resource) : {});
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
      ...(dashboards && signals
        ? [{ name: 'dashboards', description: 'Panels, drawn from the metrics read here.' }]
        : []),
      ...(traces ? [{ name: 'traces', description: 'Requests and events on their way.' }] : []),
      ...(alerts ? [{ name: 'alerts', description: 'What is watched, and what fires.' }] : []),
      ...resources.map(({ stream }) => ({ name: stream.name, description: stream.description })),
    ],
    paths: secured(paths, table, identity.modes),
    components: {
      schemas,
      headers: HEADERS,
      responses: RESPONSES,
      securitySchemes: securitySchemes(identity.modes),
    },
  };
}

/** Says at each operation what it needs; one that no route serves is a mistake of ours. */
function secured(
  paths: OpenApiDocument['paths'],
  table: RouteTable,
  modes: ServiceDeps['identity']['modes'],
): OpenApiDocument['paths'] {
  const withNeeds = (path: string, methods: Readonly<Record<string, Operation>>) =>
    Object.fromEntries(
      Object.entries(methods).map(([method, each]) => {
        const need = needOfDocumented(table, path, method);
        if (!need) throw new Error(`${method} ${path} is documented and no route serves it`);
        return [method, { ...each, security: securityOf(need, modes), 'x-needs': need }];
      }),
    );
  return Object.fromEntries(
    Object.entries(paths).map(([path, methods]) => [path, withNeeds(path, methods)]),
  );
}

function servicePaths(): Record<string, Record<string, Operation>> {
  return {
    '/': plain('welcome', 'A welcome and where to go from here', 'Welcome'),
    '/v1/streams': plain('listStreams', 'All streams', 'Streams'),
    '/healthz': plain('healthz', 'Answers while the process lives', 'Health'),
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
        200: { description: 'HTML.', content: { 'text/html': { schema: text } } },
      }),
    },
  };
}

function plain(operationId: string, summary: string, schema: string): Record<string, Operation> {
  return { get: operation(operationId, summary, 'service', { 200: json('Done.', ref(schema)) }) };
}

const readSlo = readsTagged('slos');

function sloPaths(): Record<string, Record<string, Operation>> {
  const name = {
    name: 'slo',
    in: 'path',
    required: true,
    description: 'Its name.',
    schema: text,
  };
  const range = historyParameters.map(parameterObject);
  return {
    '/v1/slos': readSlo('listSlos', 'The status of all SLOs', 'Slos'),
    '/v1/slos/{slo}': readSlo('oneSlo', 'The status of one SLO', 'Slo', [name]),
    '/v1/slos/{slo}/history': readSlo(
      'sloHistory',
      'Good and valid events by the hour',
      'SloHistory',
      [name, ...range],
    ),
    '/v1/slos/{slo}/burn-down': readSlo(
      'sloBurnDown',
      'How the error budget was spent over the window, step by step',
      'SloBurnDown',
      [name],
    ),
    '/v1/slos/{slo}/breakdown': readSlo(
      'sloBreakdown',
      'Where the bad events of the window come from: by route or by stream',
      'SloBreakdown',
      [name],
    ),
  };
}

function whatIfPaths(): Record<string, Record<string, Operation>> {
  const name = { name: 'slo', in: 'path', required: true, description: 'Name of the SLO.' };
  const target = { ...parameterObject(targetParameter), required: true };
  return {
    '/v1/slos/{slo}/what-if': readSlo(
      'sloWhatIf',
      'Budget and pages that another objective would have meant, over the recorded past',
      'SloWhatIf',
      [{ ...name, schema: text }, target],
    ),
  };
}
