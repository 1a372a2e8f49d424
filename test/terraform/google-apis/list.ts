/** Lists of resources, in pages. */
import { ApiError } from './api-error.ts';
import type { Cloud } from './cloud.ts';
import type { Json } from './json.ts';

const PAGE_SIZE = 100;

/**
 * @param collection `monitoring/projects/P/alertPolicies`
 * @throws ApiError 404 where the parent is not there, 400 for a page token that was never given
 */
export function listAnswer(
  cloud: Cloud,
  collection: string,
  query: URLSearchParams,
  shown: (resource: Json) => Json,
): Json {
  const parts = collection.split('/');
  const parent = parts.slice(0, -1).join('/');
  if (parts.length > 4) cloud.need(parent, `There is no ${parent}.`);
  const all = [...cloud.resources]
    .filter(
      ([key]) => key.startsWith(`${collection}/`) && key.split('/').length === parts.length + 1,
    )
    .map(([, resource]) => shown(resource));
  const from = fromOf(query.get('pageToken'), collection);
  const to = from + Math.min(Number(query.get('pageSize') ?? PAGE_SIZE), cloud.pageSizeMax);
  return {
    ...(all.length > 0 && { [parts.at(-1)!]: all.slice(from, to) }),
    ...(to < all.length && { nextPageToken: tokenOf(to, collection) }),
  };
}

function tokenOf(from: number, collection: string): string {
  return Buffer.from(JSON.stringify([from, collection])).toString('base64url');
}

function fromOf(token: string | null, collection: string): number {
  if (token === null) return 0;
  const text = Buffer.from(token, 'base64url').toString();
  const [, from] = /^\[(\d+),/.exec(text) ?? [];
  if (from === undefined || text !== JSON.stringify([Number(from), collection])) {
    throw new ApiError(400, 'Request contains an invalid page token.');
  }
  return Number(from);
}
