/** What every operation needs, printed: as a table for the documents, and as security of the OpenAPI document. */
import type { RouteTable } from '../route.ts';
import type { AuthMode } from './method.ts';
import type { Need } from './principal.ts';

/** A Markdown table of all operations, in the order of the route table. */
export function needsTable(table: RouteTable): string {
  const rows = Object.entries(table).flatMap(([path, { get, post, mount }]) => [
    ...(mount ? [`| GET | \`${path}/…\` | ${mount.needs} |`] : []),
    ...(mount?.posts ? [`| POST | \`${path}/…\` | ${mount.posts} |`] : []),
    ...(get ? [`| GET | \`${path}\` | ${get.needs} |`] : []),
    ...(post ? [`| POST | \`${path}\` | ${post.needs} |`] : []),
  ]);
  return ['| method | path | needs |', '| --- | --- | --- |', ...rows].join('\n');
}

/** The need of an operation of the OpenAPI document; `undefined` where no route serves it. */
export function needOfDocumented(
  table: RouteTable,
  path: string,
  method: string,
): Need | undefined {
  const segments = path.split('/');
  const [, route] =
    Object.entries(table).find(([template]) => {
      const parts = template.split('/');
      return (
        parts.length === segments.length &&
        parts.every((part, index) => part.startsWith(':') || part === segments[index])
      );
    }) ?? [];
  return (method === 'post' ? route?.post : route?.get)?.needs;
}

type Scheme = Readonly<Record<string, unknown>>;

const SCHEMES: Readonly<Record<AuthMode, Readonly<Record<string, Scheme>>>> = {
  none: {},
  iap: {
    iap: {
      type: 'apiKey',
      in: 'header',
      name: 'X-Goog-IAP-JWT-Assertion',
      description: 'Added by Identity-Aware Proxy; a client signs in there.',
    },
  },
  oidc: {
    oidc: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'A Google ID token for the audience of this service.',
    },
  },
  'api-key': {
    apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, which begins with hw_.' },
    apiKeyHeader: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same.' },
  },
};

const PUSH_SCHEME: Readonly<Record<string, Scheme>> = {
  pubsub: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The ID token of the service account of a Pub/Sub push subscription.',
  },
};

/** `components.securitySchemes` of the methods that are on. */
export function securitySchemes(modes: readonly AuthMode[]): Readonly<Record<string, Scheme>> {
  return Object.assign({}, ...modes.map((mode) => SCHEMES[mode]), PUSH_SCHEME) as Record<
    string,
    Scheme
  >;
}

/** `security` of an operation: any scheme that is on, with the role; `{}` where everyone has all roles. */
export function securityOf(
  need: Need,
  modes: readonly AuthMode[],
): readonly Readonly<Record<string, readonly string[]>>[] {
  if (need === 'nothing') return [];
  if (modes.includes('none')) return [{}];
  if (need === 'push') return [{ pubsub: [] }];
  return modes
    .flatMap((mode) => Object.keys(SCHEMES[mode]))
    .map((scheme) => ({ [scheme]: [need] }));
}
