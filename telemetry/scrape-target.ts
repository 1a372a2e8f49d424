/** Asks one target for its metrics page, within a time and a size. */
import { AppError, messageOf } from '../runtime/index.ts';
import type { Clock } from '../runtime/index.ts';
import type { StoredSample } from './metric-store.ts';
import { parseMetricsText } from './scrape-text.ts';

/** Bytes of a page: 20,000 samples of 200 bytes are 4 MB. */
const PAGE_BYTES_MAX = 8 * 2 ** 20;

/**
 * The samples of the page at `url`.
 * @throws AppError `metrics_unavailable` where it does not answer in time, with 200, within 8 MiB, or not with metrics
 */
export async function scrapeTarget(
  url: string,
  timeoutMs: number,
  clock: Clock,
): Promise<StoredSample[]> {
  const stop = new AbortController();
  const timer = clock.setTimer(timeoutMs, () => stop.abort(), true);
  try {
    const response = await fetch(url, {
      signal: stop.signal,
      headers: { accept: 'text/plain;version=0.0.4' },
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new AppError('metrics_unavailable', `expected status 200; got ${response.status}`);
    }
    return parseMetricsText(await bodyOf(response));
  } catch (error) {
    const what = stop.signal.aborted ? `no answer within ${timeoutMs} ms` : messageOf(error);
    throw new AppError('metrics_unavailable', `${url}: ${what}`, { cause: error });
  } finally {
    timer.cancel();
  }
}

async function bodyOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let byteCount = 0;
  for await (const part of response.body ?? []) {
    byteCount += part.length;
    if (byteCount > PAGE_BYTES_MAX) {
      throw new AppError('metrics_unavailable', `expected at most ${PAGE_BYTES_MAX} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/** `host:port` of a target, as Prometheus labels it. */
export function instanceOf(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
}
