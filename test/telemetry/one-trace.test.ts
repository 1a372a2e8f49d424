/** One trace id, followed from the publish to the row, in what a real OpenTelemetry Collector wrote down. */
import test from 'ava';
import { SPAN_ATTRIBUTES } from '../../telemetry/span-scrubber.ts';
import type { CollectedSpan } from '../helpers/collector.ts';
import { startCollector } from '../helpers/collector.ts';
import { eventually, startHighwater, temporaryFolder } from '../helpers/highwater-process.ts';

const PAYLOAD = 'the-payload-of-the-event';
const TOKEN = 'the-token-of-the-client';

test('a collector shows publish, ingest, commit and query of one event', async (t) => {
  const collector = await startCollector();
  if (collector.kind === 'missing') {
    if (process.env['CI']) t.fail(collector.reason);
    t.log(`skipped: ${collector.reason}`);
    t.pass();
    return;
  }
  t.teardown(() => collector.close());
  const folder = temporaryFolder();
  const service = startHighwater(['start', '--no-demo'], {
    HIGHWATER_DATA_DIR: folder.path,
    TELEMETRY_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    TRACE_RATIO: '1',
    CANARY_INTERVAL: '0s',
  });
  try {
    const url = await eventually(
      'the start banner',
      () => /(http:\/\/\S+)\/ {3}/.exec(service.output.stdout)?.[1],
      60_000,
    );
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` };
    const published = await fetch(`${url}/v1/streams/events/events`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ id: 'traced', timestamp: '2024-04-27T12:00:00Z', data: PAYLOAD }),
    });
    t.is(published.status, 202, await published.text());
    await eventually('the row', async () => {
      const answer = await fetch(`${url}/v1/streams/events/events/traced`, { headers });
      await answer.arrayBuffer();
      return answer.status === 200;
    });
    service.kill('SIGTERM');
    t.is(await service.exited, 0, service.output.stderr);

    const spans = await eventually('the last span in the file', () => {
      const all = collector.spans();
      return all.some(({ name }) => name === 'events commit') ? all : undefined;
    });
    const inTrace = (traceId: string) => spans.filter((span) => span.traceId === traceId);

    // From the request to the end of ingest it is one trace.
    const request = named('POST /v1/streams/:stream/events', spans);
    const trace = inTrace(request.traceId);
    const publish = named('events publish', trace);
    t.is(publish.parentSpanId, request.spanId);
    t.is(publish.attributes['messaging.destination.name'], 'events');
    const ingest = named('events ingest', trace);
    t.is(ingest.parentSpanId, publish.spanId);
    t.truthy(ingest.attributes['messaging.message.id']);

    // The commit of the batch is a trace of its own, linked both ways; the append to the warehouse is below it.
    const [link] = ingest.links;
    const commit = named('events commit', inTrace(link!.traceId));
    t.is(commit.spanId, link!.spanId);
    t.true(commit.links.some(({ traceId }) => traceId === request.traceId));
    const append = named('warehouse append', inTrace(commit.traceId));
    t.is(append.parentSpanId, commit.spanId);
    t.is(append.attributes['db.collection.name'], 'events');

    // A read leads from its request to its query.
    const read = spans.findLast(({ name }) => name === 'GET /v1/streams/:stream/events/:id')!;
    t.is(read.attributes['http.response.status_code'], '200');
    const query = inTrace(read.traceId).find(({ name }) => name.startsWith('warehouse '));
    t.is(query?.parentSpanId, read.spanId);

    // The log of the request names the trace.
    t.true(service.output.stderr.includes(`projects/highwater-local/traces/${request.traceId}`));

    for (const { attributes, name } of spans) {
      const unlisted = Object.keys(attributes).filter((each) => !SPAN_ATTRIBUTES.includes(each));
      t.deepEqual(unlisted, [], name);
    }
    for (const secret of [PAYLOAD, TOKEN, 'ack_id', 'ackId']) {
      t.false(collector.text().includes(secret), secret);
    }
    t.true(spans.every(({ resource }) => resource['service.name'] === 'highwater'));
    for (const name of ['ingest_messages_total', 'http_server_request_duration_seconds']) {
      t.true(collector.metricNames().has(name), name);
    }
  } finally {
    service.kill('SIGKILL');
    await service.exited;
    folder.remove();
  }
});

function named(name: string, among: readonly CollectedSpan[]): CollectedSpan {
  const found = among.find((span) => span.name === name);
  if (!found) throw new Error(`no ${name} in ${among.map((span) => span.name).join(', ')}`);
  return found;
}
