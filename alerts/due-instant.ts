/** The instants at which alerts are evaluated: a whole number of intervals apart, however late a timer fires. */

/** Timers may fire a little before their time. */
const EARLY_MS = 2;

/**
 * The newest instant of `startAtMs + n · intervalMs` that is due. An evaluation is of this instant, so that a `for` of two intervals
 * takes two of them, and not a third where one came a millisecond early. Source: Prometheus, rules/group.go, `EvalTimestamp`.
 */
export function dueInstant(startAtMs: number, intervalMs: number, nowMs: number): number {
  const intervals = Math.floor((nowMs + EARLY_MS - startAtMs) / intervalMs);
  return startAtMs + intervals * intervalMs;
}
