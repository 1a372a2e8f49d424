/** The file that holds the hashes of the API keys: looked at again while the service runs, written whole or not at all. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, messageOf } from '../../runtime/index.ts';
import type { Clock, Logger } from '../../runtime/index.ts';
import { checkApiKey, isApiKeyText, KEYS_SCHEMA } from './api-keys.ts';
import type { ApiKey } from './api-keys.ts';
import { bearerOf, headerOf } from './method.ts';
import type { AuthMethod } from './method.ts';

/** Also takes keys as a bearer token, which every HTTP client can send. */
export const API_KEY_HEADER = 'x-api-key';
/** A revoked key is refused after at most this. */
export const RELOAD_CHECK_MS = 1_000;

export interface ApiKeyFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Keys by the file as it is now. A file that can no longer be read leaves the keys that were read last; one that is gone
 * leaves none.
 * @throws AppError `invalid_config` where the file is there and cannot be read at the start.
 */
export async function apiKeyMethod({
  path,
  clock,
  logger,
}: ApiKeyFileOptions): Promise<AuthMethod> {
  let seen = await signatureOf(path);
  let keys = await readApiKeys(path);
  if (keys.length === 0) {
    logger.warn('no_api_keys', {
      message: `No API key is in ${path}; make one with: highwater api-key create NAME --role reader`,
    });
  }
  let checkedAtMs = clock.monotonicMs();
  let checking: Promise<void> | undefined;

  const reload = async () => {
    try {
      const now = await signatureOf(path);
      if (now === seen) return;
      keys = await readApiKeys(path);
      seen = now;
      logger.info('api_keys_reloaded', { keyCount: keys.length });
    } catch (error) {
      logger.error('api_keys_reload_failed', { error });
    } finally {
      checkedAtMs = clock.monotonicMs();
      checking = undefined;
    }
  };
  const identify = async (text: string) => {
    if (clock.monotonicMs() - checkedAtMs >= RELOAD_CHECK_MS) await (checking ??= reload());
    const { name, roles } = checkApiKey(keys, text, clock.nowMs());
    return { id: `api-key:${name}`, roles };
  };
  return {
    mode: 'api-key',
    identify(request) {
      const text = headerOf(request, API_KEY_HEADER) ?? bearerOf(request);
      const isOurs =
        text !== undefined && (isApiKeyText(text) || API_KEY_HEADER in request.headers);
      return isOurs ? identify(text) : undefined;
    },
  };
}

/** @throws AppError `invalid_config` where the file is none of ours. An absent one holds no keys. */
export async function readApiKeys(path: string): Promise<readonly ApiKey[]> {
  try {
    return KEYS_SCHEMA.parse(JSON.parse(await readFile(path, 'utf8'))).keys;
  } catch (error) {
    if (isAbsent(error)) return [];
    throw new AppError(
      'invalid_config',
      `AUTH_KEYS_FILE: expected a file that highwater api-key wrote; ${path} is none (${messageOf(error)})`,
      { cause: error },
    );
  }
}

/**
 * Reads, changes and writes the file as one step; readable by its owner alone.
 * @throws AppError `locked` while another command does the same.
 */
export async function changeApiKeys(
  path: string,
  change: (keys: readonly ApiKey[]) => readonly ApiKey[],
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const lock = `${path}.lock`;
  const held = await open(lock, 'wx').catch((error: unknown) => {
    throw new AppError(
      'locked',
      `${path} is being changed by another command; if none runs, remove ${lock}.`,
      { cause: error },
    );
  });
  try {
    const keys = change(await readApiKeys(path));
    const draft = `${path}.${randomBytes(4).toString('hex')}.new`;
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify({ version: 1, keys }, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } finally {
    await held.close();
    await rm(lock, { force: true });
  }
}

async function signatureOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch (error) {
    if (isAbsent(error)) return 'absent';
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
