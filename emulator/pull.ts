/** A Pull call: answered at once where messages are there, else when one arrives or its time is up. */
import type { ServerUnaryCall } from '@grpc/grpc-js';
import type { Clock } from '../runtime/index.ts';
import type { Broker } from './broker.ts';
import type { Subscription } from './broker-state.ts';
import type { Consumer } from './dispatcher.ts';
import { invalidArgument } from './pubsub-status.ts';
import {
  encodeReceivedMessages,
  RESPONSE_BYTES_MAX,
  RESPONSE_MESSAGES_MAX,
} from './wire-responses.ts';

/** How long a Pull waits for a first message before its empty answer. */
const PULL_WAIT_MS = 30_000;
/** The empty answer leaves this much before the caller's own deadline. */
const PULL_MARGIN_MS = 250;

export interface PullRequest {
  readonly subscription?: string;
  readonly returnImmediately?: boolean;
  readonly maxMessages?: number;
}

export function pull(
  call: ServerUnaryCall<unknown, unknown>,
  request: PullRequest,
  broker: Broker,
  subscription: Subscription,
): Buffer | Promise<Buffer> {
  const messagesMax = Math.min(request.maxMessages ?? 0, RESPONSE_MESSAGES_MAX);
  if (messagesMax <= 0) {
    throw invalidArgument(`max_messages must be a positive number; got ${messagesMax}`);
  }
  const { queue, dispatcher, definition } = subscription;
  const { clock } = broker;
  const ackDeadlineMs = definition.ackDeadlineSeconds * 1000;
  const limits = { messagesMax, bytesMax: RESPONSE_BYTES_MAX, deadlineMs: ackDeadlineMs };
  const encode = (deliveries: ReturnType<typeof queue.lease>) =>
    encodeReceivedMessages(
      deliveries,
      (segment) => broker.payload(segment),
      queue.settings.deliveryAttemptsMax !== undefined,
    );
  const nowMs = clock.monotonicMs();
  queue.tick(nowMs);
  const leased = queue.lease(limits, nowMs);
  dispatcher.wake();
  if (leased.length > 0 || request.returnImmediately) return encode(leased);
  return new Promise((resolve, reject) => {
    let isDone = false;
    const finish = (settle: () => void) => {
      if (isDone) return;
      isDone = true;
      timer.cancel();
      dispatcher.remove(consumer);
      settle();
    };
    const consumer: Consumer = {
      ackDeadlineMs,
      room: () => ({ messagesMax: isDone ? 0 : messagesMax, bytesMax: RESPONSE_BYTES_MAX }),
      deliver(deliveries) {
        try {
          const response = encode([...deliveries]);
          finish(() => resolve(response));
        } catch (error) {
          finish(() => reject(error));
        }
      },
      onLeaseEnded() {},
      end: (error) => finish(() => (error ? reject(error) : resolve(Buffer.alloc(0)))),
    };
    const timer = clock.setTimer(waitMs(call, clock), () => consumer.end(), true);
    call.on('cancelled', () => consumer.end());
    dispatcher.add(consumer);
  });
}

function waitMs(call: ServerUnaryCall<unknown, unknown>, clock: Clock): number {
  const deadline = call.getDeadline();
  const deadlineAtMs = deadline instanceof Date ? deadline.getTime() : deadline;
  const leftMs = deadlineAtMs - clock.nowMs() - PULL_MARGIN_MS;
  return Math.max(0, Math.min(PULL_WAIT_MS, leftMs));
}
