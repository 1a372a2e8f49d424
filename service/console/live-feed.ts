/** Server-sent events: tells open console pages when there is something new. */
import type { Response } from 'express';
import type { Clock } from '../../runtime/index.ts';
import { AppError } from '../../runtime/index.ts';

/** Pages that may be open at once; a page costs a socket and a renewal every few seconds. */
export const LIVE_PAGES_MAX = 64;
/** How often it is looked whether there is something new. */
const LOOK_INTERVAL_MS = 1_000;
/** Pages renew at least so often, for figures that change by themselves, such as ages; it also keeps proxies from cutting. */
const UPDATE_INTERVAL_MS_MAX = 5_000;
/** How long a browser waits before it connects again. */
const RETRY_MS = 2_000;

export interface LiveFeedOptions {
  readonly clock: Clock;
  /** Changes whenever pages should be renewed at once. */
  readonly version: () => string;
}

export class LiveFeed {
  readonly #options: LiveFeedOptions;
  readonly #pages = new Set<Response>();
  #isLooking = false;

  constructor(options: LiveFeedOptions) {
    this.#options = options;
  }

  get pageCount(): number {
    return this.#pages.size;
  }

  /**
   * Answers with events until the page is closed or the service stops.
   * @throws AppError `limit_exceeded` where too many pages are open.
   */
  add(response: Response): void {
    if (this.#pages.size >= LIVE_PAGES_MAX) {
      throw new AppError(
        'limit_exceeded',
        `At most ${LIVE_PAGES_MAX} console pages can be live at once.`,
      );
    }
    response.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('X-Accel-Buffering', 'no');
    response.write(`retry: ${RETRY_MS}\n\n`);
    this.#pages.add(response);
    response.once('close', () => this.#pages.delete(response));
    if (!this.#isLooking) void this.#look();
  }

  /** Runs while a page is open. */
  async #look(): Promise<void> {
    const { clock, version } = this.#options;
    this.#isLooking = true;
    let known = version();
    let updatedAtMs = clock.monotonicMs();
    while (this.#pages.size > 0) {
      await clock.sleep(LOOK_INTERVAL_MS);
      for (const page of this.#pages) if (isStopping(page)) page.end();
      const newest = version();
      const nowMs = clock.monotonicMs();
      if (newest === known && nowMs - updatedAtMs < UPDATE_INTERVAL_MS_MAX) continue;
      known = newest;
      updatedAtMs = nowMs;
      for (const page of this.#pages) send(page);
    }
    this.#isLooking = false;
  }
}

/** A page that does not take what it was sent is left out until it does: nothing piles up for it. */
function send(page: Response): void {
  if (page.writableEnded || page.writableNeedDrain) return;
  page.write('event: update\ndata: \n\n');
}

/** A server that no longer listens is being closed, and waits for its requests to end. */
function isStopping({ socket }: Response): boolean {
  const server: unknown = socket && 'server' in socket ? socket.server : undefined;
  return (
    typeof server === 'object' && server !== null && 'listening' in server && !server.listening
  );
}
