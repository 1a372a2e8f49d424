/** Game days from the console: started, watched and stopped by who may, from its own pages alone. */
import test from 'ava';
import { identityOf } from '../../service/auth/identity.ts';
import { eventually } from '../helpers/highwater-process.ts';
import { raw, startService } from '../service/server.ts';
import { startSeeded } from './seeded-service.ts';
import type { SeededService } from './seeded-service.ts';

const OWN = { 'sec-fetch-site': 'same-origin' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const PAGE = '/console/game-day';

let service: SeededService;
test.before(async () => {
  service = await startSeeded();
});
test.after.always(() => service?.stop());

const post = (path: string, body: string, headers: Record<string, string> = OWN) =>
  raw(service, path, { method: 'POST', headers: { ...FORM, ...headers }, body });
const page = async () => (await raw(service, PAGE)).body;

test.serial('what cannot be drilled, or comes from elsewhere, starts nothing', async (t) => {
  t.is((await post(`${PAGE}/start`, 'drills=latency', {})).status, 403);
  for (const body of ['', 'drills=everything', 'drills=latency&drills=everything']) {
    const answer = await post(`${PAGE}/start`, body);
    t.is(answer.status, 400, body);
    t.regex(String(answer.headers['content-type']), /^text\/html/);
  }
  t.deepEqual(service.faults.list(), []);
  t.regex(await page(), /<button>Start<\/button>/);
});

test.serial('a drill is started, watched and stopped, and its fault goes with it', async (t) => {
  const started = await post(`${PAGE}/start`, 'drills=latency&drills=errors&drills=latency');
  t.is(started.status, 303);
  t.is(started.headers.location, PAGE);
  await eventually('the fault', () => service.faults.list().length > 0);
  t.deepEqual(
    service.faults.list().map(({ fault }) => fault),
    ['latency'],
  );
  const watched = await eventually('what is waited for', async () => {
    const body = await page();
    return body.includes('api-latency-mean to fire') && body;
  });
  t.regex(watched, /broken; waits for the alert/);
  t.is(watched.match(/<th scope="row">(?:latency|errors)<\/th>/g)?.length, 2, 'each drill once');
  t.regex(watched, /<button>Stop<\/button>/);
  t.notRegex(watched, /<button>Start<\/button>/);
  const second = await post(`${PAGE}/start`, 'drills=errors');
  t.not(second.status, 303);
  t.regex(second.body, /A game day is under way; stop it first/);

  t.is((await post(`${PAGE}/stop`, '')).status, 303);
  t.deepEqual(service.faults.list(), []);
  t.is((await page()).match(/stopped/g)?.length, 2);
  t.regex(await page(), /<button>Start<\/button>/);
});

test.serial('errors that are injected leave the console standing', async (t) => {
  const broken = await startService({
    alerts: service.alerts,
    faults: { errorIsDue: () => true, latencyMs: () => 0 },
  });
  t.teardown(() => broken.stop());
  t.is((await raw(broken, '/v1/alerts')).status, 500);
  t.is((await raw(broken, '/console')).status, 200);
});

test.serial(
  'who may not operate sees no form and is refused; without game days there is no page',
  async (t) => {
    const { alerts, evaluator } = service;
    const none = await startService({ alerts, slos: evaluator });
    const reading = await startService({
      alerts,
      slos: evaluator,
      gameDays: { start: refuse, status: idle, stop: refuse },
      identity: identityOf([
        { mode: 'iap', identify: () => Promise.resolve({ id: 'iap:ann', roles: ['reader'] }) },
      ]),
    });
    t.teardown(() => Promise.all([none.stop(), reading.stop()]));
    t.is((await raw(none, PAGE)).status, 404);
    t.notRegex((await raw(none, '/console')).body, /game-day/);
    t.regex((await raw(service, '/console')).body, /href="\/console\/game-day"/);
    const shown = await raw(reading, PAGE);
    t.is(shown.status, 200);
    t.notRegex(shown.body, /<form/);
    const asked = await raw(reading, `${PAGE}/start`, {
      method: 'POST',
      headers: { ...FORM, ...OWN },
      body: 'drills=latency',
    });
    t.is(asked.status, 403);
  },
);

const idle = () => ({ state: 'idle', channels: [], drills: [] }) as const;
const refuse = (): never => {
  throw new Error('nothing may be started here');
};
