/** Ingest of all streams: a subscription and a pipeline each. */
import type { PubSub } from '@google-cloud/pubsub';
import { AppError } from '../runtime/index.ts';
import type { Clock, Logger } from '../runtime/index.ts';
import type { Stream } from '../streams/index.ts';
import type { Metrics } from '../telemetry/index.ts';
import type { Warehouse } from '../warehouse/index.ts';
import { StreamPipeline } from './pipeline.ts';
import type { IngestLimits } from './pipeline.ts';
import type { StreamStats } from './stats.ts';
import { receivePushed } from './pushed-message.ts';
import type { PushedMessage } from './pushed-message.ts';
import { StreamSubscriber } from './subscriber.ts';
import { ensureTopology } from './topology.ts';

export interface IngestOptions {
  readonly pubsub: PubSub;
  /** Prepared for `streams`. */
  readonly warehouse: Warehouse;
  readonly streams: readonly Stream[];
  readonly limits: IngestLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where commits are measured; absent: they are not. Counters are read from `stats()`. */
  readonly metrics?: Metrics;
  /** Whether messages are pulled, or only taken in by `push`; default: pulled. */
  readonly intake?: 'pull' | 'push';
  /** Called for each message instead of taking it in; the message waits, leased, until `take` is called. */
  readonly onIntake?: (take: () => void) => void;
}

export interface Ingest {
  /**
   * Takes a message of a stream in; resolves once it may be acked: its row is committed or its refusal recorded.
   * @throws AppError `not_found`, `overloaded`, `warehouse_unavailable`.
   */
  push(streamName: string, message: PushedMessage): Promise<void>;
  stats(): readonly StreamStats[];
  /** Whether every stream's subscription is open and its warehouse takes rows. */
  isHealthy(): boolean;
  /**
   * Stops intake, commits and acks what was taken in, and closes, within 10 s. Where the warehouse is down, its
   * messages stay unacked and come again.
   */
  close(): Promise<void>;
}

/** Time for the last commits at close; below the client's own 5 s, after which it gives back what is not acked. */
const DRAIN_DEADLINE_MS = 4_500;
/** For a client that does not come back from its close. */
const CLOSE_DEADLINE_MS = 9_000;

/**
 * Creates what is missing of topics and subscriptions, then starts to take messages in.
 * @throws AppError `messages_unavailable` where Pub/Sub does not answer.
 */
export async function startIngest(options: IngestOptions): Promise<Ingest> {
  const { pubsub, streams, limits, clock, onIntake } = options;
  const isPulling = options.intake !== 'push';
  // A pull subscription that nobody reads would only fill.
  if (isPulling) await ensureTopology(pubsub, streams);
  const parts = streams.map((stream) => {
    const logger = options.logger.child({ stream: stream.name });
    const pipeline = new StreamPipeline({ ...options, stream, logger });
    const subscriber = new StreamSubscriber({
      stream,
      pubsub,
      messagesInFlightMax: limits.messagesInFlightMax,
      clock,
      logger,
      counters: pipeline.counters,
      onMessage: onIntake
        ? (message) => onIntake(() => pipeline.receive(message))
        : (message) => pipeline.receive(message),
    });
    return { stream, pipeline, subscriber, logger };
  });
  if (isPulling) for (const { subscriber } of parts) subscriber.open();
  let closing: Promise<void> | undefined;

  const closePart = async ({ pipeline, subscriber, logger }: (typeof parts)[number]) => {
    const closed = subscriber.close();
    const isDrained = await pipeline.drain(DRAIN_DEADLINE_MS);
    const timeout = new AbortController();
    await Promise.race([
      closed,
      clock.sleep(CLOSE_DEADLINE_MS - DRAIN_DEADLINE_MS, timeout.signal),
    ]);
    timeout.abort();
    const { inFlightCount } = pipeline.counters;
    if (!isDrained) logger.warn('ingest_closed_with_messages', { unackedCount: inFlightCount });
  };

  return {
    push(streamName, message) {
      const part = parts.find(({ stream }) => stream.name === streamName);
      if (!part || closing) {
        const error = part
          ? new AppError('overloaded', 'The ingester is closing; push it again later.')
          : new AppError('not_found', `There is no stream ${streamName}.`);
        return Promise.reject(error);
      }
      return receivePushed(part.pipeline, message, { ...limits, clock });
    },
    stats: () => parts.map(({ stream, pipeline }) => pipeline.counters.snapshot(stream.name)),
    isHealthy: () =>
      parts.every(
        ({ pipeline, subscriber }) =>
          (!isPulling || subscriber.isHealthy()) && pipeline.counters.pausedBatchCount === 0,
      ),
    close() {
      closing ??= Promise.all(parts.map(closePart)).then(() => undefined);
      return closing;
    },
  };
}
