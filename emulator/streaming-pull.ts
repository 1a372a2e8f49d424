/** One StreamingPull call: its first request opens it, later ones ping, ack and change leases. */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Logger } from '../runtime/index.ts';
import { acknowledgeAll, modifyAll } from './acknowledging.ts';
import type { Broker } from './broker.ts';
import type { Subscription } from './broker-state.ts';
import { toServiceError } from './calls.ts';
import type { Delivery } from './delivery.ts';
import type { Consumer } from './dispatcher.ts';
import { failedPrecondition, invalidArgument } from './pubsub-status.ts';
import { checkResourceName } from './resource-names.ts';
import { concat } from './wire.ts';
import {
  encodeConfirmation,
  encodeProperties,
  encodeReceivedMessages,
  RESPONSE_BYTES_MAX,
  RESPONSE_MESSAGES_MAX,
} from './wire-responses.ts';

export interface StreamingPullRequest {
  readonly subscription?: string;
  readonly ackIds?: readonly string[];
  readonly modifyDeadlineSeconds?: readonly number[];
  readonly modifyDeadlineAckIds?: readonly string[];
  readonly streamAckDeadlineSeconds?: number;
  readonly clientId?: string;
  readonly maxOutstandingMessages?: number;
  readonly maxOutstandingBytes?: number;
  readonly protocolVersion?: number;
}

type StreamingPullCall = ServerDuplexStream<StreamingPullRequest, Buffer>;

/** Source: StreamingPullRequest.stream_ack_deadline_seconds */
const STREAM_DEADLINE_SECONDS = { min: 10, max: 600 };
/** Leases of a stream that asks for no limit. */
const UNLIMITED = { messages: 100_000, bytes: 256 * 2 ** 20 };
/** Responses handed to the transport and not yet taken by it: a slow reader is given no more. */
const WRITES_IN_FLIGHT_MAX = 4;

/** Serves `call` until it ends; whatever goes wrong ends this call alone. */
export function serveStreamingPull(call: StreamingPullCall, broker: Broker, logger: Logger): void {
  let stream: OpenStream | undefined;
  const close = () => stream?.close();
  const fail = (error: unknown) => {
    close();
    call.emit('error', toServiceError(error, logger));
  };
  call.on('data', (request: StreamingPullRequest) => {
    try {
      if (stream === undefined) stream = openStream(call, request, broker, fail);
      else stream.onRequest(request);
    } catch (error) {
      fail(error);
    }
  });
  call.on('end', () => {
    close();
    if (!call.writableEnded) call.end();
  });
  call.on('cancelled', close);
  call.on('close', close);
  // A transport error ends the call; without a listener it would end the process.
  call.on('error', close);
}

function openStream(
  call: StreamingPullCall,
  request: StreamingPullRequest,
  broker: Broker,
  fail: (error: unknown) => void,
): OpenStream {
  if (!request.subscription) throw invalidArgument('first message must set subscription');
  const seconds = request.streamAckDeadlineSeconds ?? 0;
  if (seconds === 0) throw invalidArgument('first message must set stream_ack_deadline_seconds');
  checkStreamDeadline(seconds);
  const subscription = broker.subscription(
    checkResourceName('subscriptions', request.subscription),
  );
  if (subscription.definition.detached) throw failedPrecondition('Subscription is detached.');
  const stream = new OpenStream({ call, request, broker, subscription, fail });
  subscription.dispatcher.add(stream);
  stream.onAcks(request);
  return stream;
}

class OpenStream implements Consumer {
  readonly #call: StreamingPullCall;
  readonly #broker: Broker;
  readonly #subscription: Subscription;
  readonly #fail: (error: unknown) => void;
  readonly #messagesMax: number;
  readonly #bytesMax: number;
  ackDeadlineMs: number;
  #leasedMessages = 0;
  #leasedBytes = 0;
  #writesInFlight = 0;
  #isClosed = false;

  constructor(options: {
    call: StreamingPullCall;
    request: StreamingPullRequest;
    broker: Broker;
    subscription: Subscription;
    fail: (error: unknown) => void;
  }) {
    const { request } = options;
    this.#call = options.call;
    this.#broker = options.broker;
    this.#subscription = options.subscription;
    this.#fail = options.fail;
    this.#messagesMax = limit(request.maxOutstandingMessages, UNLIMITED.messages);
    this.#bytesMax = limit(request.maxOutstandingBytes, UNLIMITED.bytes);
    this.ackDeadlineMs = (request.streamAckDeadlineSeconds ?? 0) * 1000;
  }

  room() {
    const bytesLeft = this.#bytesMax - this.#leasedBytes;
    const hasRoom = !this.#isClosed && this.#writesInFlight < WRITES_IN_FLIGHT_MAX && bytesLeft > 0;
    return {
      messagesMax: hasRoom
        ? Math.max(0, Math.min(this.#messagesMax - this.#leasedMessages, RESPONSE_MESSAGES_MAX))
        : 0,
      bytesMax: Math.min(bytesLeft, RESPONSE_BYTES_MAX),
    };
  }

  deliver(deliveries: readonly Delivery[]): void {
    this.#leasedMessages += deliveries.length;
    for (const delivery of deliveries) this.#leasedBytes += delivery.byteCount;
    const hasAttempts = this.#subscription.queue.settings.deliveryAttemptsMax !== undefined;
    try {
      this.#write(
        encodeReceivedMessages(deliveries, (segment) => this.#broker.payload(segment), hasAttempts),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  onLeaseEnded(byteCount: number): void {
    this.#leasedMessages--;
    this.#leasedBytes -= byteCount;
  }

  /** A later request; an empty one is a ping, and every one is answered. */
  onRequest(request: StreamingPullRequest): void {
    if (request.subscription)
      throw invalidArgument('subscription may only be set in first message');
    if (request.maxOutstandingMessages || request.maxOutstandingBytes) {
      throw invalidArgument(
        'max_outstanding_messages and max_outstanding_bytes may only be set in first message',
      );
    }
    if (request.clientId) throw invalidArgument('client_id may only be set in first message');
    if (request.protocolVersion) {
      throw invalidArgument('protocol_version may only be set in first message');
    }
    if (request.streamAckDeadlineSeconds) {
      checkStreamDeadline(request.streamAckDeadlineSeconds);
      this.ackDeadlineMs = request.streamAckDeadlineSeconds * 1000;
    }
    if (!this.onAcks(request)) this.#write();
  }

  /** Applies acks and lease changes; true where a confirmation was sent. */
  onAcks(request: StreamingPullRequest): boolean {
    const ackIds = request.ackIds ?? [];
    const modifiedIds = request.modifyDeadlineAckIds ?? [];
    const seconds = request.modifyDeadlineSeconds ?? [];
    if (modifiedIds.length !== seconds.length) {
      throw invalidArgument('ack IDs and deadlines must have the same size');
    }
    const confirmations: Buffer[] = [];
    if (ackIds.length > 0) {
      const { applied, invalid } = acknowledgeAll(this.#subscription, ackIds);
      confirmations.push(encodeConfirmation(5, applied, invalid));
    }
    if (modifiedIds.length > 0) {
      const { applied, invalid } = modifyAll(
        this.#broker,
        this.#subscription,
        modifiedIds,
        (index) => seconds[index] ?? 0,
      );
      confirmations.push(encodeConfirmation(3, applied, invalid));
    }
    if (confirmations.length === 0 || !this.#subscription.queue.settings.isExactlyOnce)
      return false;
    this.#write(...confirmations);
    return true;
  }

  end(error?: Error): void {
    if (this.#isClosed) return;
    if (error) this.#fail(error);
    else this.#call.end();
    this.close();
  }

  /** Takes it out of the rotation; its leases run on until they expire. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#subscription.dispatcher.remove(this);
  }

  #write(...parts: readonly Buffer[]): void {
    if (this.#isClosed || this.#call.destroyed || this.#call.writableEnded) return;
    const { isExactlyOnce, isOrdered } = this.#subscription.queue.settings;
    this.#writesInFlight++;
    this.#call.write(concat(...parts, encodeProperties(isExactlyOnce, isOrdered)), () => {
      this.#writesInFlight--;
      if (!this.#isClosed) this.#subscription.dispatcher.wake();
    });
  }
}

function limit(asked: number | undefined, unlimited: number): number {
  return asked !== undefined && asked > 0 ? asked : unlimited;
}

function checkStreamDeadline(seconds: number): void {
  const { min, max } = STREAM_DEADLINE_SECONDS;
  if (seconds >= min && seconds <= max) return;
  throw invalidArgument(
    `stream_ack_deadline_seconds must be between ${min} and ${max} seconds; got ${seconds}`,
  );
}
