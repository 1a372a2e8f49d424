/** Answers of the warehouse kept in Redis, shared by all processes of the API. */
import { createClient } from '@redis/client';
import type { Clock, Logger } from '../runtime/index.ts';
import type { AnswerCache } from './answer-cache.ts';

export interface RedisCacheOptions {
  /** Such as `redis://127.0.0.1:6379`. */
  readonly url: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const KEY_PREFIX = 'highwater:';
/** A slower answer is no help: asking the warehouse takes as long. */
const ANSWER_MS_MAX = 100;
const COMMANDS_WAITING_MAX = 1_000;
const RECONNECT_MS_MAX = 2_000;

/** Connects in the background: as long as Redis is away there is nothing in the cache. */
export function redisCache({ url, clock, logger }: RedisCacheOptions): AnswerCache {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: COMMANDS_WAITING_MAX,
    socket: {
      connectTimeout: RECONNECT_MS_MAX,
      reconnectStrategy: (retries) => Math.min(RECONNECT_MS_MAX, 50 * 2 ** Math.min(retries, 10)),
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
