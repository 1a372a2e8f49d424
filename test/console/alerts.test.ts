/** Alerts and incidents in the console: the API's figures, forms that only its own pages may send, and who may send them. */
import test from 'ava';
import { identityOf } from '../../service/auth/identity.ts';
import { getJson, raw, startService } from '../service/server.ts';
import { SEEDED_EXAMPLE, startSeeded } from './seeded-service.ts';
import type { SeededService } from './seeded-service.ts';

let service: SeededService;
test.before(async () => {
  service = await startSeeded(40);
});
test.after.always(() => service?.stop());

const as = (id: string, roles: readonly ('operator' | 'reader')[]) =>
  identityOf([{ mode: 'iap', identify: () => Promise.resolve({ id, roles }) }]);
const OWN = { 'sec-fetch-site': 'same-origin' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

async function openIncident() {
  const { incidents } = await getJson(service, '/v1/incidents?state=open');
  return incidents[0] as { id: string; links: { self: string }; policy: string };
}
const pathOf = (id: string) => `/console/incidents/${encodeURIComponent(id)}`;
const post = (path: string, body: string, headers: Record<string, string>) =>
  raw(service, path, { method: 'POST', headers: { ...FORM, ...headers }, body });

test.serial(
  'Now shows what fires with its playbook in place, and the verdict says so',
  async (t) => {
    const { incidents } = await getJson(service, '/v1/incidents?state=open');
    t.true(incidents.length >= 2);
    const { body } = await raw(service, '/console');
    for (const { id } of incidents) t.true(body.includes(`href="${pathOf(id)}"`), id);
    t.is(body.match(/<details\s+class="playbook"[^>]*\sopen\s*>/g)?.length, 1);
    t.regex(body, /<h1 id="verdict">Users are affected/);
  },
);

test.serial(
  'figures of an incident are those of the API, and its picture is the recorded signal',
  async (t) => {
    const { incidents } = await getJson(service, '/v1/incidents?policy=api-availability');
    const [{ id, links }] = incidents;
    const evidence = await getJson(service, `${links.self}/evidence`);
    const { body } = await raw(service, pathOf(id));
    t.true(body.includes(`<data value="${evidence.budget.budget_spent_ratio}">`));
    t.true(body.includes(`<data value="${evidence.budget.bad_count}">`));
    // A failed request in five on one of two routes, for all of the incident: a tenth of all, 20 times a budget of half a percent.
    const slo = await getJson(service, '/v1/slos/api-availability');
    const peak = Math.max(...evidence.lines[1].points.map(({ value }: { value: number }) => value));
    t.true(Math.abs(peak * slo.budget_ratio - 0.2 / 2) < 0.005 || peak > evidence.threshold.value);
    t.true(evidence.budget.bad_count <= slo.counted.bad_count * 1.1);
    t.true(evidence.budget.bad_count > slo.counted.bad_count * 0.5);
    const page = (await raw(service, `/console/slos/api-availability`)).body;
    t.true(page.includes(`<data value="${evidence.budget.budget_spent_ratio}">`));
  },
);

test.serial('an incident leads to a trace of it, which is shown span by span', async (t) => {
  const { id, links } = await openIncident();
  const { traceId, url } = SEEDED_EXAMPLE.example;
  const whole = await getJson(service, links.self);
  t.like(whole.examples[0], { trace: traceId, value: 0.75, links: { page: url } });
  const { body } = await raw(service, pathOf(id));
  t.true(body.includes(`href="/console/traces/${traceId}"`));
  t.true(body.includes(`href="${url}">in Cloud Trace`));
  const trace = await raw(service, `/console/traces/${traceId}`);
  t.is(trace.status, 200);
  t.deepEqual(
    [...trace.body.matchAll(/<th scope="row">([^]*?)<\/th>/g)].map(([, cell]) =>
      cell!
        .replaceAll(/<[^>]*>/g, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    ),
    [
      'GET /v1/streams/:stream/events ✕ failed: status 503',
      '· warehouse &#60;events&#62; ✕ failed',
      'warehouse &#60;events&#62; ✕ failed',
    ],
    'below its parent, and at the left where that is not here',
  );
  t.regex(trace.body, /belongs with ffffffff…, not kept here/);
  const unknown = await raw(service, `/console/traces/${'0'.repeat(32)}`);
  t.is(unknown.status, 404);
  t.regex(unknown.body, /No trace 0+ is kept here/);
});

test.serial('an incident is exported as Markdown with its timeline and who was told', async (t) => {
  const { id } = await openIncident();
  const answer = await raw(service, `${pathOf(id)}/review.md`);
  t.is(answer.status, 200);
  t.regex(String(answer.headers['content-type']), /^text\/markdown/);
  t.regex(String(answer.headers['content-disposition']), /attachment; filename="incident-/);
  const { timeline, notifications } = await getJson(service, (await openIncident()).links.self);
  t.true(notifications.length > 0);
  const rows = answer.body.split('\n').filter((line) => /^\| \d{4}-/.test(line));
  t.is(rows.length, timeline.length + notifications.length + 1);
});

test.serial('a form is taken from the console’s own pages alone', async (t) => {
  const { id } = await openIncident();
  const path = `${pathOf(id)}/acknowledge`;
  const host = `127.0.0.1:${service.port}`;
  const foreign: readonly Record<string, string>[] = [
    {},
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `http://${host}`, 'sec-fetch-site': 'cross-site' },
  ];
  for (const headers of foreign) {
    t.is((await post(path, 'by=mallory', headers)).status, 403, JSON.stringify(headers));
  }
  const { acknowledged } = await getJson(service, (await openIncident()).links.self);
  t.is(acknowledged, null);
  const done = await post(path, 'by=kim&back=now', { origin: `http://${host}` });
  t.is(done.status, 303);
  t.is(done.headers.location, '/console');
});

test.serial('forms are read strictly, and what is wrong is a page', async (t) => {
  const { id } = await openIncident();
  for (const [path, body, status] of [
    [`${pathOf(id)}/acknowledge`, 'note=x', 400],
    [`${pathOf(id)}/silence`, 'by=kim&for=1h', 400],
    [`${pathOf(id)}/silence`, 'by=kim&reason=r&for=90d', 400],
    [`${pathOf('none')}/silence`, 'by=kim&reason=r&for=1h', 404],
    ['/console/silences/none/end', '', 404],
  ] as const) {
    const answer = await post(path, body, OWN);
    t.is(answer.status, status, `${path} ${body}`);
    t.regex(String(answer.headers['content-type']), /^text\/html/);
  }
  const set = await post(`${pathOf(id)}/silence`, 'by=kim&reason=a+move&for=1h', OWN);
  t.is(set.status, 303);
  const { silences } = await getJson(service, '/v1/silences');
  t.is(silences[0].reason, 'a move');
  t.is((await post(`/console/silences/${silences[0].id}/end`, '', OWN)).status, 303);
  t.is((await getJson(service, '/v1/silences')).count, 0);
});

test.serial(
  'who may not operate sees no form, and is refused; a name that is known is not asked',
  async (t) => {
    const { alerts, evaluator } = service;
    const reading = await startService({
      alerts,
      slos: evaluator,
      identity: as('iap:ann', ['reader']),
    });
    const operating = await startService({
      alerts,
      slos: evaluator,
      identity: as('iap:bob', ['operator']),
    });
    t.teardown(() => Promise.all([reading.stop(), operating.stop()]));
    const { id } = await openIncident();
    const send = (to: typeof reading) =>
      raw(to, `${pathOf(id)}/acknowledge`, {
        method: 'POST',
        headers: { ...FORM, ...OWN },
        body: 'by=somebody+else',
      });
    t.notRegex((await raw(reading, pathOf(id))).body, /<form/);
    t.is((await send(reading)).status, 403);
    t.notRegex((await raw(operating, pathOf(id))).body, /name="by"/);
    t.is((await send(operating)).status, 303);
    t.is(alerts.log.incident(id)?.incident.acknowledged?.by, 'iap:bob');
  },
);
