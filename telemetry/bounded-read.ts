/** Reads values whenever metrics are collected, without letting one slow reader hold up all the others. */
import type { Clock } from '../runtime/index.ts';

/** A reader of this process answers in milliseconds; less than a scraper waits (10 s), with room for the rest of the page. */
const READ_TIMEOUT_MS = 2_000;

type Read<T> = () => readonly T[] | Promise<readonly T[]>;

/**
 * The same read, which never fails: what it throws, or does not answer in time, is left out, as a gap says more than an old
 * value. While one call is under way there is no second one.
 */
export function boundedRead<T>(read: Read<T>, clock: Clock): () => Promise<readonly T[]> {
  let underWay: Promise<readonly T[]> | undefined;
  const start = async (): Promise<readonly T[]> => {
    try {
      return await read();
    } catch {
      return [];
    }
  };
  return async () => {
    underWay ??= start().finally(() => (underWay = undefined));
    const stop = new AbortController();
    const late = clock.sleep(READ_TIMEOUT_MS, stop.signal).then((): readonly T[] => []);
    try {
      return await Promise.race([underWay, late]);
    } finally {
      stop.abort();
    }
  };
}
