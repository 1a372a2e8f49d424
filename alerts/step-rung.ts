/** One rung for one label group, from one evaluation to the next, as Prometheus's alerting rules do it. */
import type { SignalValue } from '../telemetry/index.ts';
import type { AlertState } from './alert-state.ts';
import type { Policy, Rung } from './policy.ts';

/**
 * The state after an evaluation in which the condition held with `element`, or did not hold; `undefined` is inactive.
 * - It is pending from the first evaluation at which it holds, and fires at the first one `forMs` or more later.
 * - A pending one that does not hold once is forgotten.
 * - A firing one that does not hold goes on for less than `keepFiringForMs` since the first evaluation without it.
 * - A time longer than `gapMs` without evaluation (a restart) counts neither for the one nor for the other.
 * Source: Prometheus, rules/alerting.go, `AlertingRule.Eval`; the restoring of `for` after a restart.
 */
export function stepRung(
  before: AlertState | undefined,
  element: SignalValue | undefined,
  { policy, rung }: { readonly policy: Policy; readonly rung: Rung },
  { nowMs, gapMs }: { readonly nowMs: number; readonly gapMs: number },
): AlertState | undefined {
  if (!before) {
    if (!element) return undefined;
    const isFiring = rung.forMs <= 0;
    return {
      policy: policy.name,
      rung: rung.name,
      labels: element.labels,
      phase: isFiring ? 'firing' : 'pending',
      activeSinceAtMs: nowMs,
      ...(isFiring ? { firedAtMs: nowMs } : {}),
      seenAtMs: nowMs,
      value: element.value,
    };
  }
  const unseenMs = nowMs - before.seenAtMs;
  const skippedMs = unseenMs > gapMs ? unseenMs : 0;
  if (element) return held(before, element, rung, nowMs, skippedMs);
  if (before.phase === 'pending') return undefined;
  const endedAtMs = before.endedAtMs === undefined ? nowMs : before.endedAtMs + skippedMs;
  if (nowMs - endedAtMs >= rung.keepFiringForMs) return undefined;
  return { ...before, endedAtMs, seenAtMs: nowMs };
}

function held(
  before: AlertState,
  { value }: SignalValue,
  rung: Rung,
  nowMs: number,
  skippedMs: number,
): AlertState {
  const { endedAtMs: _, ...rest } = before;
  if (before.phase === 'firing') return { ...rest, seenAtMs: nowMs, value };
  const activeSinceAtMs = before.activeSinceAtMs + skippedMs;
  const isFiring = nowMs - activeSinceAtMs >= rung.forMs;
  return {
    ...rest,
    activeSinceAtMs,
    ...(isFiring ? { phase: 'firing', firedAtMs: nowMs } : {}),
    seenAtMs: nowMs,
    value,
  };
}
