/** What a try means for its delivery: done, again later, or given up. Pure. */
import type { SendResult } from './channel.ts';
import type { Delivery, DeliveryChange } from './outbox.ts';
import { retryDelayMs } from './retry-delay.ts';

export interface DeliveryDecision {
  /** `stopped`: we cut the try off ourselves, and it counts neither way. */
  readonly outcome: 'delivered' | 'retried' | 'refused' | 'given_up' | 'stopped';
  readonly change: DeliveryChange;
  /** What the receiver said, or what went wrong. */
  readonly detail: string;
  /** Where it is tried again. */
  readonly waitMs?: number;
}

export interface DecisionInputs {
  readonly nowMs: number;
  /** Age at which a failing delivery is given up. */
  readonly giveUpAfterMs: number;
  /** 0 to 1. */
  readonly random: number;
  readonly isStopped: boolean;
}

export function decideDelivery(
  delivery: Delivery,
  result: SendResult,
  { nowMs, giveUpAfterMs, random, isStopped }: DecisionInputs,
): DeliveryDecision {
  const { attemptCount, nextAttemptAtMs } = delivery;
  const finished = { attemptCount, nextAttemptAtMs, finishedAtMs: nowMs };
  if (result.outcome === 'delivered') {
    const change = { ...finished, state: 'delivered' } as const;
    return { outcome: 'delivered', change, detail: result.detail };
  }
  const { reason } = result;
  const isOld = nowMs - delivery.createdAtMs >= giveUpAfterMs;
  if (result.outcome === 'refused' || (isOld && !isStopped)) {
    const state = result.outcome === 'refused' ? 'refused' : 'given_up';
    return { outcome: state, change: { ...finished, state, lastError: reason }, detail: reason };
  }
  const waitMs = isStopped ? 0 : retryDelayMs(attemptCount, random, result.retryAfterMs);
  return {
    outcome: isStopped ? 'stopped' : 'retried',
    change: { state: 'pending', attemptCount, nextAttemptAtMs: nowMs + waitMs, lastError: reason },
    detail: reason,
    waitMs,
  };
}
