/** Refused messages into the quarantine table and onto the dead-letter topic; only then are they acked. */
import { isUtf8 } from 'node:buffer';
import type { PubSub } from '@google-cloud/pubsub';
import type { Clock, Logger } from '../runtime/index.ts';
import type { Refusal, Stream } from '../streams/index.ts';
import type { QuarantineRecord, Warehouse } from '../warehouse/index.ts';
import { BatchRunner } from './batch-runner.ts';
import { isWarehouseRetryable } from './commit.ts';
import { DeadLetters, isPublishRetryable } from './dead-letter.ts';
import { publishTimeMicrosOf } from './message.ts';
import type { IncomingMessage } from './message.ts';
import type { IngestLimits } from './pipeline.ts';
import { retryUntilDone } from './retry.ts';
import type { StreamCounters } from './stats.ts';

export interface QuarantineWriterOptions {
  readonly stream: Stream;
  readonly pubsub: PubSub;
  readonly warehouse: Warehouse;
  readonly limits: IngestLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: StreamCounters;
  readonly signal: AbortSignal;
  readonly onRecorded: (message: IncomingMessage) => void;
}

interface Refused {
  readonly message: IncomingMessage;
  readonly refusal: Refusal;
  readonly quarantineTimeMicros: number;
}

/** Records in a quarantine write. */
const QUARANTINE_ROWS_MAX = 500;

export class QuarantineWriter {
  readonly #options: QuarantineWriterOptions;
  readonly #deadLetters: DeadLetters;
  readonly #refusals: BatchRunner<Refused>;

  constructor(options: QuarantineWriterOptions) {
    const { limits } = options;
    this.#options = options;
    this.#deadLetters = new DeadLetters(options.pubsub, options.stream);
    this.#refusals = new BatchRunner({
      limits: {
        rowsMax: Math.min(limits.batchRowsMax, QUARANTINE_ROWS_MAX),
        bytesMax: limits.batchBytesMax,
        waitMs: limits.batchWaitMs,
      },
      inFlightMax: 2,
      clock: options.clock,
      run: (batch) => this.#record(batch),
    });
  }

  add(message: IncomingMessage, refusal: Refusal): void {
    const quarantineTimeMicros = this.#options.clock.nowMs() * 1_000;
    this.#refusals.add({ message, refusal, quarantineTimeMicros }, message.data.length);
  }

  /** Resolves once nothing waits any more. */
  flush(): Promise<void> {
    return this.#refusals.flush();
  }

  async #record(batch: readonly Refused[]): Promise<void> {
    let isWritten = false;
    try {
      isWritten = await this.#write(batch, isWarehouseRetryable);
    } catch (error) {
      // One record that the warehouse does not take must not hold back the others: each goes on its own.
      this.#options.logger.error('quarantine_failed', { error, recordCount: batch.length });
      await Promise.all(
        batch.map(async (refused) => {
          if (await this.#write([refused], () => true)) await this.#forward(refused);
        }),
      );
      return;
    }
    if (isWritten) await Promise.all(batch.map((refused) => this.#forward(refused)));
  }

  /** `false` where ingest was closed before. */
  async #write(
    batch: readonly Refused[],
    isRetryable: (error: unknown) => boolean,
  ): Promise<boolean> {
    const { warehouse, clock, signal, counters, logger } = this.#options;
    const records = batch.map((refused) => this.#recordOf(refused));
    let isPaused = false;
    try {
      const isDone = await retryUntilDone(
        async () => {
          await warehouse.quarantine(records);
          return true;
        },
        {
          clock,
          signal,
          isRetryable,
          onRetry: (error, attempt) => {
            counters.retryCount += 1;
            if (!isPaused) counters.pausedBatchCount += 1;
            isPaused = true;
            logger.warn('quarantine_failed', { error, attempt, recordCount: batch.length });
          },
        },
      );
      return isDone === true;
    } finally {
      if (isPaused) counters.pausedBatchCount -= 1;
    }
  }

  async #forward({ message, refusal }: Refused): Promise<void> {
    const { clock, signal, counters, logger, onRecorded } = this.#options;
    try {
      const isDone = await retryUntilDone(
        async () => {
          await this.#deadLetters.publish(message.data, message.attributes, refusal);
          return true;
        },
        {
          clock,
          signal,
          isRetryable: isPublishRetryable,
          onRetry: (error, attempt) => {
            counters.retryCount += 1;
            logger.warn('dead_letter_failed', { error, attempt, messageId: message.id });
          },
        },
      );
      if (!isDone) return;
      counters.deadLetteredCount += 1;
    } catch (error) {
      // Pub/Sub will never take it; the quarantine table holds it whole.
      counters.deadLetterRefusedCount += 1;
      logger.warn('dead_letter_refused', { error, messageId: message.id });
    }
    counters.noteRefusal(refusal.code);
    onRecorded(message);
  }

  #recordOf({ message, refusal, quarantineTimeMicros }: Refused): QuarantineRecord {
    const { stream } = this.#options;
    return {
      stream: stream.name,
      messageId: message.id,
      subscription: stream.subscription,
      publishTimeMicros: publishTimeMicrosOf(message),
      quarantineTimeMicros,
      payloadText: isUtf8(message.data) ? message.data.toString('utf8') : '',
      payload: message.data,
      attributes: message.attributes,
      orderingKey: message.orderingKey ?? '',
      reasonCode: refusal.code,
      reason: refusal.reason,
      deliveryAttempt: message.deliveryAttempt,
    };
  }
}
