/** Requests a caller may make in a window, as a bucket that refills evenly; a bounded number of callers is remembered. */

export interface RateLimit {
  /** Stands in the headers. */
  readonly name: string;
  readonly requestsMax: number;
  /** In which that many come back. */
  readonly windowMs: number;
}

export interface Allowance {
  readonly isAllowed: boolean;
  /** Whole requests left. */
  readonly leftCount: number;
  /** Until all of them are back. */
  readonly fullAfterMs: number;
  /** Until one is back; 0 while some are left. */
  readonly nextAfterMs: number;
}

/**
 * About 200 bytes each, 2 MB at worst. Who came longest ago is forgotten first, and so starts with a full bucket: that is
 * what a caller who stayed away has anyhow, unless more callers than these come within a window.
 */
export const CALLERS_REMEMBERED_MAX = 10_000;

interface Bucket {
  leftCount: number;
  atMs: number;
}

export class RateLimiter {
  readonly limit: RateLimit;
  readonly #callersMax: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limit: RateLimit, callersMax = CALLERS_REMEMBERED_MAX) {
    this.limit = limit;
    this.#callersMax = callersMax;
  }

  get rememberedCount(): number {
    return this.#buckets.size;
  }

  /** What a caller has left, taking nothing. */
  look(caller: string, nowMs: number): Allowance {
    return this.#allowance(this.#leftAt(caller, nowMs));
  }

  /** Takes one request, where one is left. */
  take(caller: string, nowMs: number): Allowance {
    const leftCount = this.#leftAt(caller, nowMs);
    const before = this.#allowance(leftCount);
    if (!before.isAllowed) return before;
    this.#buckets.delete(caller);
    this.#buckets.set(caller, { leftCount: leftCount - 1, atMs: nowMs });
    if (this.#buckets.size > this.#callersMax) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return { ...this.#allowance(leftCount - 1), isAllowed: true };
  }

  #leftAt(caller: string, nowMs: number): number {
    const { requestsMax, windowMs } = this.limit;
    const bucket = this.#buckets.get(caller);
    if (!bucket) return requestsMax;
    const backCount = ((nowMs - bucket.atMs) / windowMs) * requestsMax;
    return Math.min(requestsMax, bucket.leftCount + backCount);
  }

  #allowance(leftCount: number): Allowance {
    const { requestsMax, windowMs } = this.limit;
    const perRequestMs = windowMs / requestsMax;
    return {
      isAllowed: leftCount >= 1,
      leftCount: Math.floor(leftCount),
      fullAfterMs: Math.ceil((requestsMax - leftCount) * perRequestMs),
      nextAfterMs: leftCount >= 1 ? 0 : Math.ceil((1 - leftCount) * perRequestMs),
    };
  }
}
