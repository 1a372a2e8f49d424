/** SLIs read back over Cloud Monitoring's Prometheus API, with the real library for tokens, and with everything that goes wrong. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { isAppError, silentLogger, systemClock } from '../../runtime/index.ts';
import { cloudSignalReader, toPromQL } from '../../telemetry/index.ts';
import type { Signal } from '../../telemetry/index.ts';
import { refusal } from '../terraform/google-apis/fault.ts';
import type { Fault } from '../terraform/google-apis/fault.ts';
import { startCloudPrometheus } from './cloud-prometheus.ts';
import { startGoogleAccount } from './google-account.ts';
import { startGoogleMetadata } from './google-metadata.ts';

// No credentials of the machine itself may answer.
process.env['GOOGLE_APPLICATION_CREDENTIALS'] = '';
process.env['CLOUDSDK_CONFIG'] = '/nonexistent';

const AT_MS = Date.UTC(2026, 10, 26, 12) + 345;
const PATH = '/v1/projects/a-project/location/global/prometheus/api/v1';
const RECEIVED: Signal = {
  kind: 'increase',
  counter: { metric: 'ingest_received_total', matchers: [] },
  by: ['stream'],
  windowMs: 300_000,
};
const BACKLOG: Signal = {
  kind: 'max',
  gauge: {
    metric: 'pubsub_googleapis_com:subscription_oldest_unacked_message_age',
    matchers: [],
  },
  by: [],
  windowMs: 300_000,
};
const point = (stream: string, value: string) => ({ metric: { stream }, value: [1, value] });
const ONE = { resultType: 'vector', result: [point('events', '7')] };

async function cloud(t: ExecutionContext) {
  const [api, metadata] = await Promise.all([startCloudPrometheus(), startGoogleMetadata()]);
  t.teardown(() => api.close());
  t.teardown(() => metadata.close());
  api.data = ONE;
  const sleptMs: number[] = [];
  /** The longest that anything is waited for. */
  const limit = { ms: Number.POSITIVE_INFINITY };
  const clock = {
    ...systemClock,
    sleep: async (delayMs: number) => void sleptMs.push(delayMs),
    setTimer: (delayMs: number, callback: () => void, isBackground?: boolean) =>
      systemClock.setTimer(Math.min(delayMs, limit.ms), callback, isBackground),
  };
  const reader = cloudSignalReader({
    projectId: 'a-project',
    endpoint: `${api.url}/`,
    clock,
    logger: silentLogger,
  });
  return { api, metadata, reader, sleptMs, limit };
}

test.serial('a signal is asked as PromQL, at a whole second, with a token', async (t) => {
  const { api, reader } = await cloud(t);
  t.deepEqual(await reader.read([RECEIVED], AT_MS), [[{ labels: { stream: 'events' }, value: 7 }]]);
  const [asked] = api.questions;
  t.is(asked?.line, `POST ${PATH}/query`);
  t.deepEqual(asked?.form, {
    query: toPromQL(RECEIVED),
    time: String(Math.floor(AT_MS / 1_000)) + '.000',
  });
  t.is(asked?.headers['content-type'], 'application/x-www-form-urlencoded;charset=UTF-8');
  t.is(asked?.headers.authorization, 'Bearer ya29.token-1');
});

test.serial('a metric that Google shows late is asked for at that much earlier', async (t) => {
  const { api, reader } = await cloud(t);
  await reader.read([RECEIVED, BACKLOG], AT_MS);
  const times = new Map(api.questions.map(({ form }) => [form['query'], Number(form['time'])]));
  const lateSeconds = times.get(toPromQL(RECEIVED))! - times.get(toPromQL(BACKLOG))!;
  t.true(lateSeconds >= 120, String(lateSeconds));
});

test.serial('numbers that JSON has no words for are read, no series is no value', async (t) => {
  const { api, reader } = await cloud(t);
  const texts = ['NaN', '+Inf', '-Inf', '1e-7', '0'];
  api.data = { resultType: 'vector', result: texts.map((text) => point(text, text)) };
  const [values = []] = await reader.read([RECEIVED], AT_MS);
  t.deepEqual(
    values.map(({ value }) => value),
    [Number.NaN, Infinity, -Infinity, 1e-7, 0],
  );
  api.data = { resultType: 'vector', result: [] };
  t.deepEqual(await reader.read([RECEIVED], AT_MS), [[]]);
});

test.serial('a range comes back with its instants', async (t) => {
  const { api, reader } = await cloud(t);
  const [fromMs, toMs, stepMs] = [AT_MS - 345 - 120_000, AT_MS - 345, 60_000];
  const values = [fromMs, fromMs + stepMs].map((atMs, index) => [atMs / 1_000, String(index)]);
  api.data = { resultType: 'matrix', result: [{ metric: { stream: 'events' }, values }] };
  t.deepEqual(await reader.readRange(RECEIVED, { fromMs, toMs, stepMs }), [
    {
      labels: { stream: 'events' },
      points: [
        { atMs: fromMs, value: 0 },
        { atMs: fromMs + stepMs, value: 1 },
      ],
    },
  ]);
  t.is(api.questions[0]?.line, `POST ${PATH}/query_range`);
  t.like(api.questions[0]?.form, { step: '60.000', start: `${fromMs / 1_000}.000` });
});

test.serial(
  'a token that is not taken any more is renewed once, for all that ask at once',
  async (t) => {
    const { api, metadata, reader } = await cloud(t);
    await reader.read([RECEIVED], AT_MS);
    api.takesToken = (token) => token !== 'ya29.token-1';
    const before = api.questions.length;
    const signals = ['a', 'b', 'c', 'd', 'e', 'f'].map((stream): Signal => ({
      ...RECEIVED,
      counter: {
        metric: 'ingest_received_total',
        matchers: [{ label: 'stream', op: '=', value: stream }],
      },
    }));
    const answers = await reader.read(signals, AT_MS);
    t.true(answers.every(([first]) => first?.value === 7));
    t.deepEqual(metadata.tokens, ['ya29.token-1', 'ya29.token-2']);
    t.is(api.questions.length - before, 2 * signals.length);
    // From here on the new one is used at once.
    await reader.read([RECEIVED], AT_MS);
    t.is(api.questions.at(-1)?.headers.authorization, 'Bearer ya29.token-2');
  },
);

test.serial('where fresh tokens are refused too, that is the answer', async (t) => {
  const { api, reader, sleptMs } = await cloud(t);
  api.takesToken = () => false;
  const message = await refused(t, reader);
  t.regex(message, /answered 401 to .*: Request had invalid authentication credentials\.$/);
  t.is(api.questions.length, 2);
  t.deepEqual(sleptMs, []);
});

test.serial('where the same token is all there is, it is not sent again', async (t) => {
  const { api, metadata, reader } = await cloud(t);
  metadata.isRepeating = true;
  api.takesToken = () => false;
  t.regex(await refused(t, reader), /answered 401 to /);
  t.is(api.questions.length, 1);
});

const MEMORY =
  'expanding series: generic::aborted: has requested 5853MiB of memory for processing queries on one node, refusing to grant further memory for this query.';
const said = (status: number, errorType: string, error: string): Fault => ({
  kind: 'answer',
  status,
  body: JSON.stringify({ status: 'error', errorType, error }),
});
const QUOTA = refusal(
  429,
  "Quota exceeded for quota metric 'Time series queries'",
  'RATE_LIMIT_EXCEEDED',
);

const PASSING: readonly (readonly [string, readonly Fault[], readonly number[]])[] = [
  [
    'a quota, with a word of when',
    [refusal(429, 'Quota exceeded', undefined, { 'retry-after': '3' })],
    [3_000],
  ],
  [
    'a quota that asks for too long',
    [refusal(429, 'Quota exceeded', undefined, { 'retry-after': '600' })],
    [5_000],
  ],
  ['a quota without a word of when', [QUOTA, QUOTA], [250, 500]],
  ['a query cancelled for want of memory', [said(500, 'internal', MEMORY)], [250]],
  ['a server that is away', [refusal(503, 'The service is currently unavailable.')], [250]],
  ['a proxy with a page of its own', [html(502), html(504)], [250, 500]],
  ['a cut connection', [{ kind: 'cut' }, { kind: 'cut' }, { kind: 'cut' }], [250, 500, 1_000]],
  ['an answer cut short', [{ kind: 'cut-short', body: '{"status":"success",' }], [250]],
];

for (const [what, faults, delaysMs] of PASSING) {
  test.serial(`asked again: ${what}`, async (t) => {
    const { api, reader, sleptMs } = await cloud(t);
    api.faults = [...faults];
    t.deepEqual(await reader.read([RECEIVED], AT_MS), [
      [{ labels: { stream: 'events' }, value: 7 }],
    ]);
    t.deepEqual(sleptMs, [...delaysMs]);
    t.is(api.questions.length, faults.length + 1);
  });
}

const answer = (body: string, status = 200): Fault => ({ kind: 'answer', status, body });
const STAYING: readonly (readonly [string, Fault, number, RegExp])[] = [
  [
    'a permission that is missing',
    refusal(
      403,
      "Permission 'monitoring.timeSeries.list' denied on resource '//monitoring.googleapis.com/projects/a-project' (or it may not exist).",
      'IAM_PERMISSION_DENIED',
    ),
    1,
    /answered 403 to .*: Permission 'monitoring\.timeSeries\.list' denied/,
  ],
  [
    'a query that is not understood',
    said(400, 'bad_data', 'invalid parameter "query": 1:5: parse error'),
    1,
    /answered 400 to .*: invalid parameter "query": 1:5: parse error$/,
  ],
  [
    'a limit on what one query may read',
    said(
      422,
      'execution',
      'expanding series: generic::resource_exhausted: the query reads more than 1000000 time series',
    ),
    1,
    /answered 422 to .*: expanding series: generic::resource_exhausted/,
  ],
  ['a quota that stays', QUOTA, 4, /answered 429 to .*: Quota exceeded for quota metric/],
  [
    'a memory limit that stays',
    said(500, 'internal', MEMORY),
    4,
    /answered 500 to .*: expanding series: generic::aborted/,
  ],
  ['a server that stays away', html(503), 4, /answered 503 to /],
  ['a connection that is always cut', { kind: 'cut' }, 4, /cannot be asked: /],
  ['a page in the place of JSON', html(200), 1, /expected Prometheus's JSON; got <html>/],
  [
    'JSON without data',
    answer('{"status":"success"}'),
    1,
    /expected Prometheus's JSON; got \{"status":"success"\}$/,
  ],
  [
    'an error that calls itself a success',
    said(200, 'execution', 'query timed out'),
    1,
    /expected Prometheus's JSON; got query timed out$/,
  ],
  [
    'another kind of result',
    answer('{"status":"success","data":{"resultType":"matrix","result":[]}}'),
    1,
    /expected a vector; got matrix$/,
  ],
  [
    'no number',
    answer(
      JSON.stringify({
        status: 'success',
        data: { resultType: 'vector', result: [point('a', 'seven')] },
      }),
    ),
    1,
    /expected a number; got seven$/,
  ],
  [
    'an empty number',
    answer(
      JSON.stringify({
        status: 'success',
        data: { resultType: 'vector', result: [point('a', ' ')] },
      }),
    ),
    1,
    /expected a number; got +$/,
  ],
  [
    'a redirect, where a token must not go',
    { kind: 'answer', status: 302, body: '', headers: { location: 'http://127.0.0.1:9/' } },
    4,
    /cannot be asked: /,
  ],
  [
    'more than can be held',
    answer(' '.repeat(33 * 2 ** 20)),
    4,
    /an answer of more than 33554432 bytes$/,
  ],
];

for (const [what, fault, count, sentence] of STAYING) {
  test.serial(`an error that says why: ${what}`, async (t) => {
    const { api, reader } = await cloud(t);
    api.faults = Array.from({ length: 4 }, () => fault);
    t.regex(await refused(t, reader), sentence);
    t.is(api.questions.length, count);
  });
}

test.serial('a server that never answers is given up', async (t) => {
  const { api, reader, limit } = await cloud(t);
  await reader.read([RECEIVED], AT_MS);
  limit.ms = 1_500;
  api.faults = Array.from({ length: 4 }, () => ({ kind: 'silent' }) as const);
  t.regex(await refused(t, reader), /cannot be asked: no answer within 15000 ms$/);
});

test.serial('without credentials nobody is asked, and it says how to get some', async (t) => {
  const { api, metadata, reader } = await cloud(t);
  metadata.isRefusing = true;
  t.regex(
    await refused(t, reader),
    /^Cloud Monitoring cannot be asked without credentials: run gcloud auth/,
  );
  t.deepEqual(api.questions, []);
});

test.serial(
  'the project that pays for requests is named where the credentials name one',
  async (t) => {
    const { api, reader } = await cloud(t);
    const account = await startGoogleAccount('payer');
    t.teardown(() => account.close());
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = account.file;
    t.teardown(() => void (process.env['GOOGLE_APPLICATION_CREDENTIALS'] = ''));
    await reader.read([RECEIVED], AT_MS);
    const headers = api.questions[0]?.headers;
    t.is(headers?.['x-goog-user-project'], 'payer');
    t.is(headers?.authorization, 'Bearer ya29.exchanged-1');
  },
);

test.serial(
  'a metadata server that does not answer holds up nothing, now and once it is back',
  async (t) => {
    const { api, metadata, reader, limit } = await cloud(t);
    metadata.isSilent = true;
    limit.ms = 1_000;
    t.regex(await refused(t, reader), /cannot be asked without credentials/);
    metadata.isSilent = false;
    limit.ms = Number.POSITIVE_INFINITY;
    t.is((await reader.read([RECEIVED], AT_MS))[0]?.[0]?.value, 7);
    t.is(api.questions.length, 1);
  },
);

function html(status: number): Fault {
  const headers = { 'content-type': 'text/html' };
  return { kind: 'answer', status, body: '<html><h1>Error</h1></html>', headers };
}

async function refused(
  t: ExecutionContext,
  reader: ReturnType<typeof cloudSignalReader>,
): Promise<string> {
  const error = await t.throwsAsync(reader.read([RECEIVED], AT_MS));
  t.true(isAppError(error, 'metrics_unavailable'), String(error));
  t.false(/ya29/.test(String(error)), 'no token is told');
  return error?.message ?? '';
}
