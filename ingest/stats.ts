/** What a stream's ingest has done so far: plain counters, read by telemetry and by the log. */

export interface StreamStats {
  readonly stream: string;
  /** Messages handed over by the client, redeliveries included. */
  readonly receivedCount: number;
  readonly committedCount: number;
  /** Messages whose event id was stored already; acked. */
  readonly duplicateCount: number;
  readonly quarantinedCount: number;
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
}

/** The counters behind `StreamStats`. */
export class StreamCounters {
  receivedCount = 0;
  committedCount = 0;
  duplicateCount = 0;
  quarantinedCount = 0;
  ackFailureCount = 0;
  retryCount = 0;
  resubscribeCount = 0;
  inFlightCount = 0;
  /** Batches that wait for a sink to come back. */
  pausedBatchCount = 0;
  lastCommitAtMs: number | null = null;
  freshnessSeconds: number | null = null;

  snapshot(stream: string): StreamStats {
    return {
      stream,
      receivedCount: this.receivedCount,
      committedCount: this.committedCount,
      duplicateCount: this.duplicateCount,
      quarantinedCount: this.quarantinedCount,
      ackFailureCount: this.ackFailureCount,
      retryCount: this.retryCount,
      resubscribeCount: this.resubscribeCount,
      inFlightCount: this.inFlightCount,
      isPaused: this.pausedBatchCount > 0,
      lastCommitAtMs: this.lastCommitAtMs,
      freshnessSeconds: this.freshnessSeconds,
    };
  }
}
