/** What a commit leaves behind: freshness by row, duration, size, and spans that join the messages' traces. */
import type { SpanContext } from '@opentelemetry/api';
import type { Clock } from '../runtime/index.ts';
import type { Stream } from '../streams/index.ts';
import {
  isTracing,
  markFailed,
  messageTrace,
  observedTrace,
  startSpan,
  withSpan,
} from '../telemetry/index.ts';
import type { HistogramSeries, Metrics } from '../telemetry/index.ts';
import type { IncomingMessage } from './message.ts';

/** Links of a batch span, and spans of single messages beside it. Source: the SDK's default of 128 links a span. */
const MESSAGE_SPANS_MAX = 128;

/** One batch under way. */
export interface MeasuredBatch {
  /** Commits; the spans end with it. `undefined` means that ingest gave up. */
  run<T>(commit: () => Promise<T | undefined>): Promise<T | undefined>;
  /** Once for each message whose row can be read now. */
  readable(sincePublishMs: number): void;
}

export class BatchTelemetry {
  readonly #clock: Clock;
  readonly #stream: Stream;
  readonly #freshness: HistogramSeries;
  readonly #duration: HistogramSeries;
  readonly #rows: HistogramSeries;

  constructor({ metrics, stream, clock }: { metrics: Metrics; stream: Stream; clock: Clock }) {
    const labels = { stream: stream.name };
    this.#clock = clock;
    this.#stream = stream;
    this.#freshness = metrics.histogram('ingest_freshness_seconds', labels);
    this.#duration = metrics.histogram('ingest_commit_duration_seconds', labels);
    this.#rows = metrics.histogram('ingest_batch_rows', labels);
  }

  startBatch(messages: readonly IncomingMessage[]): MeasuredBatch {
    const startedAtMs = this.#clock.monotonicMs();
    const trace = isTracing() ? this.#startSpans(messages) : undefined;
    return {
      run: async (commit) => {
        const result = await (trace ? trace.run(commit) : commit());
        const seconds = (this.#clock.monotonicMs() - startedAtMs) / 1_000;
        this.#duration.observe(seconds, trace?.ids());
        this.#rows.observe(messages.length);
        return result;
      },
      readable: (sincePublishMs) =>
        this.#freshness.observe(Math.max(0, sincePublishMs) / 1_000, trace?.ids()),
    };
  }

  /**
   * The batch has a span of its own, linked to the traces of its messages; each of these has a consumer span until the
   * commit, linked back, so that either trace leads to the other.
   */
  #startSpans(messages: readonly IncomingMessage[]) {
    const { name, subscription } = this.#stream;
    const traced: { readonly message: IncomingMessage; readonly parent: SpanContext }[] = [];
    for (const message of messages) {
      if (traced.length >= MESSAGE_SPANS_MAX) break;
      const parent = messageTrace(message.attributes);
      if (parent) traced.push({ message, parent });
    }
    const batchSpan = startSpan(`${name} commit`, {
      parent: 'root',
      attributes: {
        'messaging.system': 'gcp_pubsub',
        'messaging.destination.subscription.name': subscription,
        'messaging.batch.message_count': messages.length,
      },
      links: traced.map(({ parent }) => parent),
    });
    const batch = batchSpan.spanContext();
    const spans = traced.map(({ message, parent }) =>
      startSpan(`${name} ingest`, {
        role: 'consumer',
        parent,
        links: [batch],
        attributes: {
          'messaging.system': 'gcp_pubsub',
          'messaging.operation.type': 'process',
          'messaging.message.id': message.id,
        },
      }),
    );
    const all = [...spans, batchSpan];
    return {
      ids: () => observedTrace(this.#clock.nowMs(), spans[0] ?? batchSpan),
      run: async <T>(commit: () => Promise<T | undefined>): Promise<T | undefined> => {
        try {
          const result = await withSpan(batchSpan, commit);
          if (result === undefined) for (const span of all) markFailed(span, 'given up at close');
          return result;
        } catch (error) {
          for (const span of all) markFailed(span, 'failed');
          throw error;
        } finally {
          for (const span of all) span.end();
        }
      },
    };
  }
}
