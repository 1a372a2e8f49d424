/** How long to wait before a receiver is asked again. */

const DELAY_MIN_MS = 1_000;
/** PagerDuty asks for "a few minutes" where it throttles; a greylisting mail server takes a repeat after five. */
const DELAY_MAX_MS = 300_000;
/** Of what a receiver may ask for by `Retry-After`: a page that is an hour late is of no use. */
const RETRY_AFTER_MAX_MS = 900_000;
/** No wait is longer; a row that says so was written before the clock was set back. */
export const WAIT_MAX_MS = RETRY_AFTER_MAX_MS;

/**
 * After the `attemptCount`th failure (from 1): doubles from 1 s to 5 min, less up to half by `random` (0 to 1), so that receivers are
 * not met by all at once. Never sooner than `retryAfterMs`, up to 15 min.
 * Example: failure 4 with random 1 waits 8 s; with random 0, 4 s.
 */
export function retryDelayMs(attemptCount: number, random: number, retryAfterMs = 0): number {
  const ceilingMs = Math.min(DELAY_MAX_MS, DELAY_MIN_MS * 2 ** Math.min(attemptCount - 1, 30));
  const waitMs = ceilingMs * (0.5 + random / 2);
  return Math.round(Math.max(waitMs, Math.min(retryAfterMs, RETRY_AFTER_MAX_MS)));
}
