/** The routes of alerts, incidents and silences over a real evaluator: answers as their schemas say, and what is refused. */
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import test from 'ava';
import { AlertEvaluator, openAlertLog, parsePolicies } from '../../alerts/index.ts';
import { silentLogger, systemClock } from '../../runtime/index.ts';
import { temporaryFolder } from '../helpers/highwater-process.ts';
import { FakeReader } from '../slo/fake-reader.ts';
import { getJson, raw, startService } from './server.ts';
import type { TestService } from './server.ts';
import { SEEDED_EXAMPLE } from '../console/seeded-service.ts';

const POLICY = `service: a
owner: b
policies:
  - name: refused
    title: Messages are refused
    description: Refused messages of five minutes.
    user_impact: Events are missing.
    playbook: alerts/playbooks/dead-letters.md
    severity: error
    route: page
    condition: { increase: 'ingest_messages_total{outcome="quarantined"}', window: 5m, above: 2 }
`;
const folder = temporaryFolder();
const log = openAlertLog(join(folder.path, 'alerts.sqlite'), silentLogger);
const reader = new FakeReader();
const alerts = new AlertEvaluator({
  definitions: parsePolicies(POLICY, 'policies.yaml', []),
  reader,
  log,
  tell: () => Promise.resolve(),
  exampleOf: () => SEEDED_EXAMPLE,
  clock: systemClock,
  logger: silentLogger,
});
let service: TestService;
let check: (schema: string, value: unknown) => void;

test.before(async () => {
  service = await startService({ alerts, traces: () => undefined });
  reader.put('ingest_messages_total', { outcome: 'quarantined' }, systemClock.nowMs() - 1_000, 5);
  await alerts.evaluate();
  const document = (await getJson(service, '/openapi.json')) as object;
  const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
  addFormats.default(ajv);
  for (const keyword of ['openapi', 'info', 'tags', 'paths', 'components']) ajv.addKeyword(keyword);
  ajv.addSchema(document, 'document');
  check = (schema, value) => {
    const validate = ajv.getSchema(`document#/components/schemas/${schema}`);
    if (!validate?.(value)) throw new Error(`${schema}: ${ajv.errorsText(validate?.errors)}`);
  };
});
test.after.always(async () => {
  await service?.stop();
  await alerts.close();
  log.close();
  folder.remove();
});

async function post(path: string, body: unknown) {
  const answer = await raw(service, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: JSON.parse(answer.body) as Record<string, unknown> };
}

test.serial('alerts and incidents answer as their schemas say, with what fires', async (t) => {
  const all = await getJson(service, '/v1/alerts');
  check('Alerts', all);
  t.like(all.alerts[0], { policy: 'refused', state: 'firing' });
  t.like(all.alerts[0].rungs[0].measured[0], { value: 5, is_held: true });
  const open = await getJson(service, '/v1/incidents?state=open');
  check('Incidents', open);
  t.is(open.count, 1);
  t.is((await getJson(service, '/v1/incidents?state=resolved')).count, 0);
  const one = await getJson(service, open.incidents[0].links.self);
  check('IncidentWithTimeline', one);
  t.like(one.timeline[0], { change: 'firing', is_told: true });
  const trace = await getJson(service, one.examples[0].links.self);
  check('Trace', trace);
  t.like(trace, { trace: SEEDED_EXAMPLE.trace.traceId, duration_seconds: 0.75, is_failed: true });
  t.is((await raw(service, '/v1/traces/none')).status, 404);
});

test.serial(
  'an incident is acknowledged by whoever says so; an unknown one is not found',
  async (t) => {
    const { incidents } = await getJson(service, '/v1/incidents');
    const path = `${incidents[0].links.self}/acknowledge`;
    const done = await post(path, { by: 'kim', note: 'looking' });
    t.is(done.status, 200, JSON.stringify(done.body));
    check('IncidentWithTimeline', done.body);
    t.like(done.body['acknowledged'], { by: 'kim', note: 'looking' });
    t.is((await post(path, { note: 'nobody' })).status, 400);
    t.is((await post('/v1/incidents/none/acknowledge', { by: 'kim' })).status, 404);
  },
);

test.serial('a silence is set with a reason and an end, listed, and ended', async (t) => {
  const matchers = [{ label: 'policy', value: 'refused' }];
  const set = await post('/v1/silences', { matchers, reason: 'a move', by: 'kim', for: '2h' });
  t.is(set.status, 201, JSON.stringify(set.body));
  check('Silence', set.body);
  const listed = await getJson(service, '/v1/silences');
  check('Silences', listed);
  t.is(listed.count, 1);
  for (const body of [
    { matchers: [], reason: 'a', by: 'b', for: '1h' },
    { matchers, reason: ' ', by: 'b', for: '1h' },
    { matchers, reason: 'a', by: 'b', for: 'long' },
    { matchers, reason: 'a', by: 'b', for: '90d' },
    { matchers: [{ label: 'policy', op: '=~', value: '(' }], reason: 'a', by: 'b', for: '1h' },
  ]) {
    t.is((await post('/v1/silences', body)).status, 400, JSON.stringify(body));
  }
  const end = `/v1/silences/${String(set.body['id'])}/end`;
  t.like(await post(end, { by: 'kim' }), { status: 200, body: { count: 0 } });
  t.is((await post(end, { by: 'kim' })).status, 404);
});
