/** An ingester's counters and its watermark lag as metrics, read whenever metrics are collected. */
import type { Clock } from '../runtime/index.ts';
import { REFUSAL_CODES } from '../streams/index.ts';
import type { Stream } from '../streams/index.ts';
import type { Metrics } from '../telemetry/index.ts';
import type { StreamStats } from './stats.ts';
import { watermarkLag } from './watermark-lag.ts';

/** What a Pub/Sub server says of a subscription, by its full name. */
export interface Backlog {
  readonly subscription: string;
  readonly oldestUnackedMessageAgeSeconds: number;
}

export interface IngestTelemetryOptions {
  readonly metrics: Metrics;
  readonly streams: readonly Stream[];
  readonly stats: () => readonly StreamStats[];
  /** Known of an embedded server in this process; on Google Cloud its own metric is read instead. */
  readonly backlog?: () => Promise<readonly Backlog[]>;
  readonly clock: Clock;
}

/** A backlog that takes longer is left out of the lag: collecting must not hang with the server. */
const BACKLOG_TIMEOUT_MS = 1_000;

/** Starts to observe; every series is there from the start. */
export function observeIngest(options: IngestTelemetryOptions): void {
  const { metrics, streams, stats, clock } = options;
  const startedAtMs = clock.nowMs();
  const each = (pick: (of: StreamStats) => number) => () =>
    stats().map((of) => ({ labels: { stream: of.stream }, value: pick(of) }));

  metrics.observe(
    'ingest_received_total',
    each((of) => of.receivedCount),
  );
  metrics.observe(
    'ingest_retries_total',
    each((of) => of.retryCount),
  );
  metrics.observe(
    'ingest_ack_failures_total',
    each((of) => of.ackFailureCount),
  );
  metrics.observe(
    'ingest_resubscribes_total',
    each((of) => of.resubscribeCount),
  );
  metrics.observe(
    'ingest_in_flight_messages',
    each((of) => of.inFlightCount),
  );
  metrics.observe(
    'ingest_is_paused',
    each((of) => (of.isPaused ? 1 : 0)),
  );
  metrics.observe(
    'ingest_last_commit_timestamp_seconds',
    each((of) => (of.lastCommitAtMs ?? 0) / 1_000),
  );
  metrics.observe('ingest_messages_total', () =>
    stats().flatMap(({ stream, committedCount, duplicateCount, quarantinedCount }) => [
      { labels: { stream, outcome: 'committed' }, value: committedCount },
      { labels: { stream, outcome: 'duplicate' }, value: duplicateCount },
      { labels: { stream, outcome: 'quarantined' }, value: quarantinedCount },
    ]),
  );
  metrics.observe('ingest_dead_letters_total', () =>
    stats().flatMap(({ stream, deadLetteredCount, deadLetterRefusedCount }) => [
      { labels: { stream, outcome: 'published' }, value: deadLetteredCount },
      { labels: { stream, outcome: 'refused' }, value: deadLetterRefusedCount },
    ]),
  );
  metrics.observe('ingest_refusals_total', () =>
    stats().flatMap(({ stream, refusalCounts }) =>
      REFUSAL_CODES.map((reason) => ({
        labels: { stream, reason },
        value: refusalCounts[reason] ?? 0,
      })),
    ),
  );

  const lags = async () => {
    const backlog = await promptBacklog(options);
    const nowMs = clock.nowMs();
    const byStream = new Map(stats().map((of) => [of.stream, of]));
    return streams.map((stream) => {
      const suffix = `/subscriptions/${stream.subscription}`;
      const row = backlog.find(({ subscription }) => subscription.endsWith(suffix));
      const of = byStream.get(stream.name);
      return {
        stream,
        lag: watermarkLag({
          nowMs,
          oldestPublishAtMs: of?.oldestPublishAtMs ?? null,
          oldestUnackedSeconds: row?.oldestUnackedMessageAgeSeconds ?? 0,
          newestPublishAtMs: of?.newestPublishAtMs ?? null,
          startedAtMs,
          expectEveryMs: stream.expectEveryMs,
        }),
      };
    });
  };
  metrics.observe('ingest_watermark_lag_seconds', async () =>
    (await lags()).map(({ stream, lag }) => ({
      labels: { stream: stream.name },
      value: lag.lagSeconds,
    })),
  );
  metrics.observe('ingest_overdue_seconds', async () =>
    (await lags())
      .filter(({ stream }) => stream.expectEveryMs !== undefined)
      .map(({ stream, lag }) => ({ labels: { stream: stream.name }, value: lag.overdueSeconds })),
  );
}

async function promptBacklog({
  backlog,
  clock,
}: IngestTelemetryOptions): Promise<readonly Backlog[]> {
  if (!backlog) return [];
  const stop = new AbortController();
  const timeout = clock.sleep(BACKLOG_TIMEOUT_MS, stop.signal).then(() => []);
  try {
    return await Promise.race([backlog(), timeout]);
  } finally {
    stop.abort();
  }
}
