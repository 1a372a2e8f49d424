/** OTLP to Google's Telemetry API: with fresh tokens, and refused where Google would drop what is sent. */
import test from 'ava';
import { isAppError, systemClock } from '../../runtime/index.ts';
import { startSpan } from '../../telemetry/index.ts';
import { startHighwater } from '../helpers/highwater-process.ts';
import { startGoogleAccount } from './google-account.ts';
import { startGoogleMetadata } from './google-metadata.ts';
import { startOtlpReceiver } from './otlp-receiver.ts';
import { startedTelemetry } from './started-telemetry.ts';

// No credentials of the machine itself may answer.
process.env['GOOGLE_APPLICATION_CREDENTIALS'] = '';
process.env['CLOUDSDK_CONFIG'] = '/nonexistent';

async function googleFor(t: { teardown(close: () => Promise<void>): void }) {
  const [receiver, metadata] = await Promise.all([startOtlpReceiver(), startGoogleMetadata()]);
  t.teardown(() => receiver.close());
  t.teardown(() => metadata.close());
  const options = { exporter: 'google', googleEndpoint: `${receiver.url}/` } as const;
  return { receiver, metadata, options };
}

test.serial(
  'both signals go to the API’s paths with a token, kept while it lives and renewed before it ends',
  async (t) => {
    const { receiver, metadata, options } = await googleFor(t);
    const telemetry = await startedTelemetry(t, options);
    const sentTokens = async () => {
      const from = receiver.requests.length;
      startSpan('one').end();
      await telemetry.flush();
      return new Set(receiver.requests.slice(from).map(({ headers }) => headers.authorization));
    };
    const first = await sentTokens();
    t.deepEqual([...new Set(receiver.requests.map(({ path }) => path))].toSorted(), [
      '/v1/metrics',
      '/v1/traces',
    ]);
    t.true(
      [...first].every((header) => header?.startsWith('Bearer ya29.token-')),
      String([...first]),
    );
    const givenCount = metadata.tokens.length;
    await sentTokens();
    t.is(metadata.tokens.length, givenCount, 'a token that lives is kept');
    t.true((await telemetry.exportCount('metrics', 'sent')) >= 2);
  },
);

test.serial('a token that is about to end is renewed before the next export', async (t) => {
  const { receiver, metadata, options } = await googleFor(t);
  metadata.lifeSeconds = 1;
  const telemetry = await startedTelemetry(t, options);
  await telemetry.flush();
  const before = receiver.requests.at(-1)?.headers.authorization;
  await telemetry.flush();
  const after = receiver.requests.at(-1)?.headers.authorization;
  t.regex(String(before), /^Bearer ya29\.token-\d+$/);
  t.regex(String(after), /^Bearer ya29\.token-\d+$/);
  t.not(before, after);
  t.true(metadata.tokens.length >= 2);
});

test.serial('the resource has the project, and names each process', async (t) => {
  const { receiver, options } = await googleFor(t);
  const telemetry = await startedTelemetry(t, options);
  await telemetry.flush();
  t.like(receiver.requests[0]?.resource, {
    'gcp.project_id': 'a-project',
    'cloud.region': 'europe-west1',
    'service.instance.id': 'api-1',
  });
});

test.serial(
  'without credentials the service runs on: exports fail, are counted and say why',
  async (t) => {
    const { receiver, metadata, options } = await googleFor(t);
    metadata.isRefusing = true;
    receiver.answer = { kind: 'refused', status: 401 };
    const telemetry = await startedTelemetry(t, options);
    await telemetry.flush();
    t.true((await telemetry.exportCount('metrics', 'failed')) >= 1);
    t.is(await telemetry.exportCount('metrics', 'sent'), 0);
    t.is(receiver.requests[0]?.headers.authorization, undefined);
    const warned = telemetry.lines.filter(({ severity }) => severity === 'WARNING');
    t.true(warned.some(({ event }) => event === 'telemetry_credentials_failed'));
    t.true(warned.some(({ event }) => event === 'telemetry_export_failed'));
  },
);

test.serial('start is refused where the region is neither set nor detected', async (t) => {
  const { options } = await googleFor(t);
  for (const exporter of ['google', 'google-legacy'] as const) {
    const error = await t.throwsAsync(startedTelemetry(t, { ...options, exporter, region: '' }));
    t.true(isAppError(error, 'invalid_config'));
    t.regex(error.message, new RegExp(`TELEMETRY_EXPORTER=${exporter} cannot start:`));
    t.regex(error.message, /TELEMETRY_REGION: expected .* such as europe-west1/);
  }
});

test.serial(
  'a token that is refused is renewed, and what it was to send is sent with the next',
  async (t) => {
    const { receiver, metadata, options } = await googleFor(t);
    const telemetry = await startedTelemetry(t, options);
    receiver.takesToken = (token) => !token.endsWith('-1');
    startSpan('one').end();
    await telemetry.flush();
    t.is(await telemetry.exportCount('metrics', 'failed'), 0);
    t.is(await telemetry.exportCount('traces', 'failed'), 0);
    t.true((await telemetry.exportCount('metrics', 'sent')) >= 1);
    t.is(receiver.spans().filter(({ name }) => name === 'one').length, 1, 'taken once');
    t.deepEqual(metadata.tokens, ['ya29.token-1', 'ya29.token-2']);
  },
);

test.serial(
  'where every token is refused, each export is tried twice and counted once',
  async (t) => {
    const { receiver, options } = await googleFor(t);
    receiver.takesToken = () => false;
    const telemetry = await startedTelemetry(t, options);
    await telemetry.flush();
    t.is(receiver.refusedCount % 2, 0);
    t.is(await telemetry.exportCount('metrics', 'failed'), receiver.refusedCount / 2);
    t.is(await telemetry.exportCount('metrics', 'sent'), 0);
  },
);

test.serial(
  'points that Google leaves out are counted, though the request was taken',
  async (t) => {
    const { receiver, options } = await googleFor(t);
    receiver.answer = { kind: 'partial', rejectedCount: 3 };
    const telemetry = await startedTelemetry(t, options);
    await telemetry.flush();
    t.true((await telemetry.exportCount('metrics', 'partial')) >= 1);
    const signal = { signal: 'metrics' };
    t.true((await telemetry.sampleValue('telemetry_rejected_items_total', signal)) >= 3);
  },
);

test.serial('what Google sends away for a moment is sent again', async (t) => {
  const { receiver, options } = await googleFor(t);
  receiver.refuseNext = [429, 503];
  const telemetry = await startedTelemetry(t, options);
  startSpan('one').end();
  await telemetry.flush();
  t.is(await telemetry.exportCount('metrics', 'failed'), 0);
  t.is(await telemetry.exportCount('traces', 'failed'), 0);
  t.is(receiver.spans().filter(({ name }) => name === 'one').length, 1);
  t.is(receiver.refusedCount, 2);
});

test.serial(
  'the project that pays is named in every request, where the credentials name one',
  async (t) => {
    const { receiver, options } = await googleFor(t);
    const account = await startGoogleAccount('payer');
    t.teardown(() => account.close());
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = account.file;
    t.teardown(() => void (process.env['GOOGLE_APPLICATION_CREDENTIALS'] = ''));
    const telemetry = await startedTelemetry(t, options);
    startSpan('one').end();
    await telemetry.flush();
    t.true(receiver.requests.length >= 2);
    for (const { headers } of receiver.requests) {
      t.is(headers['x-goog-user-project'], 'payer');
      t.is(headers.authorization, 'Bearer ya29.exchanged-1');
    }
  },
);

test.serial(
  'tokens that do not come hold up nothing: the export fails, and the next one works',
  async (t) => {
    const { receiver, metadata, options } = await googleFor(t);
    let limitMs = 500;
    const clock = {
      ...systemClock,
      setTimer: (delayMs: number, callback: () => void, isBackground?: boolean) =>
        systemClock.setTimer(Math.min(delayMs, limitMs), callback, isBackground),
    };
    const telemetry = await startedTelemetry(t, { ...options, clock });
    metadata.isSilent = true;
    receiver.takesToken = (token) => token !== '';
    await telemetry.flush();
    t.true((await telemetry.exportCount('metrics', 'failed')) >= 1);
    metadata.isSilent = false;
    limitMs = Number.POSITIVE_INFINITY;
    await telemetry.flush();
    t.true((await telemetry.exportCount('metrics', 'sent')) >= 1);
  },
);

test('highwater start ends with code 2 and says what is missing', async (t) => {
  const service = startHighwater(['start', '--no-demo'], {
    TELEMETRY_EXPORTER: 'google',
    METADATA_SERVER_DETECTION: 'none',
    HIGHWATER_DATA_DIR: '/nonexistent/not-reached',
  });
  t.is(await service.exited, 2, service.output.stderr);
  t.regex(
    service.output.stderr,
    /^highwater: TELEMETRY_EXPORTER=google cannot start:\n {2}TELEMETRY_REGION: /m,
  );
});
