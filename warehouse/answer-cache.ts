/** Where answers of the warehouse are kept for a short while: in memory here; the port of other places. */
import type { Clock } from '../runtime/index.ts';

/** Text by key. Neither method rejects: a cache that is down has nothing and keeps nothing. */
export interface AnswerCache {
  get(key: string): Promise<string | undefined>;
  set(key: string, text: string, ageMsMax: number): Promise<void>;
  close(): Promise<void>;
}

interface Entry {
  readonly text: string;
  readonly staleAtMs: number;
}

/** Characters are two bytes at most; a key is short beside its text. */
const BYTES_PER_CHARACTER = 2;

/** Keeps the newest answers within a number of bytes. */
export function memoryCache({
  bytesMax,
  clock,
}: {
  readonly bytesMax: number;
  readonly clock: Clock;
}): AnswerCache {
  const entries = new Map<string, Entry>();
  let bytes = 0;
  const remove = (key: string) => {
    const entry = entries.get(key);
    if (!entry) return;
    entries.delete(key);
    bytes -= sizeOf(key, entry);
  };
  return {
    async get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      if (entry.staleAtMs > clock.monotonicMs()) return entry.text;
      remove(key);
      return undefined;
    },
    async set(key, text, ageMsMax) {
      remove(key);
      const entry = { text, staleAtMs: clock.monotonicMs() + ageMsMax };
      const size = sizeOf(key, entry);
      if (size > bytesMax) return;
      entries.set(key, entry);
      bytes += size;
      // A map gives its keys in the order in which they came.
      for (const oldest of entries.keys()) {
        if (bytes <= bytesMax) break;
        remove(oldest);
      }
    },
    async close() {
      entries.clear();
      bytes = 0;
    },
  };
}

function sizeOf(key: string, { text }: Entry): number {
  return (key.length + text.length) * BYTES_PER_CHARACTER;
}
