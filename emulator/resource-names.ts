/** Full resource names, such as `projects/highwater-local/topics/events`, and their rules. */
import { randomUUID } from 'node:crypto';
import { invalidArgument } from './pubsub-status.ts';

export type ResourceKind = 'topics' | 'subscriptions' | 'snapshots';

/** Source: https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names */
const RESOURCE_ID = /^[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}$/;
const PROJECT = /^projects\/[^/]+$/;

/**
 * Returns `name` where it is a full name of `kind`.
 * @throws PubsubStatusError INVALID_ARGUMENT
 */
export function checkResourceName(kind: ResourceKind, name: string | undefined): string {
  const [projects, project, collection, id, ...rest] = (name ?? '').split('/');
  const isValid =
    projects === 'projects' &&
    project !== undefined &&
    project !== '' &&
    collection === kind &&
    id !== undefined &&
    RESOURCE_ID.test(id) &&
    !id.startsWith('goog') &&
    rest.length === 0;
  if (isValid) return name ?? '';
  throw invalidArgument(
    `Invalid [${kind}] name: (name=${shorten(name ?? '')}); expected projects/{project}/${kind}/{id}, where {id} is 3 to 255 letters, digits or -_.~+%, starts with a letter and not with goog.`,
  );
}

/**
 * Returns `name` where it is `projects/{project}`.
 * @throws PubsubStatusError INVALID_ARGUMENT
 */
export function checkProjectName(name: string | undefined): string {
  if (name !== undefined && PROJECT.test(name)) return name;
  throw invalidArgument(
    `Invalid [projects] name: (name=${shorten(name ?? '')}); expected projects/{project}.`,
  );
}

/** A new name in the project of `neighbour`, for a request that leaves the name to the server. */
export function randomResourceName(kind: ResourceKind, neighbour: string): string {
  return `projects/${projectId(neighbour)}/${kind}/${kind.slice(0, -1)}-${randomUUID()}`;
}

/** The last part of a full name. */
export function resourceId(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** The project part of a full name. */
export function projectId(name: string): string {
  return name.split('/')[1] ?? '';
}

function shorten(name: string): string {
  return name.length > 300 ? `${name.slice(0, 300)}…` : name;
}
