/** OTLP to a collector, seen from the receiver: what arrives, in what portions, and what is said when it is refused. */
import test from 'ava';
import { CATALOGUE, inSpan, metricSpec, startSpan } from '../../telemetry/index.ts';
import type { Answer, OtlpReceiver } from './otlp-receiver.ts';
import { startOtlpReceiver } from './otlp-receiver.ts';
import { startedTelemetry } from './started-telemetry.ts';

/** Source: the Telemetry API's limit, kept for every receiver. */
const POINTS_MAX = 200;

async function receiverFor(t: {
  teardown(close: () => Promise<void>): void;
}): Promise<OtlpReceiver> {
  const receiver = await startOtlpReceiver();
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = receiver.url;
  t.teardown(() => receiver.close());
  return receiver;
}

test.serial(
  'metrics arrive with the names, units, help, labels and bounds of the catalogue',
  async (t) => {
    const receiver = await receiverFor(t);
    const telemetry = await startedTelemetry(t);
    const { metrics } = telemetry;
    const route = {
      http_request_method: 'GET',
      http_route: '/v1/slos',
      http_response_status_code: '200',
    };
    const duration = metrics.histogram('http_server_request_duration_seconds', route);
    for (const seconds of [0.3, 0.3, 0.31, 11]) duration.observe(seconds);
    metrics.counter('ingest_received_total', { stream: 'events' }).add(3);
    metrics.observe('ingest_is_paused', () => [{ labels: { stream: 'events' }, value: 1 }]);
    metrics.observe('pubsub_googleapis_com:subscription_num_undelivered_messages', () => [
      { labels: { subscription_id: 's' }, value: 1 },
    ]);
    await telemetry.flush();

    const points = receiver.points();
    for (const point of points) {
      const spec = metricSpec(point.name)!;
      t.truthy(spec, point.name);
      t.is(point.unit, spec.unit);
      t.is(point.help, spec.help);
      t.deepEqual(Object.keys(point.labels).toSorted(), Object.keys(spec.labels).toSorted());
      t.is(point.kind, spec.kind === 'counter' ? 'sum' : spec.kind);
      if (point.kind === 'histogram') t.deepEqual(point.bounds, spec.bounds);
      if (point.kind !== 'gauge') t.is(point.temporality, 2);
      t.is(point.isMonotonic, point.kind === 'sum');
      t.true(Number.isFinite(point.sum) && Number.isFinite(point.value));
    }
    const one = (name: string, labels: object) =>
      points.find(
        (each) => each.name === name && JSON.stringify(each.labels) === JSON.stringify(labels),
      )!;
    const histogram = one('http_server_request_duration_seconds', route);
    t.is(histogram.value, 4);
    t.true(Math.abs(histogram.sum - 11.91) < 1e-9);
    // 0.3 lies in the bucket up to 0.3, 0.31 in that up to 0.5, 11 above the last bound.
    const { bounds } = CATALOGUE.http_server_request_duration_seconds;
    const expected = [...bounds, Infinity].map((bound) =>
      bound === 0.3 ? 2 : bound === 0.5 || bound === Infinity ? 1 : 0,
    );
    t.deepEqual(histogram.bucketCounts, expected);
    t.is(one('ingest_received_total', { stream: 'events' }).value, 3);
    t.is(one('ingest_is_paused', { stream: 'events' }).value, 1);
    t.false(
      points.some(({ name }) => name.includes(':')),
      'Cloud Monitoring has its own',
    );
  },
);

test.serial(
  'the resource says which part, where and which process, and nothing of the command line',
  async (t) => {
    const receiver = await receiverFor(t);
    const telemetry = await startedTelemetry(t);
    startSpan('one').end();
    await telemetry.flush();
    t.deepEqual([...new Set(receiver.requests.map(({ signal }) => signal))].toSorted(), [
      'metrics',
      'traces',
    ]);
    for (const { resource } of receiver.requests) {
      t.like(resource, {
        'service.name': 'highwater-api',
        'service.namespace': 'highwater',
        'service.version': '0.0.1',
        'service.instance.id': 'api-1',
        'cloud.region': 'europe-west1',
        'process.pid': process.pid,
      });
      t.deepEqual(
        Object.keys(resource).filter((name) => /command|owner/.test(name)),
        [],
      );
    }
  },
);

test.serial('without a setting the process has an instance of its own', async (t) => {
  const receiver = await receiverFor(t);
  const telemetry = await startedTelemetry(t, { instance: '' });
  await telemetry.flush();
  t.regex(
    String(receiver.requests[0]?.resource['service.instance.id']),
    /^[\da-f]{8}-[\da-f-]{27}$/,
  );
});

test.serial('points come in requests of at most 200, each once', async (t) => {
  const receiver = await receiverFor(t);
  const telemetry = await startedTelemetry(t);
  for (let n = 0; n < 50; n++) {
    for (const outcome of ['committed', 'duplicate', 'quarantined'] as const) {
      telemetry.metrics.counter('ingest_messages_total', { stream: `s${n}`, outcome }).add(1);
    }
    telemetry.metrics.histogram('ingest_batch_rows', { stream: `s${n}` }).observe(1);
  }
  for (let n = 0; n < 200; n++) {
    telemetry.metrics.histogram('http_server_request_duration_seconds', {
      http_request_method: 'GET',
      http_route: `/${n % 40}`,
      http_response_status_code: String(200 + Math.floor(n / 40)),
    });
  }
  await telemetry.flush();
  const counts = receiver.requests.map(({ points }) => points.length);
  t.true(counts.length >= 3, String(counts));
  t.true(
    counts.every((count) => count <= POINTS_MAX),
    String(counts),
  );
  const keys = receiver.points().map(({ name, labels }) => name + JSON.stringify(labels));
  t.is(new Set(keys).size, keys.length);
  t.true(keys.length > 2 * POINTS_MAX);
});

test.serial(
  'spans arrive with parents, links and kinds, and only with listed attributes',
  async (t) => {
    const receiver = await receiverFor(t);
    const telemetry = await startedTelemetry(t);
    const linked = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
    await inSpan('GET /v1/slos', { role: 'server', attributes: { 'http.route': '/v1/slos' } }, () =>
      inSpan(
        'warehouse list',
        { role: 'client', links: [linked], attributes: { ack_id: 'x', token: 'y', payload: 'z' } },
        async () => undefined,
      ),
    );
    await telemetry.flush();
    const [inner, outer] = ['warehouse list', 'GET /v1/slos'].map((name) =>
      receiver.spans().find((span) => span.name === name)!,
    );
    t.is(inner!.traceId, outer!.traceId);
    t.is(inner!.parentSpanId, outer!.spanId);
    t.is(outer!.parentSpanId, '');
    // Source: opentelemetry-proto, SpanKind: server 2, client 3.
    t.deepEqual([outer!.kind, inner!.kind], [2, 3]);
    t.deepEqual(outer!.labels, { 'http.route': '/v1/slos' });
    t.deepEqual(inner!.labels, {});
    t.deepEqual(inner!.links, [{ traceId: linked.traceId, spanId: linked.spanId }]);
  },
);

for (const [what, answer, outcome] of [
  [
    'a refused export',
    { kind: 'refused', status: 403, text: 'Bearer s3cret is no good' },
    'failed',
  ],
  ['a partly refused one', { kind: 'partial', rejectedCount: 3 }, 'partial'],
  ['a taken one', { kind: 'taken' }, 'sent'],
] as const satisfies [string, Answer, string][]) {
  test.serial(`${what} counts as ${outcome}, and is logged unless it went well`, async (t) => {
    const receiver = await receiverFor(t);
    receiver.answer = answer;
    const telemetry = await startedTelemetry(t);
    startSpan('one').end();
    await telemetry.flush();
    for (const signal of ['metrics', 'traces'] as const) {
      t.true((await telemetry.exportCount(signal, outcome)) >= 1, signal);
      const others = ['sent', 'partial', 'failed'].filter((each) => each !== outcome);
      for (const other of others) t.is(await telemetry.exportCount(signal, other), 0, other);
      const rejected = await telemetry.sampleValue('telemetry_rejected_items_total', { signal });
      t.is(rejected > 0, outcome === 'partial');
      const event = `telemetry_export_${outcome}`;
      const warned = telemetry.lines.filter(
        (line) => line.severity === 'WARNING' && line.event.startsWith('telemetry_export_'),
      );
      t.is(
        warned.some((line) => line.event === event && line['signal'] === signal),
        outcome !== 'sent',
      );
    }
    t.false(JSON.stringify(telemetry.lines).includes('s3cret'));
  });
}

test.serial(
  'a receiver that is not there is counted and logged, and holds up no close',
  async (t) => {
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = 'http://ann:s3cret@127.0.0.1:9';
    const telemetry = await startedTelemetry(t);
    startSpan('one').end();
    const startedAtMs = performance.now();
    await telemetry.close();
    // 3 s for the flush, and what a busy machine adds.
    t.true(performance.now() - startedAtMs < 10_000);
    const text = JSON.stringify(telemetry.lines);
    t.regex(text, /telemetry_export_failed|telemetry_flush_timed_out/);
    t.false(text.includes('s3cret'));
  },
);

test.serial(
  'a receiver that never answers holds up the close for three seconds and no longer',
  async (t) => {
    const receiver = await receiverFor(t);
    receiver.answer = { kind: 'silent' };
    const telemetry = await startedTelemetry(t);
    const startedAtMs = performance.now();
    await telemetry.close();
    const tookMs = performance.now() - startedAtMs;
    t.true(tookMs >= 2_900 && tookMs < 10_000, `${tookMs} ms`);
    t.true(telemetry.lines.some(({ event }) => event === 'telemetry_flush_timed_out'));
  },
);
