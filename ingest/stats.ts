/** What a stream's ingest has done so far: plain counters, read by telemetry and by the log. */
import type { RefusalCode } from '../streams/index.ts';
import { PublishTimes } from './publish-times.ts';

export interface StreamStats {
  readonly stream: string;
  /** Messages handed over by the client, redeliveries included. */
  readonly receivedCount: number;
  readonly committedCount: number;
  /** Messages whose event id was stored already; acked. */
  readonly duplicateCount: number;
  readonly quarantinedCount: number;
  /** Quarantined messages by reason; reasons that never occurred are absent. */
  readonly refusalCounts: Readonly<Partial<Record<RefusalCode, number>>>;
  readonly deadLetteredCount: number;
  /** Refused messages that the dead-letter topic will never take; quarantine has them. */
  readonly deadLetterRefusedCount: number;
  /** Ack or lease calls that the client reported as failed. */
  readonly ackFailureCount: number;
  /** Attempts that failed and were tried again: warehouse and dead-letter topic. */
  readonly retryCount: number;
  /** Times that a new subscription was opened after an error. */
  readonly resubscribeCount: number;
  /** Messages leased, neither acked nor given back. */
  readonly inFlightCount: number;
  /** Whether the warehouse refuses work at present; leases are held. */
  readonly isPaused: boolean;
  /** `null` before the first commit. */
  readonly lastCommitAtMs: number | null;
  /** Publish to commit of the slowest message of the newest batch; `null` before the first commit. */
  readonly freshnessSeconds: number | null;
  /** Publish time of the oldest message that was received and is not dealt with; `null` where there is none. */
  readonly oldestPublishAtMs: number | null;
  /** Newest publish time received; `null` before the first message. */
  readonly newestPublishAtMs: number | null;
}

/** The counters behind `StreamStats`. */
export class StreamCounters {
  receivedCount = 0;
  committedCount = 0;
  duplicateCount = 0;
  quarantinedCount = 0;
  readonly refusalCounts: Partial<Record<RefusalCode, number>> = {};
  deadLetteredCount = 0;
  deadLetterRefusedCount = 0;
  ackFailureCount = 0;
  retryCount = 0;
  resubscribeCount = 0;
  inFlightCount = 0;
  /** Batches that wait for a sink to come back. */
  pausedBatchCount = 0;
  lastCommitAtMs: number | null = null;
  freshnessSeconds: number | null = null;
  readonly publishTimes = new PublishTimes();
  newestPublishAtMs: number | null = null;

  noteRefusal(code: RefusalCode): void {
    this.quarantinedCount += 1;
    this.refusalCounts[code] = (this.refusalCounts[code] ?? 0) + 1;
  }

  noteReceived(publishAtMs: number): void {
    this.receivedCount += 1;
    this.inFlightCount += 1;
    this.publishTimes.add(publishAtMs);
    if (this.newestPublishAtMs === null || publishAtMs > this.newestPublishAtMs) {
      this.newestPublishAtMs = publishAtMs;
    }
  }

  noteAcked(publishAtMs: number): void {
    this.inFlightCount -= 1;
    this.publishTimes.remove(publishAtMs);
  }

  snapshot(stream: string): StreamStats {
    return {
      stream,
      receivedCount: this.receivedCount,
      committedCount: this.committedCount,
      duplicateCount: this.duplicateCount,
      quarantinedCount: this.quarantinedCount,
      refusalCounts: { ...this.refusalCounts },
      deadLetteredCount: this.deadLetteredCount,
      deadLetterRefusedCount: this.deadLetterRefusedCount,
      ackFailureCount: this.ackFailureCount,
      retryCount: this.retryCount,
      resubscribeCount: this.resubscribeCount,
      inFlightCount: this.inFlightCount,
      isPaused: this.pausedBatchCount > 0,
      lastCommitAtMs: this.lastCommitAtMs,
      freshnessSeconds: this.freshnessSeconds,
      oldestPublishAtMs: this.publishTimes.oldestAtMs(),
      newestPublishAtMs: this.newestPublishAtMs,
    };
  }
}
