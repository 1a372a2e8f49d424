/** A circuit breaker: where most calls fail, none is made for a while, then one that tells whether it works again. */

export interface Admitted {
  readonly isLetIn: true;
  readonly isTrial: boolean;
}
export type Entry = Admitted | { readonly isLetIn: false; readonly waitMs: number };

export type BreakerState = 'closed' | 'open' | 'half_open';

/** Outcomes looked at; half of them failed opens it. Fewer than `OUTCOMES_MIN` say nothing. */
const OUTCOMES_MAX = 20;
const OUTCOMES_MIN = 10;
const FAILED_RATIO = 0.5;
/** For how long it is open at first; twice as long each time that the trial fails. */
export const OPEN_MS = 2_000;
const OPEN_MS_MAX = 30_000;

export class Breaker {
  #outcomes: boolean[] = [];
  #openMs = OPEN_MS;
  #opensUntilMs: number | undefined;
  #isTrialUnderWay = false;

  /** Whether a call may be made now; how it ends is reported by `note`. */
  enter(nowMs: number): Entry {
    if (this.#opensUntilMs === undefined) return { isLetIn: true, isTrial: false };
    if (nowMs < this.#opensUntilMs) return { isLetIn: false, waitMs: this.#opensUntilMs - nowMs };
    if (this.#isTrialUnderWay) return { isLetIn: false, waitMs: OPEN_MS };
    this.#isTrialUnderWay = true;
    return { isLetIn: true, isTrial: true };
  }

  note({ isTrial }: Admitted, isGood: boolean, nowMs: number): void {
    if (isTrial) this.#endTrial(isGood, nowMs);
    // Calls that began before it opened, and end after, say nothing new.
    if (isTrial || this.#opensUntilMs !== undefined) return;
    this.#outcomes.push(isGood);
    if (this.#outcomes.length > OUTCOMES_MAX) this.#outcomes.shift();
    const failedCount = this.#outcomes.filter((each) => !each).length;
    if (
      this.#outcomes.length >= OUTCOMES_MIN &&
      failedCount >= FAILED_RATIO * this.#outcomes.length
    ) {
      this.#opensUntilMs = nowMs + this.#openMs;
    }
  }

  state(nowMs: number): BreakerState {
    if (this.#opensUntilMs === undefined) return 'closed';
    return nowMs < this.#opensUntilMs ? 'open' : 'half_open';
  }

  #endTrial(isGood: boolean, nowMs: number): void {
    this.#isTrialUnderWay = false;
    if (isGood) {
      this.#opensUntilMs = undefined;
      this.#outcomes = [];
      this.#openMs = OPEN_MS;
      return;
    }
    this.#openMs = Math.min(OPEN_MS_MAX, 2 * this.#openMs);
    this.#opensUntilMs = nowMs + this.#openMs;
  }
}
