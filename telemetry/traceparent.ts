/** W3C trace context in one header: `00-{trace id}-{span id}-{flags}`. Source: https://www.w3.org/TR/trace-context/ */
import type { SpanContext } from '@opentelemetry/api';

const PATTERN = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;

/** `undefined` where it is none: a faulty header starts a new trace. Version 00 ends after the flags. */
export function parseTraceparent(text: string | undefined): SpanContext | undefined {
  const match = text === undefined ? null : PATTERN.exec(text);
  if (!match) return undefined;
  const [, traceId = '', spanId = '', flags = '', more] = match;
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return undefined;
  if (more !== undefined && text?.startsWith('00')) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

export function formatTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & 1}`;
}
