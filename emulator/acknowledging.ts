/** Acks and lease changes of a subscription, however they arrived. */
import type { Broker } from './broker.ts';
import type { Subscription } from './broker-state.ts';
import { fitsOneFailure, invalidAckIds, tooManyInvalidAckIds } from './ack-failure.ts';
import { invalidArgument } from './pubsub-status.ts';
import type { AckOutcome } from './subscription-queue.ts';

/** Source: ModifyAckDeadlineRequest.ack_deadline_seconds */
const MODIFIED_DEADLINE_SECONDS_MAX = 600;

export interface AckOutcomes {
  readonly applied: readonly string[];
  readonly invalid: readonly string[];
}

/**
 * Acks all ids.
 * @throws PubsubStatusError INVALID_ARGUMENT where one is malformed or another subscription's, unless exactly-once
 */
export function acknowledgeAll(subscription: Subscription, ackIds: readonly string[]): AckOutcomes {
  return applyAll(subscription, ackIds, (ackId) => subscription.queue.acknowledge(ackId));
}

/** Moves the leases of all ids; `secondsOf` gives the deadline by position. */
export function modifyAll(
  broker: Broker,
  subscription: Subscription,
  ackIds: readonly string[],
  secondsOf: (index: number) => number,
): AckOutcomes {
  const nowMs = broker.clock.monotonicMs();
  for (const index of ackIds.keys()) checkDeadline(secondsOf(index));
  return applyAll(subscription, ackIds, (ackId, index) =>
    subscription.queue.modifyDeadline(ackId, secondsOf(index) * 1000, nowMs),
  );
}

/**
 * `apply` as a unary call of its own. With exactly-once it fails where an id was not applied, and names each; where
 * more would fail than an answer can name it applies none, for an id that is not named may be taken as applied.
 * @throws PubsubStatusError INVALID_ARGUMENT
 */
export function applyAsCall(
  { queue }: Subscription,
  ackIds: readonly string[],
  apply: (ackIds: readonly string[]) => AckOutcomes,
): void {
  if (!queue.settings.isExactlyOnce) {
    apply(ackIds);
    return;
  }
  const distinct = [...new Set(ackIds)];
  const failing = distinct.filter((ackId) => !queue.isLeased(ackId));
  if (!fitsOneFailure(failing)) throw tooManyInvalidAckIds(failing.length, distinct.length);
  const { invalid } = apply(distinct);
  if (invalid.length > 0) throw invalidAckIds(invalid);
}

function applyAll(
  subscription: Subscription,
  ackIds: readonly string[],
  apply: (ackId: string, index: number) => AckOutcome,
): AckOutcomes {
  const applied: string[] = [];
  const invalid: string[] = [];
  let problem: string | undefined;
  for (const [index, ackId] of ackIds.entries()) {
    const outcome = apply(ackId, index);
    if (outcome === 'applied') applied.push(ackId);
    else invalid.push(ackId);
    const shown = ackId.slice(0, 200);
    if (outcome === 'malformed') problem ??= `Invalid ack id (ack_id=${shown})`;
    if (outcome === 'foreign') {
      problem ??= `Subscription ${subscription.definition.name} received an invalid ack ID ${shown}, meant for another subscription.`;
    }
  }
  subscription.dispatcher.wake();
  if (problem !== undefined && !subscription.queue.settings.isExactlyOnce) {
    throw invalidArgument(problem);
  }
  return { applied, invalid };
}

function checkDeadline(seconds: number): void {
  if (seconds < 0) throw invalidArgument('Ack deadline cannot be negative');
  if (seconds > MODIFIED_DEADLINE_SECONDS_MAX) {
    throw invalidArgument(
      `Ack deadline must be between 0 and ${MODIFIED_DEADLINE_SECONDS_MAX} seconds; got ${seconds}.`,
    );
  }
}
