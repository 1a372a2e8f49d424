/** The SLO routes over an evaluator and a ledger as the service has them, in time that the test holds. */
import test from 'ava';
import { silentLogger, VirtualClock } from '../../runtime/index.ts';
import {
  openLedgerFile,
  parseHistoryAnswer,
  parseSloAnswer,
  parseSlosAnswer,
  SloEvaluator,
} from '../../slo/index.ts';
import type { SloLedger } from '../../slo/index.ts';
import { temporaryFolder } from '../helpers/highwater-process.ts';
import { AVAILABILITY, LATENCY, slosOf } from '../slo/definitions.ts';
import { FakeReader } from '../slo/fake-reader.ts';
import { raw, startService } from './server.ts';
import type { TestService } from './server.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const AT_MS = Date.UTC(2026, 10, 20, 12, 10);
const folder = temporaryFolder();
const clock = new VirtualClock(AT_MS);
const reader = new FakeReader();
let ledger: SloLedger;
let evaluator: SloEvaluator;
let service: TestService;

test.before(async () => {
  for (let hour = 30; hour > 0; hour--) {
    const atMs = AT_MS - hour * HOUR_MS;
    reader.put('ingest_messages_total', { outcome: 'committed' }, atMs, 1_000);
    reader.put('ingest_messages_total', { outcome: 'quarantined' }, atMs, 1);
  }
  reader.put('ingest_messages_total', { outcome: 'committed' }, AT_MS, 1);
  ledger = await openLedgerFile(folder.path);
  evaluator = evaluatorOf();
  service = await startService({ slos: evaluator, clock });
});
test.after.always(async () => {
  await service?.stop();
  folder.remove();
});

function evaluatorOf(): SloEvaluator {
  return new SloEvaluator({
    slos: slosOf(AVAILABILITY + LATENCY),
    reader,
    ledger,
    intervalMs: 15_000,
    clock,
    logger: silentLogger,
  });
}

async function get(path: string, from: TestService = service) {
  const { status, headers, body } = await raw(from, path);
  return { status, headers, body: JSON.parse(body) as Record<string, unknown> };
}

test.serial('before the first evaluation nothing is claimed', async (t) => {
  const all = parseSlosAnswer((await get('/v1/slos')).body);
  t.is(all.evaluated_at, null);
  t.true(all.is_stale);
  t.deepEqual(all.slos, []);
  const one = await get('/v1/slos/availability');
  t.is(one.status, 503);
  t.is(one.body['code'], 'metrics_unavailable');
  t.regex(String(one.body['detail']), /availability is not evaluated yet: the first evaluation is/);
});

test.serial('an evaluation that failed is told with its reason', async (t) => {
  const failing = new FakeReader();
  failing.failure = new Error('the store is gone');
  const broken = new SloEvaluator({
    slos: slosOf(AVAILABILITY),
    reader: failing,
    intervalMs: 15_000,
    clock,
    logger: silentLogger,
  });
  await broken.evaluate();
  const other = await startService({ slos: broken, clock });
  try {
    const all = parseSlosAnswer((await get('/v1/slos', other)).body);
    t.is(all.failure, 'the store is gone');
    t.true(all.is_stale);
    const one = await get('/v1/slos/availability', other);
    t.is(one.status, 503);
    t.regex(String(one.body['detail']), /not evaluated yet: the store is gone/);
  } finally {
    await other.stop();
  }
});

test.serial('all statuses, and one, as they were evaluated', async (t) => {
  await evaluator.evaluate();
  const { status, headers, body } = await get('/v1/slos');
  t.is(status, 200);
  t.truthy(headers['etag']);
  const all = parseSlosAnswer(body);
  t.is(all.count, 2);
  t.false(all.is_stale);
  t.is(all.evaluated_at, '2026-11-20T12:10:00.000Z');
  const [availability] = all.slos;
  // 30 bad of 30 · 1,001 + 1.
  t.is(availability?.counted.bad_count, 30);
  t.is(availability?.counted.valid_count, 30_031);
  t.is(availability?.sli_ratio, Number((30_001 / 30_031).toPrecision(14)));
  const one = parseSloAnswer((await get('/v1/slos/availability')).body);
  t.deepEqual(one, availability);
  t.is((await get(one.links.self)).status, 200);
  t.is((await get(one.links.history)).status, 200);
  const again = await raw(service, '/v1/slos/availability', {
    headers: { 'if-none-match': String((await get('/v1/slos/availability')).headers['etag']) },
  });
  t.is(again.status, 304);
});

test.serial('a list that was evaluated too long ago says that it is stale', async (t) => {
  await evaluator.evaluate();
  await clock.advance(45_000);
  t.false(parseSlosAnswer((await get('/v1/slos')).body).is_stale);
  await clock.advance(1);
  t.true(parseSlosAnswer((await get('/v1/slos')).body).is_stale);
});

test.serial(
  'hours are those that start within the range, of 30 days where none is given',
  async (t) => {
    await evaluator.evaluate();
    const { body } = await get('/v1/slos/availability/history');
    const rows = parseHistoryAnswer(body);
    t.is(rows.length, 30);
    t.is(body['count'], 30);
    t.is(rows[0]?.goodCount, 1_000);
    t.is(rows[0]?.validCount, 1_001);
    const range = 'from=2026-11-20T03:00:00Z&to=2026-11-20T05:00:00Z';
    const some = parseHistoryAnswer((await get(`/v1/slos/availability/history?${range}`)).body);
    t.deepEqual(
      some.map(({ startAtMs }) => new Date(startAtMs).toISOString()),
      ['2026-11-20T03:00:00.000Z', '2026-11-20T04:00:00.000Z'],
    );
    const none = await get('/v1/slos/latency/history');
    t.deepEqual(parseHistoryAnswer(none.body), []);
    const [fromMs, toMs] = [none.body['from'], none.body['to']].map((each) =>
      Date.parse(String(each)),
    );
    t.is(toMs! - fromMs!, 30 * DAY_MS);
  },
);

const REFUSED: readonly (readonly [string, number, string, RegExp])[] = [
  ['/v1/slos/nosuch', 404, 'not_found', /no SLO nosuch; there are: availability, latency\./],
  ['/v1/slos/nosuch/history', 404, 'not_found', /no SLO nosuch/],
  [`/v1/slos/${'x'.repeat(300)}`, 404, 'not_found', /no SLO x+…/],
  ['/v1/slos?limit=1', 400, 'unknown_parameter', /limit/],
  ['/v1/slos/availability?all=1', 400, 'unknown_parameter', /all/],
  ['/v1/slos/availability/history?from=yesterday', 400, 'invalid_argument', /from/],
  [
    '/v1/slos/availability/history?from=2026-11-20T05:00:00Z&to=2026-11-20T05:00:00Z',
    400,
    'invalid_range',
    /from before to, at most 400 days apart/,
  ],
  [
    '/v1/slos/availability/history?from=2025-01-01T00:00:00Z&to=2026-11-20T05:00:00Z',
    400,
    'invalid_range',
    /at most 400 days/,
  ],
];

for (const [path, status, code, detail] of REFUSED) {
  test.serial(`${path.slice(0, 80)}: ${status} ${code}`, async (t) => {
    const answer = await get(path);
    t.is(answer.status, status);
    t.is(answer.body['code'], code);
    t.regex(JSON.stringify(answer.body), detail);
  });
}

test.serial('only JSON is served', async (t) => {
  const answer = await raw(service, '/v1/slos', { headers: { accept: 'text/csv' } });
  t.is(answer.status, 406);
});

test.serial('the answers fit the schemas that the service publishes', async (t) => {
  await evaluator.evaluate();
  const { body } = await get('/openapi.json');
  const { schemas } = body['components'] as { schemas: Record<string, { required?: string[] }> };
  const one = (await get('/v1/slos/availability')).body;
  t.deepEqual(Object.keys(one).toSorted(), schemas['Slo']?.required?.toSorted());
  const all = (await get('/v1/slos')).body;
  t.deepEqual(Object.keys(all).toSorted(), schemas['Slos']?.required?.toSorted());
  const history = (await get('/v1/slos/availability/history')).body;
  t.deepEqual(Object.keys(history).toSorted(), schemas['SloHistory']?.required?.toSorted());
});

test.serial('a service without SLOs has no such routes', async (t) => {
  const other = await startService();
  try {
    t.is((await get('/v1/slos', other)).status, 404);
    const { paths } = (await get('/openapi.json', other)).body as { paths: object };
    t.deepEqual(
      Object.keys(paths).filter((path) => path.startsWith('/v1/slos')),
      [],
    );
  } finally {
    await other.stop();
  }
});
