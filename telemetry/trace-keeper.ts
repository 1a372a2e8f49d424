/** Decides on a trace when it is over: its share is kept anyway, one with an error or a slow span too, the rest is left. */
import { SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import { exportableSpan } from './span-scrubber.ts';

export type SpanOutcome = 'sampled' | 'kept' | 'left' | 'dropped';

/** Traces under way beyond the sampled ones; the oldest is given up for a new one. About 1 KB a span, 8 spans: 8 MB. */
const TRACES_MAX = 1_000;
/** Spans held of one trace: as many as a batch commit has beside it. */
const SPANS_MAX = 160;

interface Held {
  openCount: number;
  isKept: boolean;
  readonly spans: ReadableSpan[];
}

export class TraceKeeper implements SpanProcessor {
  readonly #next: SpanProcessor;
  readonly #slowMs: number;
  readonly #count: (outcome: SpanOutcome, count: number) => void;
  readonly #held = new Map<string, Held>();

  /** `next` gets what is kept, scrubbed. */
  constructor(options: {
    readonly next: SpanProcessor;
    /** A span of this length keeps its trace. */
    readonly slowMs: number;
    readonly count: (outcome: SpanOutcome, count: number) => void;
  }) {
    this.#next = options.next;
    this.#slowMs = options.slowMs;
    this.#count = options.count;
  }

  onStart(span: Pick<ReadableSpan, 'spanContext'>): void {
    const { traceId, traceFlags } = span.spanContext();
    if (isSampled(traceFlags)) return;
    const held = this.#held.get(traceId);
    if (held) {
      held.openCount += 1;
      return;
    }
    if (this.#held.size >= TRACES_MAX) this.#giveUpOldest();
    this.#held.set(traceId, { openCount: 1, isKept: false, spans: [] });
  }

  onEnd(span: ReadableSpan): void {
    const { traceId, traceFlags } = span.spanContext();
    if (isSampled(traceFlags)) {
      this.#count('sampled', 1);
      this.#next.onEnd(exportableSpan(span));
      return;
    }
    const held = this.#held.get(traceId);
    if (!held) {
      this.#count('dropped', 1);
      return;
    }
    held.openCount -= 1;
    if (held.spans.length < SPANS_MAX) held.spans.push(span);
    else this.#count('dropped', 1);
    held.isKept ||= span.status.code === SpanStatusCode.ERROR || millisOf(span) >= this.#slowMs;
    if (held.openCount > 0) return;
    this.#held.delete(traceId);
    this.#count(held.isKept ? 'kept' : 'left', held.spans.length);
    if (held.isKept) for (const each of held.spans) this.#next.onEnd(exportableSpan(each));
  }

  forceFlush(): Promise<void> {
    return this.#next.forceFlush();
  }

  shutdown(): Promise<void> {
    this.#held.clear();
    return this.#next.shutdown();
  }

  #giveUpOldest(): void {
    for (const [traceId, { spans }] of this.#held) {
      this.#held.delete(traceId);
      this.#count('dropped', spans.length);
      return;
    }
  }
}

function isSampled(traceFlags: number): boolean {
  return (traceFlags & TraceFlags.SAMPLED) !== 0;
}

function millisOf({ duration: [seconds, nanos] }: ReadableSpan): number {
  return seconds * 1_000 + nanos / 1e6;
}
