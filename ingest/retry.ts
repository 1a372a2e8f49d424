/** Retrying a step for as long as the process runs, where trying again later can help. */
import type { Clock } from '../runtime/index.ts';

export const RETRY_DELAY_MIN_MS = 100;
export const RETRY_DELAY_MAX_MS = 5_000;

/** Delay before attempt `attempt` (1 is the first retry): doubles from 100 ms up to 5 s. */
export function retryDelayMs(attempt: number, maxMs = RETRY_DELAY_MAX_MS): number {
  return Math.min(maxMs, RETRY_DELAY_MIN_MS * 2 ** Math.min(attempt - 1, 30));
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Whether trying again can help; otherwise the error is thrown to the caller. */
  readonly isRetryable: (error: unknown) => boolean;
  readonly onRetry: (error: unknown, attempt: number) => void;
}

/** The step's result, or `undefined` where `signal` aborted before it succeeded. */
export async function retryUntilDone<T>(
  step: () => Promise<T>,
  options: RetryOptions,
): Promise<T | undefined> {
  for (let attempt = 1; !options.signal.aborted; attempt += 1) {
    try {
      return await step();
    } catch (error) {
      if (!options.isRetryable(error)) throw error;
      options.onRetry(error, attempt);
      await options.clock.sleep(retryDelayMs(attempt), options.signal);
    }
  }
  return undefined;
}
