/**
 * From a fault in the running service to the people on call: real mails at a real SMTP server and events at a stand-in of
 * PagerDuty that fails at first, once each, through a kill of the service.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { mailTest as test, startMailServer } from '../alerts/notify/mail-server.ts';
import type { MailServer } from '../alerts/notify/mail-server.ts';
import { startPagerDuty } from '../alerts/notify/pagerduty-server.ts';
import { QUICK, writeQuickDefinitions } from '../alerts/quick-definitions.ts';
import { eventually, temporaryFolder } from '../helpers/highwater-process.ts';
import { startedHighwater } from '../helpers/started-highwater.ts';
import type { StartedHighwater } from '../helpers/started-highwater.ts';
import { steadyRequests } from '../helpers/steady-requests.ts';

const KEY = 'R0123456789ABCDEF0123456789ABCDE';
const DEADLINE_MS = 180_000;
/** The three named alerts, and a page of a burn rate. */
const EXPECTED = ['api-error-ratio', 'api-latency-mean', 'backlog-age', 'api-availability'];

interface Incident {
  readonly id: string;
  readonly policy: string;
  readonly route: string;
  readonly told_at: string | null;
  readonly resolved_at: string | null;
}

/** Answers fail on purpose while faults are injected; asked again until one comes. */
async function incidentsOf(url: string): Promise<readonly Incident[]> {
  return eventually('the list of incidents', async () => {
    const response = await fetch(`${url}/v1/incidents?limit=500`);
    if (!response.ok) return undefined;
    return ((await response.json()) as { incidents: readonly Incident[] }).incidents;
  });
}

async function setFaults(service: StartedHighwater, method: 'POST' | 'DELETE', body?: object) {
  const response = await fetch(`${service.metricsUrl}/faults`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!response.ok) throw new Error(await response.text());
}

function mailsOf(mail: MailServer, policy: string, state: string) {
  return mail.mails.filter(
    ({ mail: { headers } }) =>
      headers.get('x-highwater-policy') === policy && headers.get('x-highwater-state') === state,
  );
}

function checkMail(t: ExecutionContext, mail: MailServer): void {
  const [page] = mailsOf(mail, 'api-error-ratio', 'triggered');
  t.true(page?.isEncrypted);
  t.is(
    page?.mail.subject,
    '[Highwater] More than 1 % of API requests fail (api-error-ratio, highwater-local)',
  );
  const text = page?.mail.text ?? '';
  t.regex(text, /^PAGE\. More than 1 % of API requests fail: Their request fails/);
  t.regex(text, /Measured\s+Share of bad events .*: \d+(?:\.\d+)? %; bad above 1 %/);
  t.regex(text, /Worst route\s+\S+: \d/);
  t.regex(text, /## First five minutes/, 'the playbook is in the mail');
  const burn = mailsOf(mail, 'api-availability', 'triggered')[0]?.mail.text ?? '';
  t.regex(burn, /Error budget\s+.* % of the budget of api-availability \(99\.9 % over 30 d\)/);
}

/** Failed and slow requests have a trace; messages that nobody took have none, and no link is made up. */
async function checkTraceLink(
  t: ExecutionContext,
  url: string,
  mails: MailServer['mails'],
): Promise<void> {
  for (const { mail } of mails) {
    const links = [...(mail.text ?? '').matchAll(/:8080(\/console\/traces\/[0-9a-f]{32})/g)];
    const isOfMessages = mail.headers.get('x-highwater-policy') === 'backlog-age';
    t.is(links.length, isOfMessages ? 0 : 1, mail.subject);
    const [, path] = links[0] ?? [];
    if (path === undefined) continue;
    const page = await fetch(url + path);
    t.is(page.status, 200, `${path}, by another process than the one that saw it`);
    t.regex(await page.text(), /<h1>[A-Z]+ \/v1\//);
  }
}

test('named alerts and a burn-rate page arrive once each as mail and in PagerDuty, through refusals and a kill', async (t) => {
  t.timeout(600_000);
  const [pagerDuty, mail] = await Promise.all([startPagerDuty(), startMailServer()]);
  const folder = temporaryFolder();
  const services: StartedHighwater[] = [];
  t.teardown(async () => {
    await Promise.all(services.map((each) => each.close()));
    await Promise.all([pagerDuty.close(), mail.close()]);
    folder.remove();
  });
  const ca = join(folder.path, 'ca.pem');
  writeFileSync(ca, mail.ca);
  const environment = {
    ...writeQuickDefinitions(
      folder.path,
      ['api-latency-mean', 'api-error-ratio', 'backlog-age'],
      ['api.yaml'],
      // Longer than a restart on a busy machine, so that what fired before the kill still fires after it.
      { ...QUICK, keepFiringFor: '40s' },
    ),
    HIGHWATER_DATA_DIR: join(folder.path, 'data'),
    HIGHWATER_FAULTS: 'allow',
    HIGHWATER_PUBLIC_URL: 'http://127.0.0.1:8080/',
    METRICS_SAMPLE_INTERVAL: '1s',
    SLO_INTERVAL: '1s',
    CANARY_INTERVAL: '0s',
    NODE_EXTRA_CA_CERTS: ca,
    ALERT_PAGERDUTY_ROUTING_KEY: KEY,
    ALERT_PAGERDUTY_URL: pagerDuty.url,
    ALERT_SMTP_URL: mail.smtpUrl(),
    ALERT_EMAIL_FROM: 'alerts@example.com',
    ALERT_EMAIL_TO: 'kim@example.com',
  };
  const start = async () => {
    const service = await startedHighwater(['--no-demo'], environment);
    services.push(service);
    return service;
  };
  const first = await start();
  const requests = steadyRequests(first.url);
  t.teardown(() => requests.stop());

  // All that PagerDuty is asked fails until the service was killed; one answer is lost though the event counts.
  const refusals = [
    { kind: 'status', status: 500 },
    { kind: 'reset', isTaken: true },
    { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
  ] as const;
  let askedCount = 0;
  pagerDuty.onRequest = () => refusals[askedCount++ % refusals.length];
  mail.failNext({ at: 'recipient', code: 451, text: 'Try again later' });

  await fetch(`${first.url}/v1/streams/events/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: 'before', timestamp: new Date().toISOString(), data: 'ok' }),
  });
  const faults = { errors: 0.5, latency: '900ms', subscription: 'stuck', for: '10m' };
  await setFaults(first, 'POST', faults);
  await eventually('a message that nobody acks', async () => {
    const { status } = await fetch(`${first.url}/v1/streams/events/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: 'held', timestamp: new Date().toISOString(), data: 'ok' }),
    });
    return status < 300;
  });
  await eventually(
    'a mail of each',
    () => EXPECTED.every((policy) => mailsOf(mail, policy, 'triggered').length > 0),
    DEADLINE_MS,
  );
  await eventually(
    'that the service knows its mails are taken',
    () =>
      first.output.stderr
        .split('\n')
        .filter((line) => line.includes('alert_delivered') && line.includes('email:')).length >=
      mail.mails.length,
  );
  await eventually('refusals of PagerDuty', () => askedCount >= EXPECTED.length, DEADLINE_MS);
  const evaluations = await (await fetch(`${first.metricsUrl}/metrics`)).text();
  for (const evaluator of ['slo', 'alerts']) {
    const count = new RegExp(
      `^evaluations_total\\{.*evaluator="${evaluator}",outcome="succeeded".*\\} (\\d+)`,
      'm',
    ).exec(evaluations)?.[1];
    t.true(Number(count) > 0, `evaluations of ${evaluator}`);
  }
  const before = await incidentsOf(first.url);
  await first.close();

  pagerDuty.onRequest = undefined;
  const second = await start();
  requests.url = second.url;
  const resolved = await eventually(
    'the end of every incident',
    async () => {
      const incidents = await incidentsOf(second.url);
      return incidents.every((each) => each.resolved_at !== null) && incidents;
    },
    DEADLINE_MS,
  );
  const told = resolved.filter(({ told_at: toldAt }) => toldAt !== null);
  const keys = told.map(({ id }) => `highwater-local/${id}`).toSorted();
  await eventually(
    'every end in PagerDuty',
    () => pagerDuty.alerts.filter(({ state }) => state === 'resolved').length >= told.length,
    DEADLINE_MS,
  );
  await eventually('every end as a mail', () => mail.mails.length >= 2 * told.length, DEADLINE_MS);
  for (const { id } of told) {
    const path = `/console/incidents/${encodeURIComponent(id)}`;
    const { status } = await fetch(`${second.url}${path}`);
    t.is(status, 200, path);
    const linked = mail.mails.filter((each) => each.mail.text?.includes(`:8080${path}`));
    t.is(linked.length, 2, 'its page and its end link to the incident');
    await checkTraceLink(t, second.url, linked);
  }
  const [some] = told;
  const shown = await fetch(`${second.url}/v1/incidents/${encodeURIComponent(some!.id)}`);
  const { notifications } = (await shown.json()) as { notifications: readonly unknown[] };
  t.is(notifications.length, 6, 'its begin and its end to PagerDuty, by mail and in the log');
  second.kill('SIGTERM');
  t.is(await second.exited, 0, second.output.stderr);

  t.deepEqual(
    EXPECTED.filter((policy) => !before.some((each) => each.policy === policy)),
    [],
    'each fired before the kill',
  );
  t.true(told.every(({ route }) => route === 'page'));
  for (const { id } of before) t.true(resolved.some((each) => each.id === id));
  t.deepEqual(
    pagerDuty.alerts.map(({ dedupKey }) => dedupKey).toSorted(),
    keys,
    'each incident woke somebody once',
  );
  t.true(pagerDuty.alerts.every(({ state }) => state === 'resolved'));
  for (const state of ['triggered', 'resolved']) {
    for (const policy of new Set(told.map((each) => each.policy))) {
      const expectedCount = told.filter((each) => each.policy === policy).length;
      t.is(mailsOf(mail, policy, state).length, expectedCount, `mails: ${policy} ${state}`);
    }
  }
  t.is(new Set(mail.mails.map((each) => each.mail.messageId)).size, mail.mails.length);
  checkMail(t, mail);
  const logged = services.map(({ output }) => output.stdout + output.stderr).join('');
  t.false(logged.includes(KEY));
  t.notRegex(logged, /p@ss|p%40ss/);
  t.log(`${told.length} incidents, ${pagerDuty.taken.length} events, ${mail.mails.length} mails`);
});
