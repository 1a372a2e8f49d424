/** A bounded number of requests under way, a bounded number that wait for a moment, and the rest sent away at once. */
import type { Clock, Timer } from '../../runtime/index.ts';
import { ServiceError } from '../problem.ts';

/** What is limited apart, so that exports never hold up reads, nor reads events that are posted. */
export const LANES = ['query', 'export', 'publish', 'push'] as const;
export type LaneName = (typeof LANES)[number];

export interface LaneLimits {
  readonly activeMax: number;
  readonly waitingMax: number;
  /** Who has not begun by then is sent away: an answer that late would be late for the caller too. */
  readonly waitMs: number;
}

export interface LaneOptions {
  readonly name: LaneName;
  readonly limits: LaneLimits;
  readonly clock: Clock;
  /** Called for each request that is sent away. */
  readonly onShed: () => void;
}

interface Waiting {
  readonly start: () => void;
  readonly timer: Timer;
}

export class Lane {
  readonly #options: LaneOptions;
  readonly #waiting = new Set<Waiting>();
  #activeCount = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /**
   * Runs `work` once there is room. A request whose `left` aborts while it waits is forgotten: it resolves without having run.
   * @throws ServiceError `overloaded` where there is no room, or not in time.
   */
  async run(work: () => void | Promise<void>, left: AbortSignal): Promise<void> {
    if (!(await this.#enter(left))) return;
    try {
      await work();
    } finally {
      this.#activeCount -= 1;
      const [next] = this.#waiting;
      next?.start();
    }
  }

  /** False where the caller left. */
  #enter(left: AbortSignal): Promise<boolean> {
    const { limits, clock } = this.#options;
    if (this.#activeCount < limits.activeMax) {
      this.#activeCount += 1;
      return Promise.resolve(true);
    }
    if (this.#waiting.size >= limits.waitingMax) return Promise.reject(this.#shed());
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(waiting);
        waiting.timer.cancel();
        left.removeEventListener('abort', onLeft);
      };
      const onLeft = () => {
        leave();
        resolve(false);
      };
      const waiting: Waiting = {
        start: () => {
          leave();
          this.#activeCount += 1;
          resolve(true);
        },
        timer: clock.setTimer(limits.waitMs, () => {
          leave();
          reject(this.#shed());
        }),
      };
      this.#waiting.add(waiting);
      left.addEventListener('abort', onLeft, { once: true });
    });
  }

  #shed(): ServiceError {
    this.#options.onShed();
    return new ServiceError(
      'overloaded',
      'More is asked at once than can be answered in time; try again in a moment.',
    );
  }
}
