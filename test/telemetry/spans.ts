/** Spans for tests, by the SDK itself: what a keeper lets through is kept in memory. */
import type { Link, Span, SpanContext } from '@opentelemetry/api';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import type { IdGenerator, ReadableSpan } from '@opentelemetry/sdk-trace';
import { NoopSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { TraceKeeper } from '../../telemetry/trace-keeper.ts';
import type { SpanOutcome } from '../../telemetry/trace-keeper.ts';
import { ShareSampler } from '../../telemetry/trace-sampler.ts';

/** Above every share below 1, and below every share above 0. */
export const NEVER_IN_SHARE = `${'a'.repeat(24)}ffffffff`;
export const ALWAYS_IN_SHARE = `${'a'.repeat(24)}00000000`;

export interface SpanStart {
  readonly parent?: Span | SpanContext;
  readonly links?: readonly Link[];
  readonly atMs?: number;
}

export function keeperRig(options: { share?: number; slowMs?: number; traceIds?: string[] } = {}) {
  const through: ReadableSpan[] = [];
  const next = new NoopSpanProcessor();
  next.onEnd = (span: ReadableSpan) => void through.push(span);
  const counts: Record<SpanOutcome, number> = { sampled: 0, kept: 0, left: 0, dropped: 0 };
  const keeper = new TraceKeeper({
    next,
    slowMs: options.slowMs ?? 500,
    count: (outcome, count) => (counts[outcome] += count),
  });
  const given = options.traceIds ?? [];
  let idCount = 0;
  const hex = (length: number) => (++idCount).toString(16).padStart(length, '0');
  const idGenerator: IdGenerator = {
    // Beyond the given ids: unique, and in no share below 1.
    generateTraceId: () => given.shift() ?? `${hex(24)}ffffffff`,
    generateSpanId: () => hex(16),
  };
  const provider = new TracerProvider({
    sampler: new ShareSampler(options.share ?? 0),
    spanProcessors: [keeper],
    idGenerator,
  });
  const tracer = provider.getTracer('test');
  const start = (name: string, { parent, links = [], atMs = 0 }: SpanStart = {}): Span => {
    const above = parent && ('spanContext' in parent ? parent.spanContext() : parent);
    return tracer.startSpan(
      name,
      { startTime: atMs, links: [...links] },
      above ? trace.setSpanContext(context.active(), above) : context.active(),
    );
  };
  return {
    start,
    counts,
    keeper,
    names: () => through.map(({ name }) => name),
    spans: () => through,
  };
}

export function fail(span: Span): Span {
  return span.setStatus({ code: SpanStatusCode.ERROR, message: 'internal' });
}
