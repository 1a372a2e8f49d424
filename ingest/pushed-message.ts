/** A message that Pub/Sub posted instead of having it pulled, on its way through the same pipeline. */
import { AppError } from '../runtime/index.ts';
import type { Clock } from '../runtime/index.ts';
import type { StreamPipeline } from './pipeline.ts';

export interface PushedMessage {
  readonly id: string;
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
  /** 0 where the subscription counts none. */
  readonly deliveryAttempt: number;
  readonly publishTimeMicros: number;
}

/**
 * How long the answer to a push waits for the commit; Pub/Sub's own ack deadline begins at 10 s. A message that is given up
 * here is stored all the same, and dropped as a duplicate when it comes again.
 */
export const PUSH_WAIT_MS = 9_000;

/**
 * Resolves once the message's row is committed or its refusal is recorded.
 * @throws AppError `overloaded` where as many are under way as may, `warehouse_unavailable` where it is not stored in time.
 */
export function receivePushed(
  pipeline: StreamPipeline,
  { publishTimeMicros, ...message }: PushedMessage,
  { messagesInFlightMax, clock }: { messagesInFlightMax: number; clock: Clock },
): Promise<void> {
  if (pipeline.counters.inFlightCount >= messagesInFlightMax) {
    return Promise.reject(
      new AppError('overloaded', 'As many messages are under way as may be; push it again later.'),
    );
  }
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(
      PUSH_WAIT_MS,
      () =>
        reject(
          new AppError('warehouse_unavailable', 'The message is not stored yet; push it again.'),
        ),
      true,
    );
    pipeline.receive({
      ...message,
      publishTime: {
        getTime: () => Math.floor(publishTimeMicros / 1_000),
        getMicroseconds: () => publishTimeMicros % 1_000,
      },
      ack() {
        timer.cancel();
        resolve();
      },
    });
  });
}
