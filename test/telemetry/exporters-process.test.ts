/** Exports of a real `highwater start`: what is left goes out on SIGTERM, and no log says a credential. */
import test from 'ava';
import { eventually, startHighwater, temporaryFolder } from '../helpers/highwater-process.ts';
import { startOtlpReceiver } from './otlp-receiver.ts';

const NOTHING_BY_ITSELF = {
  TELEMETRY_EXPORTER: 'otlp',
  TELEMETRY_EXPORT_INTERVAL: '1h',
  TELEMETRY_REGION: 'europe-west1',
  TELEMETRY_INSTANCE: 'start-1',
  TRACE_RATIO: '1',
  CANARY_INTERVAL: '0s',
};

async function runOnce(environment: Readonly<Record<string, string>>) {
  const folder = temporaryFolder();
  const service = startHighwater(['start', '--no-demo'], {
    HIGHWATER_DATA_DIR: folder.path,
    ...environment,
  });
  try {
    const url = await eventually(
      'the start banner',
      () => /(http:\/\/\S+)\/ {3}/.exec(service.output.stdout)?.[1],
      60_000,
    );
    const response = await fetch(`${url}/v1/streams/events/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: '1', timestamp: '2024-04-27T12:00:00Z', data: 'hello' }),
    });
    await response.arrayBuffer();
    await eventually('the event', async () => {
      const answer = await fetch(`${url}/v1/streams/events/events/1`);
      await answer.arrayBuffer();
      return answer.status === 200;
    });
    service.kill('SIGTERM');
    return { code: await service.exited, stderr: service.output.stderr };
  } finally {
    service.kill('SIGKILL');
    await service.exited;
    folder.remove();
  }
}

test.serial(
  'on SIGTERM the last metrics and spans are exported before the process ends',
  async (t) => {
    const receiver = await startOtlpReceiver();
    t.teardown(() => receiver.close());
    const { code, stderr } = await runOnce({
      ...NOTHING_BY_ITSELF,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    });
    t.is(code, 0, stderr);
    const committed = receiver
      .points()
      .filter(
        ({ name, labels }) => name === 'ingest_messages_total' && labels['stream'] === 'events',
      )
      .find(({ labels }) => labels['outcome'] === 'committed');
    t.is(committed?.value, 1);
    const commit = receiver
      .points()
      .find(
        ({ name, labels }) => name === 'ingest_freshness_seconds' && labels['stream'] === 'events',
      );
    t.is(commit?.value, 1);
    const names = new Set(receiver.spans().map(({ name }) => name));
    t.true(names.has('POST /v1/streams/:stream/events'), [...names].join(', '));
    t.true(names.has('events ingest'));
    t.true(receiver.requests.every(({ points }) => points.length <= 200));
    t.true(receiver.points().length > 200);
    for (const { resource } of receiver.requests) {
      t.like(resource, {
        'service.name': 'highwater',
        'service.instance.id': 'start-1',
        'cloud.region': 'europe-west1',
      });
    }
  },
);

test.serial('a receiver that refuses costs a line in the log and no clean end', async (t) => {
  const receiver = await startOtlpReceiver();
  receiver.answer = { kind: 'refused', status: 400 };
  t.teardown(() => receiver.close());
  const { code, stderr } = await runOnce({
    ...NOTHING_BY_ITSELF,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.replace('://', '://ann:s3cret@'),
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20s3cret',
    LOG_LEVEL: 'debug',
  });
  t.is(code, 0, stderr);
  t.true(receiver.requests.length > 0);
  t.regex(
    stderr,
    /"severity":"WARNING"[^\n]*"event":"telemetry_export_failed"[^\n]*"signal":"metrics"/,
  );
  t.false(stderr.includes('s3cret'));
});
