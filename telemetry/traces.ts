/** Spans as the rooms make them: over the OpenTelemetry API, so that they cost next to nothing while traces are off. */
import {
  context,
  isSpanContextValid,
  ProxyTracerProvider,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { Attributes, Context, Link, Span, SpanContext } from '@opentelemetry/api';
import { isAppError } from '../runtime/index.ts';
import type { LogFields } from '../runtime/index.ts';
import type { TraceIds } from './bucket-exemplars.ts';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';

/** The message attribute in which Google's own clients carry the context, so that their producers' traces go on here. */
export const TRACE_ATTRIBUTE = 'googclient_traceparent';

export type SpanRole = 'internal' | 'client' | 'server' | 'producer' | 'consumer';
const KINDS = {
  internal: SpanKind.INTERNAL,
  client: SpanKind.CLIENT,
  server: SpanKind.SERVER,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const satisfies Record<SpanRole, SpanKind>;

export interface SpanOptions {
  readonly role?: SpanRole;
  readonly attributes?: Attributes;
  readonly links?: readonly SpanContext[];
  /** The context that the span continues; the active one where absent, none for `root`. */
  readonly parent?: SpanContext | 'root';
  readonly startAtMs?: number;
}

/** Whether spans go anywhere. */
export function isTracing(): boolean {
  const provider = trace.getTracerProvider();
  return (
    !(provider instanceof ProxyTracerProvider) ||
    provider.getDelegateTracer('highwater') !== undefined
  );
}

/** Starts a span; the caller ends it. */
export function startSpan(name: string, options: SpanOptions = {}): Span {
  const { role = 'internal', attributes, links = [], parent, startAtMs } = options;
  return trace.getTracer('highwater').startSpan(
    name,
    {
      kind: KINDS[role],
      ...(attributes && { attributes }),
      ...(links.length > 0 && { links: links.map((each): Link => ({ context: each })) }),
      ...(startAtMs !== undefined && { startTime: startAtMs }),
      root: parent === 'root',
    },
    contextFor(parent),
  );
}

/** Runs `run` with `span` as the active one. */
export function withSpan<T>(span: Span, run: () => T): T {
  return context.with(trace.setSpan(context.active(), span), run);
}

/** Runs `run` in a span of its own, which ends with it; a rejection is its error. */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  run: () => Promise<T>,
): Promise<T> {
  const span = startSpan(name, options);
  try {
    return await withSpan(span, run);
  } catch (error) {
    markFailed(span, isAppError(error) ? error.code : 'internal');
    throw error;
  } finally {
    span.end();
  }
}

/** Marks a span as failed, by a code and never by data: traces with one are kept whatever the sampling. */
export function markFailed(span: Span, code: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message: code });
}

/** The active span's ids, and whether its trace is sampled: for exemplars. */
export function observedTrace(atMs: number, span = trace.getActiveSpan()): TraceIds | undefined {
  const ids = span?.spanContext();
  if (!ids || !isSpanContextValid(ids)) return undefined;
  const { traceId, spanId, traceFlags } = ids;
  return { traceId, spanId, atMs, isSampled: (traceFlags & 1) === 1 };
}

/** Attributes that carry the active trace on a message; none while traces are off. */
export function traceAttributes(): Record<string, string> {
  const ids = trace.getActiveSpan()?.spanContext();
  return ids && isSpanContextValid(ids) ? { [TRACE_ATTRIBUTE]: formatTraceparent(ids) } : {};
}

/** The context that a message carries, by Google's attribute or by W3C's plain one. */
export function messageTrace(
  attributes: Readonly<Record<string, string>>,
): SpanContext | undefined {
  return parseTraceparent(attributes[TRACE_ATTRIBUTE] ?? attributes['traceparent']);
}

/** The active trace in Cloud Logging's fields. Source: LogEntry.trace, spanId and traceSampled. */
export function traceLogFields(projectId: string, span = trace.getActiveSpan()): LogFields {
  const ids = span?.spanContext();
  if (!ids || !isSpanContextValid(ids)) return {};
  return {
    'logging.googleapis.com/trace': `projects/${projectId}/traces/${ids.traceId}`,
    'logging.googleapis.com/spanId': ids.spanId,
    'logging.googleapis.com/trace_sampled': (ids.traceFlags & 1) === 1,
  };
}

function contextFor(parent: SpanContext | 'root' | undefined): Context {
  if (parent === undefined || parent === 'root') return context.active();
  return trace.setSpanContext(context.active(), parent);
}
