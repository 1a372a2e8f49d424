/** What of a span may leave the process: a closed list of attributes; payloads, tokens and ack ids are none of them. */
import { TraceFlags } from '@opentelemetry/api';
import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** A new attribute is added here on purpose, or it is not exported. */
export const SPAN_ATTRIBUTES: readonly string[] = [
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'db.operation.name',
  'db.collection.name',
  'db.operation.batch.size',
  'messaging.system',
  'messaging.operation.type',
  'messaging.destination.name',
  'messaging.destination.subscription.name',
  'messaging.batch.message_count',
  'messaging.message.id',
  'error.type',
];

const VALUE_LENGTH_MAX = 256;
/** Status texts of ours are codes; a longer one came from elsewhere. */
const STATUS_PATTERN = /^[\w .-]{1,64}$/;

/** The span as it may be exported, marked as sampled: whoever asks for it has decided. */
export function exportableSpan(span: ReadableSpan): ReadableSpan {
  const ids = { ...span.spanContext(), traceFlags: TraceFlags.SAMPLED };
  const { code, message } = span.status;
  const status =
    message !== undefined && STATUS_PATTERN.test(message) ? { code, message } : { code };
  return {
    name: span.name.slice(0, VALUE_LENGTH_MAX),
    kind: span.kind,
    spanContext: () => ids,
    ...(span.parentSpanContext ? { parentSpanContext: span.parentSpanContext } : {}),
    startTime: span.startTime,
    endTime: span.endTime,
    status,
    attributes: allowed(span.attributes),
    links: span.links.map(({ context }) => ({ context })),
    events: [],
    duration: span.duration,
    ended: span.ended,
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  };
}

function allowed(attributes: Attributes): Attributes {
  const kept: Attributes = {};
  for (const name of SPAN_ATTRIBUTES) {
    const value = attributes[name];
    if (typeof value === 'string') kept[name] = value.slice(0, VALUE_LENGTH_MAX);
    else if (typeof value === 'number' || typeof value === 'boolean') kept[name] = value;
  }
  return kept;
}
