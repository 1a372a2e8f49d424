/** A trace as it is kept for whoever is shown it: plain data, scrubbed as an export is. */
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { z } from 'zod';
import type { SpanRole } from './traces.ts';

export interface KeptSpan {
  readonly spanId: string;
  /** Absent at the root; of another process, or not kept, where no span of the trace has it. */
  readonly parentSpanId?: string | undefined;
  readonly name: string;
  readonly role: SpanRole;
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly isFailed: boolean;
  /** The code of the failure. */
  readonly status?: string | undefined;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** Spans of other traces that it belongs with. */
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

export interface KeptTrace {
  readonly traceId: string;
  /** As they ended, and not by their begin. */
  readonly spans: readonly KeptSpan[];
}

const ROLES: Readonly<Record<SpanKind, SpanRole>> = {
  [SpanKind.INTERNAL]: 'internal',
  [SpanKind.CLIENT]: 'client',
  [SpanKind.SERVER]: 'server',
  [SpanKind.PRODUCER]: 'producer',
  [SpanKind.CONSUMER]: 'consumer',
};
const LINKS_MAX = 16;

const ids = { traceId: z.string(), spanId: z.string() };
const spanSchema = z.object({
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  role: z.enum(['internal', 'client', 'server', 'producer', 'consumer']),
  startedAtMs: z.number(),
  durationMs: z.number(),
  isFailed: z.boolean(),
  status: z.string().optional(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  links: z.array(z.object(ids)),
});

/** What was kept as JSON. */
export const keptTraceSchema: z.ZodType<KeptTrace> = z.object({
  traceId: z.string(),
  spans: z.array(spanSchema),
});

/** `span` as it may be exported: its attributes are those of the closed list. */
export function keptSpan(span: ReadableSpan): KeptSpan {
  const { status, parentSpanContext, attributes } = span;
  const isFailed = status.code === SpanStatusCode.ERROR;
  return {
    spanId: span.spanContext().spanId,
    ...(parentSpanContext ? { parentSpanId: parentSpanContext.spanId } : {}),
    name: span.name,
    role: ROLES[span.kind],
    startedAtMs: millisOf(span.startTime),
    durationMs: millisOf(span.duration),
    isFailed,
    ...(isFailed && status.message !== undefined ? { status: status.message } : {}),
    attributes: Object.fromEntries(
      Object.entries(attributes).flatMap(([name, value]) =>
        typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
          ? [[name, value]]
          : [],
      ),
    ),
    links: span.links
      .slice(0, LINKS_MAX)
      .map(({ context: { traceId, spanId } }) => ({ traceId, spanId })),
  };
}

/** A trace as the API says it: spans by their begin, instants in UTC, durations in seconds. */
export function traceJson({ traceId, spans }: KeptTrace) {
  const sorted = spans.toSorted((a, b) => a.startedAtMs - b.startedAtMs);
  const startedAtMs = sorted[0]?.startedAtMs ?? 0;
  const endedAtMs = Math.max(
    startedAtMs,
    ...spans.map((each) => each.startedAtMs + each.durationMs),
  );
  return {
    trace: traceId,
    started_at: new Date(startedAtMs).toISOString(),
    duration_seconds: seconds(endedAtMs - startedAtMs),
    is_failed: spans.some(({ isFailed }) => isFailed),
    spans: sorted.map((span) => ({
      span: span.spanId,
      parent: span.parentSpanId ?? null,
      name: span.name,
      role: span.role,
      starts_after_seconds: seconds(span.startedAtMs - startedAtMs),
      duration_seconds: seconds(span.durationMs),
      is_failed: span.isFailed,
      status: span.status ?? null,
      attributes: span.attributes,
      links: span.links.map((link) => ({ trace: link.traceId, span: link.spanId })),
    })),
  };
}

export type TraceJson = ReturnType<typeof traceJson>;
export type SpanJson = TraceJson['spans'][number];

/** To the microsecond, without the noise of doubles. */
function seconds(ms: number): number {
  return Math.round(ms * 1_000) / 1e6;
}

function millisOf([wholeSeconds, nanos]: ReadableSpan['duration']): number {
  return wholeSeconds * 1_000 + nanos / 1e6;
}
