/** Pacing: how many events are due by now at a steady rate, with a bounded allowance to catch up. */

export class TokenBucket {
  readonly #ratePerMs: number;
  readonly #tokensMax: number;
  #tokens = 1;
  #atMs: number;

  /** The first token is there at once. `catchUpMs` is how much of a standstill may be made up for afterwards. */
  constructor(options: { ratePerSecond: number; catchUpMs: number; nowMs: number }) {
    this.#ratePerMs = options.ratePerSecond / 1_000;
    this.#tokensMax = Math.max(1, this.#ratePerMs * options.catchUpMs);
    this.#atMs = options.nowMs;
  }

  /** Takes up to `wantedCount` whole tokens that have accrued by `nowMs` (monotonic); returns how many. */
  take(nowMs: number, wantedCount: number): number {
    this.#accrue(nowMs);
    // The sliver forgives the rounding of many small additions; else a token could come a tick late.
    const takenCount = Math.min(wantedCount, Math.floor(this.#tokens + 1e-6));
    this.#tokens -= takenCount;
    return takenCount;
  }

  /** Milliseconds from `nowMs` until a whole token is there; 0 when one is. */
  waitMs(nowMs: number): number {
    this.#accrue(nowMs);
    return Math.max(0, (1 - this.#tokens) / this.#ratePerMs);
  }

  #accrue(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    this.#tokens = Math.min(this.#tokensMax, this.#tokens + elapsedMs * this.#ratePerMs);
    this.#atMs = nowMs;
  }
}
