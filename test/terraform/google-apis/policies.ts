/** Grants on a resource: read and written as a whole, under an etag, as every API of Google does. */
import { ApiError } from './api-error.ts';
import type { Cloud } from './cloud.ts';
import { jsonOf, listOf, textOf } from './json.ts';
import type { Json } from './json.ts';

export function readPolicy(cloud: Cloud, key: string): Json {
  return cloud.policies.get(key) ?? { version: 1, etag: 'ACAB' };
}

/**
 * @throws ApiError 409 where the policy was changed since it was read; 400 where a member is not there, or is everyone
 */
export function writePolicy(cloud: Cloud, key: string, body: Json): Json {
  const policy = jsonOf(body['policy']);
  const { etag } = readPolicy(cloud, key);
  if (policy['etag'] !== undefined && policy['etag'] !== etag) {
    throw new ApiError(
      409,
      'There were concurrent policy changes. Please retry the whole read-modify-write.',
    );
  }
  const bindings = listOf(policy['bindings']).map(jsonOf);
  const hasConditions = bindings.some((binding) => binding['condition'] !== undefined);
  if (hasConditions && policy['version'] !== 3) {
    throw new ApiError(400, 'Conditional bindings need a policy of version 3.');
  }
  for (const binding of bindings) {
    if (!/^roles\/[\w.]+$/.test(textOf(binding['role']))) {
      throw new ApiError(
        400,
        `Role ${textOf(binding['role'])} is not supported for this resource.`,
      );
    }
    for (const member of listOf(binding['members'])) cloud.checkMember(textOf(member));
  }
  const written = {
    version: hasConditions ? 3 : 1,
    etag: Buffer.from(String(cloud.next())).toString('base64'),
    ...(bindings.length > 0 && {
      bindings: bindings.map((binding) => ({
        ...binding,
        members: [...new Set(listOf(binding['members']).map(textOf))].toSorted(),
      })),
    }),
  };
  cloud.policies.set(key, written);
  return written;
}
