/** Traces kept in memory for whoever is shown one: the newest, the bad ones the longest, all of it passed on. */
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { NoopSpanProcessor } from '@opentelemetry/sdk-trace';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import test from 'ava';
import { keptTraceSchema, traceJson } from '../../telemetry/index.ts';
import { KeptTraces } from '../../telemetry/kept-traces.ts';
import { fail, keeperRig } from './spans.ts';

/** A span as it ends in the SDK, of a trace and with a length. */
function ended(name: string, ms: number, options: { failed?: boolean } = {}) {
  const { start, spans } = keeperRig({ share: 1 });
  const span = start(name);
  if (options.failed) fail(span);
  span.end(ms);
  return spans()[0]!;
}

/** Each rig counts its ids from 1; spans of different traces need different ones. */
function ofTrace(span: ReadableSpan, traceId: string): ReadableSpan {
  return { ...span, spanContext: () => ({ ...span.spanContext(), traceId }) };
}
const idOf = (n: number) => n.toString(16).padStart(32, '0');

test('a trace is kept by all its spans, and each span is passed on', (t) => {
  const through: ReadableSpan[] = [];
  const next = new NoopSpanProcessor();
  next.onEnd = (span: ReadableSpan) => void through.push(span);
  const kept = new KeptTraces({ next, slowMs: 500, tracesMax: 10 });
  const [first, second] = [ended('query', 5), ended('request', 9)].map((each) =>
    ofTrace(each, idOf(1)),
  );
  kept.onEnd(first!);
  kept.onEnd(second!);
  t.deepEqual(
    kept.get(idOf(1))?.spans.map(({ name, durationMs }) => [name, durationMs]),
    [
      ['query', 5],
      ['request', 9],
    ],
  );
  t.deepEqual(through, [first, second]);
  t.is(kept.get(idOf(2)), undefined);
});

test('good traces push out good ones; those with a failed or slow span stay until newer bad ones come', (t) => {
  const kept = new KeptTraces({ slowMs: 500, tracesMax: 4 });
  kept.onEnd(ofTrace(ended('failed', 1, { failed: true }), idOf(1)));
  kept.onEnd(ofTrace(ended('slow', 500), idOf(2)));
  for (let n = 10; n < 20; n++) kept.onEnd(ofTrace(ended('good', 499), idOf(n)));
  const known = [1, 2, ...Array.from({ length: 10 }, (_, n) => n + 10)].filter((n) =>
    kept.get(idOf(n)),
  );
  t.deepEqual(known, [1, 2, 18, 19]);
  kept.onEnd(ofTrace(ended('failed', 1, { failed: true }), idOf(3)));
  t.is(kept.get(idOf(1)), undefined, 'the oldest of the bad ones');
  t.truthy(kept.get(idOf(2)));
});

test('a trace that turns out bad moves, with the spans before', (t) => {
  const kept = new KeptTraces({ slowMs: 500, tracesMax: 2 });
  kept.onEnd(ofTrace(ended('query', 1), idOf(1)));
  kept.onEnd(ofTrace(ended('request', 2, { failed: true }), idOf(1)));
  kept.onEnd(ofTrace(ended('other', 1), idOf(2)));
  kept.onEnd(ofTrace(ended('another', 1), idOf(3)));
  t.deepEqual(
    kept.get(idOf(1))?.spans.map(({ name }) => name),
    ['query', 'request'],
  );
  t.is(kept.get(idOf(2)), undefined);
});

test('of one trace at most 160 spans are kept', (t) => {
  const kept = new KeptTraces({ slowMs: 500, tracesMax: 2 });
  const span = ofTrace(ended('message', 1), idOf(1));
  for (let n = 0; n < 200; n++) kept.onEnd(span);
  t.is(kept.get(idOf(1))?.spans.length, 160);
});

test('a trace is plain data: the same after JSON, and told by its begin', (t) => {
  const kept = new KeptTraces({ slowMs: 500, tracesMax: 2 });
  const link = { traceId: idOf(9), spanId: 'a'.repeat(16), traceFlags: 1 };
  const base = ended('request', 250.5);
  kept.onEnd({
    ...ofTrace(base, idOf(1)),
    kind: SpanKind.CONSUMER,
    startTime: [1_000, 500_000],
    parentSpanContext: { ...link, spanId: 'b'.repeat(16) },
    status: { code: SpanStatusCode.ERROR, message: 'internal' },
    attributes: { 'http.route': '/x', 'http.response.status_code': 500, tags: ['no', 'list'] },
    links: [{ context: link }],
  });
  const trace = kept.get(idOf(1))!;
  t.deepEqual(keptTraceSchema.parse(JSON.parse(JSON.stringify(trace))), trace);
  t.deepEqual(traceJson(trace), {
    trace: idOf(1),
    started_at: '1970-01-01T00:16:40.000Z',
    duration_seconds: 0.2505,
    is_failed: true,
    spans: [
      {
        span: base.spanContext().spanId,
        parent: 'b'.repeat(16),
        name: 'request',
        role: 'consumer',
        starts_after_seconds: 0,
        duration_seconds: 0.2505,
        is_failed: true,
        status: 'internal',
        attributes: { 'http.route': '/x', 'http.response.status_code': 500 },
        links: [{ trace: idOf(9), span: 'a'.repeat(16) }],
      },
    ],
  });
});
