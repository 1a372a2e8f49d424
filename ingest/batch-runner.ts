/** Runs batches against an asynchronous step: so many at once, in order of arrival, each waiting no longer than it may. */
import type { Clock, Timer } from '../runtime/index.ts';
import { Batcher } from './batcher.ts';
import type { BatchLimits } from './batcher.ts';

export interface BatchRunnerOptions<T> {
  readonly limits: BatchLimits;
  readonly inFlightMax: number;
  readonly clock: Clock;
  /** Never rejects: what it cannot finish it leaves unacked. */
  readonly run: (batch: readonly T[]) => Promise<void>;
}

export class BatchRunner<T> {
  readonly #options: BatchRunnerOptions<T>;
  readonly #batcher: Batcher<T>;
  #timer: Timer | undefined;
  #inFlightCount = 0;
  #isFlushing = false;
  #onIdle: (() => void)[] = [];

  constructor(options: BatchRunnerOptions<T>) {
    this.#options = options;
    this.#batcher = new Batcher(options.limits);
  }

  add(item: T, bytes: number): void {
    this.#batcher.add(item, bytes, this.#options.clock.monotonicMs());
    if (this.#batcher.hasSealed() || this.#isFlushing) this.#startBatches();
    else if (!this.#timer) this.#setTimer();
  }

  isIdle(): boolean {
    return (
      this.#inFlightCount === 0 &&
      !this.#batcher.hasSealed() &&
      this.#batcher.dueAtMs() === undefined
    );
  }

  /** From now on batches do not wait to fill. Resolves once nothing is left. */
  flush(): Promise<void> {
    this.#isFlushing = true;
    this.#startBatches();
    if (this.isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  #startBatches(): void {
    while (this.#inFlightCount < this.#options.inFlightMax) {
      if (this.#isFlushing && !this.#batcher.hasSealed()) this.#batcher.seal();
      const batch = this.#batcher.take(this.#options.clock.monotonicMs());
      if (!batch) break;
      this.#inFlightCount += 1;
      void this.#options.run(batch).finally(() => this.#finishBatch());
    }
    if (this.#inFlightCount < this.#options.inFlightMax) this.#setTimer();
  }

  #finishBatch(): void {
    this.#inFlightCount -= 1;
    this.#startBatches();
    if (!this.isIdle()) return;
    for (const resolve of this.#onIdle) resolve();
    this.#onIdle = [];
  }

  #setTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const dueAtMs = this.#batcher.dueAtMs();
    if (dueAtMs === undefined) return;
    const delayMs = Math.max(1, Math.ceil(dueAtMs - this.#options.clock.monotonicMs()));
    this.#timer = this.#options.clock.setTimer(delayMs, () => {
      this.#timer = undefined;
      this.#startBatches();
    });
  }
}
