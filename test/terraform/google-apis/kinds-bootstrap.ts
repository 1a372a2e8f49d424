/** What bootstrap makes: the bucket of the state, and the federation of workflows. */
import { ApiError } from './api-error.ts';
import type { Kind } from './kind.ts';
import { jsonOf, textOf } from './json.ts';

const FEDERATION = {
  api: 'iam',
  base: 'v1',
  isLongRunning: true,
  isNamedByNumber: true,
} as const;

export const BOOTSTRAP_KINDS: readonly Kind[] = [
  {
    api: 'storage',
    base: 'storage/v1',
    collection: 'b',
    saysDefaults: true,
    id: (body) => textOf(body['name']),
    complete: (bucket, { id }) => ({
      kind: 'storage#bucket',
      storageClass: 'STANDARD',
      ...bucket,
      id,
      location: textOf(bucket['location']).toUpperCase(),
      locationType: 'multi-region',
      timeCreated: '2026-11-26T00:00:00Z',
      updated: '2026-11-26T00:00:00Z',
      softDeletePolicy: { retentionDurationSeconds: '604800' },
    }),
  },
  {
    ...FEDERATION,
    collection: 'projects/*/locations/*/workloadIdentityPools',
    id: { query: 'workloadIdentityPoolId' },
    complete: (pool) => ({ ...pool, state: 'ACTIVE', mode: 'FEDERATION_ONLY' }),
  },
  {
    ...FEDERATION,
    collection: 'projects/*/locations/*/workloadIdentityPools/*/providers',
    id: { query: 'workloadIdentityPoolProviderId' },
    complete: (provider, { cloud, name }) => {
      cloud.need(`iam/${name.split('/').slice(0, 6).join('/')}`);
      const mapping = jsonOf(provider['attributeMapping']);
      if (!textOf(mapping['google.subject'])) {
        throw new ApiError(400, 'attribute_mapping: google.subject has to be mapped.');
      }
      // Source: GitHub's issuer is everyone's, so the API refuses a provider that takes all of its tokens.
      if (!/assertion\.\w+/.test(textOf(provider['attributeCondition']))) {
        throw new ApiError(
          400,
          "The attribute condition must reference one of the provider's claims.",
        );
      }
      return { ...provider, state: 'ACTIVE' };
    },
  },
];
