/** Ordered shutdown: what was started last is closed first, within one deadline. */
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

export class Shutdown {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #deadlineMs: number;
  readonly #steps: { readonly name: string; readonly close: () => Promise<void> | void }[] = [];
  #running: Promise<boolean> | undefined;

  constructor(options: { clock: Clock; logger: Logger; deadlineMs: number }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#deadlineMs = options.deadlineMs;
  }

  /** Registers something to close. Steps run one after the other, the last registered first. */
  add(name: string, close: () => Promise<void> | void): void {
    this.#steps.push({ name, close });
  }

  /** Closes everything once; later calls wait for the same run. False where a step failed or the deadline passed. */
  run(reason: string): Promise<boolean> {
    this.#running ??= this.#run(reason);
    return this.#running;
  }

  async #run(reason: string): Promise<boolean> {
    this.#logger.info('shutdown_started', { reason });
    const startedAtMs = this.#clock.monotonicMs();
    let isClean = true;
    for (const { name, close } of this.#steps.toReversed()) {
      const leftMs = this.#deadlineMs - (this.#clock.monotonicMs() - startedAtMs);
      if (!(await this.#closeStep(name, close, Math.max(0, leftMs)))) isClean = false;
    }
    const durationMs = Math.round(this.#clock.monotonicMs() - startedAtMs);
    this.#logger.info('shutdown_finished', { isClean, durationMs });
    return isClean;
  }

  async #closeStep(
    name: string,
    close: () => Promise<void> | void,
    leftMs: number,
  ): Promise<boolean> {
    const stop = new AbortController();
    const timeout = this.#clock.sleep(leftMs, stop.signal).then(() => 'timeout' as const);
    const closed = Promise.resolve()
      .then(close)
      .then(
        () => 'closed' as const,
        (error: unknown) => {
          this.#logger.error('shutdown_step_failed', { step: name, error });
          return 'failed' as const;
        },
      );
    const outcome = await Promise.race([closed, timeout]);
    stop.abort();
    if (outcome === 'timeout')
      this.#logger.error('shutdown_step_timed_out', { step: name, leftMs });
    return outcome === 'closed';
  }
}
