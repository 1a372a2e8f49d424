/** A warehouse whose answers are kept for a short while: BigQuery bills each query, and its own cache is off while rows come in. */
import { createHash, randomUUID } from 'node:crypto';
import type { Stream } from '../streams/index.ts';
import type { AnswerCache } from './answer-cache.ts';
import type { Warehouse } from './warehouse.ts';

export interface CachedWarehouseOptions {
  readonly cache: AnswerCache;
  /** The longest that an answer is behind what other processes have stored. */
  readonly ageMsMax: number;
  /** Tells the answers of this warehouse from those of others in the same cache. */
  readonly scope: string;
}

/**
 * Answers for `ageMsMax` from the cache; questions that are asked at the same time are asked once. What this process has
 * stored itself shows at once. Looked-up events and quarantined messages are never kept.
 */
export function cachedWarehouse(
  inner: Warehouse,
  { cache, ageMsMax, scope }: CachedWarehouseOptions,
): Warehouse {
  const instance = randomUUID();
  const writeCounts = new Map<string, number>();
  const asking = new Map<string, Promise<unknown>>();

  const wrote = async <T>(stream: string, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } finally {
      // After a failure too: some of it may have been stored.
      writeCounts.set(stream, (writeCounts.get(stream) ?? 0) + 1);
    }
  };

  const keyOf = (operation: string, stream: Stream | string, question: unknown): string => {
    const name = typeof stream === 'string' ? stream : stream.name;
    const writes = writeCounts.get(name) ?? 0;
    const writer = writes === 0 ? '' : `${instance}:${writes}`;
    const text = JSON.stringify([scope, writer, operation, stream, question]);
    return createHash('sha256').update(text).digest('base64url');
  };

  const answer = <T>(key: string, ask: () => Promise<T>): Promise<T> => {
    // Whoever asks under one key asks the same question, so the answer is of the same type.
    const under = asking.get(key) as Promise<T> | undefined;
    if (under) return under;
    const work = (async () => {
      const kept = parsed(await cache.get(key));
      if (kept) return kept.value as T;
      const value = await ask();
      void cache.set(key, JSON.stringify({ value }), ageMsMax);
      return value;
    })();
    asking.set(key, work);
    const done = () => void asking.delete(key);
    work.then(done, done);
    return work;
  };

  return {
    prepare: (streams) => inner.prepare(streams),
    append: (stream, rows) => wrote(stream.name, inner.append(stream, rows)),
    async quarantine(records) {
      const streams = new Set(records.map(({ stream }) => stream));
      try {
        await inner.quarantine(records);
      } finally {
        for (const stream of streams) await wrote(stream, Promise.resolve());
      }
    },
    markReplayed: (stream, ids, atMicros) => inner.markReplayed(stream, ids, atMicros),
    events: (stream, query) =>
      answer(keyOf('events', stream, query), () => inner.events(stream, query)),
    event: (stream, id) => inner.event(stream, id),
    windows: (stream, query) =>
      answer(keyOf('windows', stream, query), () => inner.windows(stream, query)),
    windowContinuity: (stream, range) =>
      answer(keyOf('windowContinuity', stream, range), () => inner.windowContinuity(stream, range)),
    windowSpikes: (stream, range) =>
      answer(keyOf('windowSpikes', stream, range), () => inner.windowSpikes(stream, range)),
    newestEvent: (stream) =>
      answer(keyOf('newestEvent', stream, null), () => inner.newestEvent(stream)),
    rowCount: (stream) => answer(keyOf('rowCount', stream, null), () => inner.rowCount(stream)),
    quarantined: (stream, query) => inner.quarantined(stream, query),
    quarantineCount: (stream) =>
      answer(keyOf('quarantineCount', stream, null), () => inner.quarantineCount(stream)),
    check: () => inner.check(),
    async close() {
      await cache.close();
      await inner.close();
    },
  };
}

/** A kept answer that cannot be read is none. */
function parsed(text: string | undefined): { readonly value: unknown } | undefined {
  if (text === undefined) return undefined;
  try {
    const kept: unknown = JSON.parse(text);
    return typeof kept === 'object' && kept !== null && 'value' in kept ? kept : undefined;
  } catch {
    return undefined;
  }
}
