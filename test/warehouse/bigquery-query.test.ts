/** How a query meets what only the real BigQuery does: long answers, parts, limits, failures; and how the endpoint is found. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock, VirtualClock } from '../../runtime/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { BigqueryParameters } from '../../warehouse/bigquery-parameters.ts';
import { BigqueryQueries } from '../../warehouse/bigquery-query.ts';
import { bigqueryRest } from '../../warehouse/bigquery-rest.ts';
import { startBigqueryStandIn } from '../helpers/bigquery-stand-in.ts';
import type { RestAnswer } from '../helpers/bigquery-stand-in.ts';

const row = (...values: (string | null)[]) => ({ f: values.map((v) => ({ v })) });
const job = { jobId: 'job_1', location: 'EU' };

async function setUp(t: ExecutionContext, clock: Clock = systemClock) {
  const standIn = await startBigqueryStandIn();
  t.teardown(() => standIn.close());
  const send = bigqueryRest({
    projectId: 'p',
    endpoint: standIn.endpoint,
    requestTimeoutMs: 90_000,
  });
  const queries = new BigqueryQueries({
    send,
    clock,
    bytesBilledMax: 1_000,
    queryTimeoutMs: 100_000,
  });
  const answers: RestAnswer[] = [];
  standIn.answer = () => answers.shift() ?? { status: 500, body: {} };
  const ask = () => {
    const bound = new BigqueryParameters();
    const sql = `select ${bound.text("x' or")}, ${bound.timestamp(-1)}, ${bound.texts([])}`;
    return queries.rows({ name: 'windowSpikes', sql, parameters: bound.values });
  };
  return { standIn, answers, ask };
}

test.serial(
  'a query is one request on the fast path, with typed parameters and a limit of bytes',
  async (t) => {
    const { standIn, answers, ask } = await setUp(t);
    answers.push({ body: { jobComplete: true, queryId: 'q', rows: [row('1', null)] } });
    t.deepEqual(await ask(), [['1', null]]);
    t.is(standIn.requests.length, 1);
    const { requestId, ...body } = standIn.requests[0]!.body;
    t.regex(String(requestId), /^[0-9a-f-]{36}$/);
    t.is(standIn.requests[0]!.path, '/queries');
    t.deepEqual(body, {
      query: 'select @p1, @p2, @p3',
      useLegacySql: false,
      parameterMode: 'NAMED',
      queryParameters: [
        { name: 'p1', parameterType: { type: 'STRING' }, parameterValue: { value: "x' or" } },
        {
          name: 'p2',
          parameterType: { type: 'TIMESTAMP' },
          parameterValue: { value: '1969-12-31T23:59:59.999999Z' },
        },
        {
          name: 'p3',
          parameterType: { type: 'ARRAY', arrayType: { type: 'STRING' } },
          parameterValue: { arrayValues: [] },
        },
      ],
      maximumBytesBilled: '1000',
      timeoutMs: body['timeoutMs'],
      jobCreationMode: 'JOB_CREATION_OPTIONAL',
      labels: { service: 'highwater', query: 'windowspikes' },
    });
    t.is(body['timeoutMs'], 10_000);
  },
);

test.serial(
  'a query that is still running is waited for where it runs, and its parts are put together',
  async (t) => {
    const { standIn, answers, ask } = await setUp(t);
    answers.push(
      { body: { jobComplete: false, jobReference: job } },
      { body: { jobComplete: true, jobReference: job, rows: [row('1')], pageToken: 'next' } },
      { body: { jobComplete: true, jobReference: job, rows: [row('2')] } },
    );
    t.deepEqual(await ask(), [['1'], ['2']]);
    const [, second, third] = standIn.requests;
    t.is(second?.path, '/queries/job_1');
    t.is(second?.query['location'], 'EU');
    t.is(third?.query['pageToken'], 'next');
  },
);

test.serial('a query that takes too long is cancelled and reported as late', async (t) => {
  const clock = new VirtualClock();
  const { standIn, ask } = await setUp(t, clock);
  standIn.answer = ({ path }) => {
    void clock.advance(40_000);
    return path.endsWith('/cancel')
      ? { body: {} }
      : { body: { jobComplete: false, jobReference: job } };
  };
  await t.throwsAsync(ask(), { code: 'deadline_exceeded', message: /BIGQUERY_QUERY_TIMEOUT/ });
  const waits = standIn.requests
    .slice(0, 3)
    .map(({ body, query }) => body['timeoutMs'] ?? query['timeoutMs']);
  t.deepEqual(waits.map(Number), [10_000, 10_000, 10_000]);
  t.is(standIn.requests.length, 4);
  const last = standIn.requests.at(-1)!;
  t.is(last.path, '/jobs/job_1/cancel');
  t.is(last.query['location'], 'EU');
});

test.serial(
  'a failure that passes is tried again with the same request id; others are not',
  async (t) => {
    const { standIn, answers, ask } = await setUp(t);
    answers.push({ status: 503, body: {} }, { body: { jobComplete: true, rows: [row('1')] } });
    t.deepEqual(await ask(), [['1']]);
    const ids = standIn.requests.map(({ body }) => body['requestId']);
    t.is(ids.length, 2);
    t.is(ids[0], ids[1]);
  },
);

for (const [status, reason, code] of [
  [400, 'bytesBilledLimitExceeded', 'limit_exceeded'],
  [400, 'invalidQuery', 'internal'],
  [403, 'quotaExceeded', 'warehouse_unavailable'],
  [403, 'accessDenied', 'warehouse_unavailable'],
  [404, 'notFound', 'warehouse_unavailable'],
] as const) {
  test.serial(
    `a query that fails with ${status} ${reason} is ${code}, after one request`,
    async (t) => {
      const { standIn, answers, ask } = await setUp(t);
      answers.push({
        status,
        body: { error: { code: status, message: 'm', errors: [{ reason }] } },
      });
      await t.throwsAsync(ask(), { code });
      t.is(standIn.requests.length, 1);
    },
  );
}

for (const reason of ['jobInternalError', 'jobBackendError']) {
  test.serial(
    `a job that fails with 400 ${reason} is started anew, and is an outage where it goes on`,
    async (t) => {
      const { standIn, answers, ask } = await setUp(t);
      const failure = { status: 400, body: { error: { code: 400, errors: [{ reason }] } } };
      answers.push(failure, { body: { jobComplete: false, jobReference: job } }, failure);
      answers.push({ body: { jobComplete: true, rows: [row('1')] } });
      t.deepEqual(await ask(), [['1']]);
      const started = standIn.requests.filter(({ path }) => path === '/queries');
      t.is(started.length, 3);
      t.is(new Set(started.map(({ body }) => body['requestId'])).size, 3, 'each is another job');
      t.is(standIn.requests.length, 4, 'a job that has failed is not cancelled');
      answers.push(failure, failure, failure);
      await t.throwsAsync(ask(), { code: 'warehouse_unavailable' });
      t.is(standIn.requests.length, 7);
    },
  );
}

test.serial('a server that stays broken or is not there is an outage', async (t) => {
  const { standIn, ask } = await setUp(t);
  await t.throwsAsync(ask(), { code: 'warehouse_unavailable' });
  t.is(standIn.requests.length, 3);
  await standIn.close();
  await t.throwsAsync(ask(), { code: 'warehouse_unavailable' });
});

test.serial(
  'the API’s path is there whatever BIGQUERY_EMULATOR_HOST says and however it is written',
  async (t) => {
    const standIn = await startBigqueryStandIn();
    t.teardown(() => standIn.close());
    standIn.answer = () => ({ body: { ok: true } });
    process.env['BIGQUERY_EMULATOR_HOST'] = standIn.endpoint;
    t.teardown(() => delete process.env['BIGQUERY_EMULATOR_HOST']);
    for (const suffix of ['', '/', '/bigquery/v2', '/bigquery/v2/']) {
      const endpoint = `${standIn.endpoint}${suffix}`;
      const send = bigqueryRest({ projectId: 'p', endpoint, requestTimeoutMs: 90_000 });
      t.deepEqual(await send({ method: 'GET', path: '/datasets/d' }), { ok: true });
    }
    t.deepEqual(new Set(standIn.requests.map(({ path }) => path)), new Set(['/datasets/d']));
  },
);
