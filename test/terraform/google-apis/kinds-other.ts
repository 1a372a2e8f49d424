/** Artifact Registry, Secret Manager, Parameter Manager and service accounts. */
import { ApiError } from './api-error.ts';
import type { Kind } from './kind.ts';
import { jsonOf, textOf } from './json.ts';

export const OTHER_KINDS: readonly Kind[] = [
  {
    api: 'artifactregistry',
    base: 'v1',
    collection: 'projects/*/locations/*/repositories',
    id: { query: 'repository_id' },
    isLongRunning: true,
    complete: (repository, { name }) => ({
      mode: 'STANDARD_REPOSITORY',
      ...repository,
      name,
      createTime: '2026-11-26T00:00:00Z',
    }),
  },
  {
    api: 'secretmanager',
    base: 'v1',
    collection: 'projects/*/secrets',
    id: { query: 'secretId' },
    isNamedByNumber: true,
    complete: (secret) => {
      if (!secret['replication']) throw new ApiError(400, 'secret.replication must be provided.');
      return { ...secret, createTime: '2026-11-26T00:00:00Z' };
    },
  },
  {
    api: 'parametermanager',
    base: 'v1',
    collection: 'projects/*/locations/*/parameters',
    id: { query: 'parameter_id' },
    complete: (parameter, { name }) => ({ ...parameter, name }),
    remove: (_parameter, { cloud, name }) => {
      const versions = [...cloud.resources.keys()].filter((key) =>
        key.startsWith(`parametermanager/${name}/versions/`),
      );
      if (versions.length > 0) throw new ApiError(400, `${name} still has versions.`);
    },
  },
  {
    api: 'parametermanager',
    base: 'v1',
    collection: 'projects/*/locations/*/parameters/*/versions',
    id: { query: 'parameter_version_id' },
    complete: (version, { cloud, name, before }) => {
      cloud.need(`parametermanager/${name.split('/').slice(0, 6).join('/')}`);
      const data = textOf(jsonOf(version['payload'])['data']);
      if (before && data !== textOf(jsonOf(before['payload'])['data'])) {
        throw new ApiError(400, 'The payload of a version cannot be changed.');
      }
      return { ...version, name };
    },
  },
  {
    api: 'iam',
    base: 'v1',
    collection: 'projects/*/serviceAccounts',
    id: (body, cloud) => `${textOf(body['accountId'])}@${cloud.projectId}.iam.gserviceaccount.com`,
    complete: (body, { cloud, id: email, name, before }) => {
      cloud.accounts.add(email);
      return {
        ...before,
        ...jsonOf(body['serviceAccount']),
        name,
        projectId: cloud.projectId,
        uniqueId: before?.['uniqueId'] ?? String(100_000_000_000 + cloud.next()),
        email,
      };
    },
    remove: (account, { cloud }) => void cloud.accounts.delete(textOf(account['email'])),
  },
];
