/** API keys: made once, kept as hashes, several at a time, each with a name, roles and an end. Pure but for chance. */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../runtime/index.ts';
import { ROLES } from './principal.ts';
import type { Role } from './principal.ts';

const KEY = /^hw_([0-9a-f]{16})_[\w-]{43}$/;
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
/** Every one is looked through at each reload and list; far above what a service has callers. */
const KEYS_MAX = 1_000;

const RECORD = z.strictObject({
  name: z.string().regex(NAME),
  /** The part of the key that says which it is; no secret. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** Of the whole key. A secret of 256 random bits needs no slow hash: guessing it is hopeless either way. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  roles: z.array(z.enum(ROLES)).min(1),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
  revoked_at: z.iso.datetime().nullable(),
});
export type ApiKey = Readonly<z.output<typeof RECORD>>;

/** The keys file, as it stands on disk. */
export const KEYS_SCHEMA = z.strictObject({
  version: z.literal(1),
  keys: z.array(RECORD).max(KEYS_MAX),
});

export interface NewApiKey {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly expiresAtMs?: number;
}

/**
 * Adds a key; `text` is the only time that it is seen.
 * @throws AppError `invalid_argument` for a name that is taken or malformed.
 */
export function createApiKey(
  keys: readonly ApiKey[],
  { name, roles, expiresAtMs }: NewApiKey,
  nowMs: number,
): { readonly keys: readonly ApiKey[]; readonly text: string } {
  if (!NAME.test(name)) {
    throw new AppError(
      'invalid_argument',
      `name: expected small letters, digits, dot, dash or underscore, such as canary; got ${name}`,
    );
  }
  if (keys.some((each) => each.name === name && stateOf(each, nowMs) === 'active')) {
    throw new AppError(
      'invalid_argument',
      `name: expected one that no active key has; got ${name}. Revoke it first, or take ${name}-2 and let both live for a while.`,
    );
  }
  if (keys.length >= KEYS_MAX) {
    throw new AppError(
      'limit_exceeded',
      `A keys file holds ${KEYS_MAX} keys, revoked ones included.`,
    );
  }
  const id = randomBytes(8).toString('hex');
  const text = `hw_${id}_${randomBytes(32).toString('base64url')}`;
  const record: ApiKey = {
    name,
    id,
    sha256: hash('sha256', text, 'hex'),
    roles: [...roles],
    created_at: new Date(nowMs).toISOString(),
    expires_at: expiresAtMs === undefined ? null : new Date(expiresAtMs).toISOString(),
    revoked_at: null,
  };
  return { keys: [...keys, record], text };
}

/** @throws AppError `invalid_argument` where no active key has that name or id. */
export function revokeApiKey(
  keys: readonly ApiKey[],
  nameOrId: string,
  nowMs: number,
): readonly ApiKey[] {
  const found = keys.find(
    (each) => (each.name === nameOrId || each.id === nameOrId) && stateOf(each, nowMs) === 'active',
  );
  if (!found) {
    throw new AppError('invalid_argument', `No active key has the name or id ${nameOrId}.`);
  }
  const revoked = { ...found, revoked_at: new Date(nowMs).toISOString() };
  return keys.map((each) => (each === found ? revoked : each));
}

export function stateOf(key: ApiKey, nowMs: number): 'active' | 'expired' | 'revoked' {
  if (key.revoked_at !== null) return 'revoked';
  return key.expires_at !== null && Date.parse(key.expires_at) <= nowMs ? 'expired' : 'active';
}

/** Whether a text looks like one of our keys; other credentials are other methods' business. */
export function isApiKeyText(text: string): boolean {
  return text.startsWith('hw_');
}

/** @throws AppError `unauthenticated`, with a reason that names the key where it is known, and never shows it. */
export function checkApiKey(keys: readonly ApiKey[], text: string, nowMs: number): ApiKey {
  const id = KEY.exec(text)?.[1];
  const key = keys.find((each) => each.id === id);
  if (!key) throw refused(id === undefined ? 'malformed key' : 'unknown key');
  const isSame = timingSafeEqual(Buffer.from(hash('sha256', text, 'hex')), Buffer.from(key.sha256));
  if (!isSame) throw refused(`wrong secret for key ${key.name}`);
  const state = stateOf(key, nowMs);
  if (state !== 'active') throw refused(`key ${key.name} is ${state}`);
  return key;
}

function refused(reason: string): AppError {
  return new AppError('unauthenticated', 'The API key is not valid.', { detail: { reason } });
}
