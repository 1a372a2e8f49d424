/** How far a stream's readable data is behind what was published, stall or no stall. Pure. */

export interface LagFacts {
  readonly nowMs: number;
  /** Of messages that this process holds; `null` where it holds none. */
  readonly oldestPublishAtMs: number | null;
  /** Age of the subscription's oldest unacked message, where a server tells; else 0. */
  readonly oldestUnackedSeconds: number;
  /** `null` before the first message. */
  readonly newestPublishAtMs: number | null;
  readonly startedAtMs: number;
  /** Longest time between two messages that is still in order. */
  readonly expectEveryMs: number | undefined;
}

/**
 * `lagSeconds` = the largest of: the age of the oldest message held here, the age of the oldest message that the server
 * waits for an ack of, and the time since a message was due that did not come. So it rises while nothing at all is
 * processed, and is 0 while nothing waits and nothing is overdue.
 */
export function watermarkLag(facts: LagFacts): {
  readonly lagSeconds: number;
  readonly overdueSeconds: number;
} {
  const { nowMs, oldestPublishAtMs, newestPublishAtMs, startedAtMs, expectEveryMs } = facts;
  const heldSeconds = oldestPublishAtMs === null ? 0 : (nowMs - oldestPublishAtMs) / 1_000;
  const dueAtMs =
    expectEveryMs === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(newestPublishAtMs ?? startedAtMs, startedAtMs) + expectEveryMs;
  const overdueSeconds = Math.max(0, (nowMs - dueAtMs) / 1_000);
  const lagSeconds = Math.max(0, heldSeconds, facts.oldestUnackedSeconds, overdueSeconds);
  return { lagSeconds, overdueSeconds };
}
