/** What of a span leaves the process: nothing that a message, a client or a library put there unasked. */
import test from 'ava';
import { exportableSpan, SPAN_ATTRIBUTES } from '../../telemetry/span-scrubber.ts';
import { ALWAYS_IN_SHARE, keeperRig } from './spans.ts';

function scrubbed(change: (span: ReturnType<ReturnType<typeof keeperRig>['start']>) => void) {
  const { start, spans } = keeperRig({ share: 1, traceIds: [ALWAYS_IN_SHARE] });
  const span = start('events ingest', { atMs: 1_000 });
  change(span);
  span.end(1_250);
  return spans()[0]!;
}

test('listed attributes stay, each other one is left out', (t) => {
  const { attributes } = scrubbed((span) =>
    span.setAttributes({
      'http.route': '/v1/slos',
      'http.response.status_code': 200,
      'messaging.gcp_pubsub.message.ack_id': 'projects/p/subscriptions/s:12',
      ack_id: 'projects/p/subscriptions/s:12',
      'http.request.header.authorization': 'Bearer s3cret',
      'url.full': 'http://host/?token=s3cret',
      payload: '{"amount": 12.5}',
    }),
  );
  t.deepEqual(attributes, { 'http.route': '/v1/slos', 'http.response.status_code': 200 });
});

test('no listed attribute is one for a payload, a token, a URL or an ack id', (t) => {
  const words = /ack|token|auth|header|body|payload|url|query|key|data|user|client|address/;
  t.deepEqual(
    SPAN_ATTRIBUTES.filter((name) => words.test(name)),
    [],
  );
});

test('values are cut at 256 characters, lists and objects are left out', (t) => {
  const { attributes, name } = scrubbed((span) => {
    span.updateName('n'.repeat(1_000));
    span.setAttribute('http.route', 'r'.repeat(1_000));
    span.setAttribute('db.operation.name', ['a', 'b']);
  });
  t.is(String(attributes['http.route']).length, 256);
  t.is(attributes['db.operation.name'], undefined);
  t.is(name.length, 256);
});

test('events, and so recorded exceptions, are left out', (t) => {
  const { events } = scrubbed((span) => {
    span.recordException(new Error('the payload was {"amount": 12.5}'));
    span.addEvent('received', { payload: 'secret' });
  });
  t.deepEqual(events, []);
});

for (const [message, kept] of [
  ['warehouse_unavailable', 'warehouse_unavailable'],
  ['status 503', 'status 503'],
  ['Cannot read {"amount": 12.5}', undefined],
  ['x'.repeat(65), undefined],
] as const) {
  test(`a failed span ${kept === undefined ? 'loses' : 'keeps'} the message ${message.slice(0, 30)}`, (t) => {
    const { status } = scrubbed((span) => span.setStatus({ code: 2, message }));
    t.deepEqual(status, kept === undefined ? { code: 2 } : { code: 2, message: kept });
  });
}

test('what makes a trace stays: ids, parent, kind, times, links without their attributes', (t) => {
  const { start, spans } = keeperRig({ share: 1 });
  const root = start('request', { atMs: 1_000 });
  const to = { traceId: ALWAYS_IN_SHARE, spanId: 'd'.repeat(16), traceFlags: 1 };
  start('query', {
    parent: root,
    atMs: 1_010,
    links: [{ context: to, attributes: { payload: 'secret' } }],
  }).end(1_250);
  const span = exportableSpan(spans()[0]!);
  t.is(span.spanContext().traceId, root.spanContext().traceId);
  t.is(span.parentSpanContext?.spanId, root.spanContext().spanId);
  t.deepEqual(span.duration, [0, 240_000_000]);
  t.deepEqual(span.links, [{ context: to }]);
});
