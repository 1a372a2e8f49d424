/** Time as a dependency: wall time, monotonic time and timers behind one interface. */

/** A timer that was set; cancelling twice is harmless. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall time in milliseconds since 1970-01-01T00:00:00Z; may jump. For instants that are stored or shown. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start; never goes back. For elapsed time and deadlines. */
  monotonicMs(): number;
  /** Calls `callback` once after `delayMs`. A pending timer does not keep the process alive if `isBackground`. */
  setTimer(delayMs: number, callback: () => void, isBackground?: boolean): Timer;
  /** Resolves after `delayMs`, or at once when `signal` aborts (it does not reject: the caller looks at the signal). */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, callback, isBackground = false) {
    const handle = setTimeout(callback, delayMs);
    if (isBackground) handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
};

/** `Clock.sleep` in terms of `Clock.setTimer`. */
export function sleepOn(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const onAbort = () => {
      timer.cancel();
      resolve();
    };
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
