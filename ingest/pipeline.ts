/** One stream's way from message to row: decode, validate, batch, commit, ack; what is refused goes to quarantine. */
import type { PubSub } from '@google-cloud/pubsub';
import { messageOf } from '../runtime/index.ts';
import type { Clock, Logger } from '../runtime/index.ts';
import { compileValidator } from '../streams/index.ts';
import type { Refusal, Row, Stream, Validate } from '../streams/index.ts';
import type { Metrics } from '../telemetry/index.ts';
import type { AppendResult, NewRow, Warehouse } from '../warehouse/index.ts';
import { BatchRunner } from './batch-runner.ts';
import { BatchTelemetry } from './batch-telemetry.ts';
import { commitRows, isWarehouseRetryable } from './commit.ts';
import { decode } from './decode.ts';
import { publishTimeMicrosOf } from './message.ts';
import type { IncomingMessage } from './message.ts';
import { QuarantineWriter } from './quarantine-writer.ts';
import { retryDelayMs, retryUntilDone } from './retry.ts';
import { StreamCounters } from './stats.ts';

/** Bounds of one stream's ingest; times in milliseconds. */
export interface IngestLimits {
  readonly batchRowsMax: number;
  readonly batchBytesMax: number;
  readonly batchWaitMs: number;
  readonly commitsInFlightMax: number;
  readonly messagesInFlightMax: number;
  /** Largest message, as sent and unpacked. */
  readonly messageBytesMax: number;
}

export interface PipelineOptions {
  readonly stream: Stream;
  readonly pubsub: PubSub;
  readonly warehouse: Warehouse;
  readonly limits: IngestLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where commits are measured; absent: they are not. */
  readonly metrics?: Metrics;
}

/** A good message that waits for its commit. */
interface Item {
  readonly message: IncomingMessage;
  /** Absent where the row is large and packed: it is unpacked again for its commit. */
  readonly row: Row | undefined;
}

/**
 * Packed messages that unpack to more than this are not held unpacked: 10,000 in flight hold at most 160 MB of rows,
 * however well they were packed.
 */
const HELD_UNPACKED_BYTES_MAX = 16_384;

type Read =
  | { readonly ok: true; readonly row: Row; readonly unpackedBytes: number }
  | { readonly ok: false; readonly refusal: Refusal };

export class StreamPipeline {
  readonly counters = new StreamCounters();
  readonly #options: PipelineOptions;
  readonly #validate: Validate;
  readonly #rows: BatchRunner<Item>;
  readonly #quarantine: QuarantineWriter;
  readonly #abort = new AbortController();
  readonly #telemetry: BatchTelemetry | undefined;

  constructor(options: PipelineOptions) {
    const { limits, clock } = options;
    this.#options = options;
    this.#telemetry =
      options.metrics && new BatchTelemetry({ ...options, metrics: options.metrics });
    this.#validate = compileValidator(options.stream);
    this.#rows = new BatchRunner({
      limits: {
        rowsMax: limits.batchRowsMax,
        bytesMax: limits.batchBytesMax,
        waitMs: limits.batchWaitMs,
      },
      inFlightMax: limits.commitsInFlightMax,
      clock,
      run: (batch) => this.#commitBatch(batch),
    });
    this.#quarantine = new QuarantineWriter({
      ...options,
      counters: this.counters,
      signal: this.#abort.signal,
      onRecorded: (message) => this.#ack(message),
    });
  }

  /** Takes a message in, synchronously, and never throws: the client would swallow it and keep the lease. */
  receive(message: IncomingMessage): void {
    this.counters.noteReceived(message.publishTime.getTime());
    const read = this.#read(message);
    if (!read.ok) {
      this.#quarantine.add(message, read.refusal);
      return;
    }
    const isHeld =
      read.unpackedBytes <= HELD_UNPACKED_BYTES_MAX || read.unpackedBytes <= message.data.length;
    this.#rows.add({ message, row: isHeld ? read.row : undefined }, read.unpackedBytes);
  }

  /**
   * Commits and acks what was taken in, at once; after `deadlineMs` gives up on the rest, which stays unacked.
   * Resolves with whether nothing is left.
   */
  async drain(deadlineMs: number): Promise<boolean> {
    const isDone = this.#rows.flush().then(() => this.#quarantine.flush());
    const timeout = new AbortController();
    await Promise.race([isDone, this.#options.clock.sleep(deadlineMs, timeout.signal)]);
    timeout.abort();
    this.#abort.abort();
    return this.counters.inFlightCount === 0;
  }

  #read(message: IncomingMessage): Read {
    try {
      const decoded = decode(
        message.data,
        message.attributes,
        this.#options.limits.messageBytesMax,
      );
      if (!decoded.ok) return decoded;
      const validated = this.#validate(decoded.event, this.#options.clock.nowMs());
      return validated.ok
        ? { ok: true, row: validated.row, unpackedBytes: decoded.unpackedBytes }
        : { ok: false, refusal: validated.problems[0] };
    } catch (error) {
      // A value nested deeper than the stack allows; anything else is a bug, and the message must not be lost for it.
      if (!(error instanceof RangeError)) this.#options.logger.error('validator_failed', { error });
      return {
        ok: false,
        refusal: {
          code: error instanceof RangeError ? 'too_large' : 'wrong_type',
          reason: `the event cannot be checked: ${messageOf(error)}`,
        },
      };
    }
  }

  async #commitBatch(batch: readonly Item[]): Promise<void> {
    const measured = this.#telemetry?.startBatch(batch.map(({ message }) => message));
    const commit = () => this.#commitUntilDone(batch);
    const result = await (measured ? measured.run(commit) : commit());
    if (!result) return;
    const { counters } = this;
    const refused = new Map(result.rejected.map(({ index, reason }) => [index, reason]));
    counters.committedCount += result.committedCount;
    counters.duplicateCount += result.duplicateCount;
    const nowMs = this.#options.clock.nowMs();
    let oldestPublishMs = nowMs;
    for (const [index, { message }] of batch.entries()) {
      const reason = refused.get(index);
      if (reason !== undefined) {
        this.#quarantine.add(message, { code: 'refused_by_warehouse', reason });
        continue;
      }
      const publishMs = message.publishTime.getTime();
      oldestPublishMs = Math.min(oldestPublishMs, publishMs);
      measured?.readable(nowMs - publishMs);
      this.#ack(message);
    }
    counters.lastCommitAtMs = nowMs;
    counters.freshnessSeconds = (nowMs - oldestPublishMs) / 1_000;
  }

  /** `undefined` where ingest was closed before the warehouse took the batch. */
  async #commitUntilDone(batch: readonly Item[]): Promise<AppendResult | undefined> {
    const { counters } = this;
    const { clock, warehouse, stream, logger } = this.#options;
    const signal = this.#abort.signal;
    const storedBefore = counters.committedCount + counters.duplicateCount;
    let isPaused = false;
    const onRetry = (error: unknown, attempt: number) => {
      counters.retryCount += 1;
      if (!isPaused) counters.pausedBatchCount += 1;
      isPaused = true;
      logger.warn('commit_failed', { error, attempt, rowCount: batch.length });
    };
    const append = (rows: readonly NewRow[]) =>
      retryUntilDone(() => warehouse.append(stream, rows), {
        clock,
        signal,
        isRetryable: isWarehouseRetryable,
        onRetry,
      });
    // Other batches that were stored since then prove that the table takes rows.
    const isSinkProven = () => counters.committedCount + counters.duplicateCount > storedBefore;
    try {
      for (let attempt = 1; !signal.aborted; attempt += 1) {
        try {
          return await commitRows(append, this.#rowsOf(batch), isSinkProven);
        } catch (error) {
          onRetry(error, attempt);
          await clock.sleep(retryDelayMs(attempt), signal);
        }
      }
      return undefined;
    } finally {
      if (isPaused) counters.pausedBatchCount -= 1;
    }
  }

  #rowsOf(batch: readonly Item[]): NewRow[] {
    return batch.map(({ message, row }) => ({
      row: row ?? this.#rereadRow(message),
      messageId: message.id,
      publishTimeMicros: publishTimeMicrosOf(message),
    }));
  }

  #rereadRow(message: IncomingMessage): Row {
    const read = this.#read(message);
    if (!read.ok) throw new Error(`message ${message.id} was read before: ${read.refusal.reason}`);
    return read.row;
  }

  #ack(message: IncomingMessage): void {
    message.ack();
    this.counters.noteAcked(message.publishTime.getTime());
  }
}
