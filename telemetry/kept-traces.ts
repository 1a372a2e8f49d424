/** The newest traces that were kept, for whoever is shown one: in memory, bounded, those with a failed or slow span the longest. */
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import { keptSpan } from './kept-trace.ts';
import type { KeptSpan, KeptTrace } from './kept-trace.ts';

/** Of one trace; a commit of a batch has as many beside it. */
const SPANS_MAX = 160;

interface Held {
  readonly spans: KeptSpan[];
  isBad: boolean;
}

/**
 * Stands between what decides on traces and what exports them, and passes everything on. Half of the room is for traces with a
 * failed or slow span, so that the many good ones do not push out the few that somebody is shown.
 */
export class KeptTraces implements SpanProcessor {
  readonly #next: SpanProcessor | undefined;
  readonly #slowMs: number;
  readonly #halfMax: number;
  /** Each the oldest first. */
  readonly #good = new Map<string, Held>();
  readonly #bad = new Map<string, Held>();

  constructor(options: {
    readonly next?: SpanProcessor | undefined;
    /** A span of this length makes a trace one that is kept longer. */
    readonly slowMs: number;
    /** Traces at once, about 1 KB a span. */
    readonly tracesMax: number;
  }) {
    this.#next = options.next;
    this.#slowMs = options.slowMs;
    this.#halfMax = Math.max(1, Math.floor(options.tracesMax / 2));
  }

  get(traceId: string): KeptTrace | undefined {
    const held = this.#bad.get(traceId) ?? this.#good.get(traceId);
    return held && { traceId, spans: [...held.spans] };
  }

  onStart(): void {
    // Only what has ended is kept.
  }

  onEnd(span: ReadableSpan): void {
    this.#keep(span.spanContext().traceId, keptSpan(span));
    this.#next?.onEnd(span);
  }

  async forceFlush(): Promise<void> {
    await this.#next?.forceFlush();
  }

  async shutdown(): Promise<void> {
    await this.#next?.shutdown();
  }

  #keep(traceId: string, span: KeptSpan): void {
    const held = this.#bad.get(traceId) ?? this.#good.get(traceId) ?? { spans: [], isBad: false };
    if (held.spans.length < SPANS_MAX) held.spans.push(span);
    const wasBad = held.isBad;
    held.isBad ||= span.isFailed || span.durationMs >= this.#slowMs;
    if (held.isBad && !wasBad) this.#good.delete(traceId);
    const half = held.isBad ? this.#bad : this.#good;
    half.set(traceId, held);
    if (half.size <= this.#halfMax) return;
    const [oldest] = half.keys();
    if (oldest !== undefined) half.delete(oldest);
  }
}
