/** Answers of the warehouse kept in Redis, shared by all processes of the API. */
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import type { PeerCertificate } from 'node:tls';
import { createClient } from '@redis/client';
import type { Clock, Logger } from '../runtime/index.ts';
import type { AnswerCache } from './answer-cache.ts';

export interface RedisCacheOptions {
  /** Such as `redis://127.0.0.1:6379`, or `rediss://` over TLS. */
  readonly url: string;
  /** Certificates (PEM) of the one authority that may have signed the server's; those that Node knows where it is absent. */
  readonly authority?: string;
  /** What the server is shown in the place of a password of the URL, asked for at each connection: a token ends, a connection less often. */
  readonly password?: () => Promise<string>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const KEY_PREFIX = 'highwater:';
/** A slower answer is no help: asking the warehouse takes as long. */
const ANSWER_MS_MAX = 100;
const COMMANDS_WAITING_MAX = 1_000;
const RECONNECT_MS_MAX = 2_000;

/** Connects in the background: as long as Redis is away there is nothing in the cache. */
export function redisCache(options: RedisCacheOptions): AnswerCache {
  const { url, authority, password, clock, logger } = options;
  const client = createClient({
    url,
    // Memorystore speaks of AUTH; nothing here needs what came later.
    RESP: 2,
    ...(password && {
      credentialsProvider: {
        type: 'async-credentials-provider' as const,
        credentials: async () => ({ password: await password() }),
      },
    }),
    disableOfflineQueue: true,
    commandsQueueMaxLength: COMMANDS_WAITING_MAX,
    socket: {
      connectTimeout: RECONNECT_MS_MAX,
      reconnectStrategy: (retries) => Math.min(RECONNECT_MS_MAX, 50 * 2 ** Math.min(retries, 10)),
      ...(authority && { tls: true as const, ca: authority, checkServerIdentity: identityOf }),
    },
  });
  let isDown = false;
  // Without a listener an error ends the process; each attempt to reconnect has one.
  client.on('error', (error: unknown) => {
    if (!isDown) logger.warn('answer_cache_down', { error });
    isDown = true;
  });
  client.on('ready', () => {
    if (isDown) logger.info('answer_cache_up', {});
    isDown = false;
  });
  const connecting = client.connect().catch(() => undefined);

  const inTime = async <T>(command: () => Promise<T>): Promise<T | undefined> => {
    if (!client.isReady) return undefined;
    const stop = new AbortController();
    try {
      return await Promise.race([
        command(),
        clock.sleep(ANSWER_MS_MAX, stop.signal).then(() => undefined),
      ]);
    } catch {
      return undefined;
    } finally {
      stop.abort();
    }
  };

  return {
    async get(key) {
      return (await inTime(() => client.get(`${KEY_PREFIX}${key}`))) ?? undefined;
    },
    async set(key, text, ageMsMax) {
      await inTime(() =>
        client.set(`${KEY_PREFIX}${key}`, text, {
          expiration: { type: 'PX', value: Math.ceil(ageMsMax) },
        }),
      );
    },
    async close() {
      client.destroy();
      await connecting;
    },
  };
}

/**
 * An address is in no certificate of Memorystore; the authority signs for that one instance, so whoever it signed for is the one. A name is
 * looked for as always.
 */
function identityOf(host: string, certificate: PeerCertificate): Error | undefined {
  return isIP(host) === 0 ? checkServerIdentity(host, certificate) : undefined;
}
