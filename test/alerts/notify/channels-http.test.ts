/** PagerDuty and webhooks over HTTP: every way of failing, what is tried again, and that no secret is ever said. */
import { createServer } from 'node:http';
import test from 'ava';
import { Webhook } from 'standardwebhooks';
import { pagerDutyChannel, webhookChannel } from '../../../alerts/index.ts';
import type { SendResult } from '../../../alerts/index.ts';
import { listenOn, systemClock, VirtualClock } from '../../../runtime/index.ts';
import { eventually } from '../../helpers/highwater-process.ts';
import { freePort } from '../../helpers/free-port.ts';
import { incidents, page, raised, resolved, ticket } from './notifications.ts';
import { startPagerDuty } from './pagerduty-server.ts';
import type { Answer } from './pagerduty-server.ts';
import { openRig, ROUTING_KEY, WEBHOOK_SECRET } from './rig.ts';

const NEVER = new AbortController().signal;

async function pagerDuty(t: { teardown(close: () => Promise<void>): void }, clock = systemClock) {
  const server = await startPagerDuty();
  t.teardown(() => server.close());
  const channel = pagerDutyChannel({ routingKey: ROUTING_KEY, baseUrl: server.url, clock });
  return { server, channel };
}

const status = (code: number, more: object = {}): Answer => ({
  kind: 'status',
  status: code,
  ...more,
});

interface Expected {
  readonly outcome: SendResult['outcome'];
  readonly reason: RegExp;
  readonly retryAfterMs?: number;
}

const CASES: readonly (readonly [string, Answer, Expected])[] = [
  ['429', status(429), { outcome: 'retry', reason: /answered 429/ }],
  [
    '429 with Retry-After in seconds',
    status(429, { headers: { 'retry-after': '7' } }),
    { outcome: 'retry', reason: /429/, retryAfterMs: 7_000 },
  ],
  [
    '503 with a Retry-After that is neither seconds nor a date',
    status(503, { headers: { 'retry-after': 'soon' } }),
    { outcome: 'retry', reason: /answered 503/ },
  ],
  ['500', status(500, { body: 'oops' }), { outcome: 'retry', reason: /answered 500: oops/ }],
  ['400', status(400, { body: 'no' }), { outcome: 'refused', reason: /answered 400: no/ }],
  ['403', status(403), { outcome: 'refused', reason: /answered 403/ }],
  [
    '202 without its JSON',
    status(202, { body: '<html>Sign in</html>' }),
    { outcome: 'retry', reason: /answered 202: <html>.*not the answer of this API/ },
  ],
  [
    '200 of a captive portal',
    status(200, { body: '{"status":"success"}' }),
    { outcome: 'retry', reason: /answered 200/ },
  ],
  [
    'a redirect, which is not followed',
    status(302, { headers: { location: 'http://127.0.0.1:1/' } }),
    { outcome: 'refused', reason: /answered 302/ },
  ],
  ['a broken connection', { kind: 'reset' }, { outcome: 'retry', reason: /ECONNRESET|other side/ }],
];

for (const [name, answer, expected] of CASES) {
  test(`PagerDuty answers with ${name}`, async (t) => {
    const { server, channel } = await pagerDuty(t);
    server.answerNext(answer);
    const result = await channel.send(page, NEVER);
    const { reason, ...rest } = expected;
    t.like(result, rest);
    t.regex(result.outcome === 'delivered' ? '' : result.reason, reason);
    t.is((await channel.send(page, NEVER)).outcome, 'delivered');
    t.is(server.alerts.length, 1);
  });
}

test('Retry-After as a date', async (t) => {
  const { server, channel } = await pagerDuty(t);
  const date = new Date(Date.now() + 90_000).toUTCString();
  server.answerNext(status(503, { headers: { 'retry-after': date } }));
  const result = await channel.send(page, NEVER);
  const waitMs = result.outcome === 'retry' ? (result.retryAfterMs ?? 0) : 0;
  t.true(waitMs > 60_000 && waitMs <= 90_000, `${waitMs} ms`);
});

test('a receiver that never answers is left after 15 s, and at once when told to stop', async (t) => {
  const clock = new VirtualClock();
  const { server, channel } = await pagerDuty(t, clock);
  server.answerNext({ kind: 'hang' }, { kind: 'hang' });
  const late = channel.send(page, NEVER);
  await eventually('the request', () => server.requests.length === 1);
  await clock.advance(15_000);
  t.deepEqual(await late, { outcome: 'retry', reason: 'no answer within 15 s' });
  const stop = new AbortController();
  const stopped = channel.send(page, stop.signal);
  await eventually('the second request', () => server.requests.length === 2);
  stop.abort();
  t.like(await stopped, { outcome: 'retry', reason: 'stopped while it was being sent' });
});

test('nothing listens', async (t) => {
  const baseUrl = `http://127.0.0.1:${await freePort()}`;
  const channel = pagerDutyChannel({ routingKey: ROUTING_KEY, baseUrl, clock: systemClock });
  const result = await channel.send(page, NEVER);
  t.like(result, { outcome: 'retry' });
  t.regex(result.outcome === 'retry' ? result.reason : '', /ECONNREFUSED/);
});

test('an incident from ticket to page to end is one alert there, and goes to the documented path', async (t) => {
  const { server, channel } = await pagerDuty(t);
  for (const each of [ticket, raised, { ...raised, state: 'resolved' as const, sequence: 2 }]) {
    t.is((await channel.send(each, NEVER)).outcome, 'delivered');
  }
  t.deepEqual(
    server.alerts.map(({ triggerCount, state }) => [triggerCount, state]),
    [[2, 'resolved']],
  );
  t.is(server.requests[0]?.path, 'POST /v2/enqueue');
});

test('through every failure in turn each event arrives once in effect, in order', async (t) => {
  const { server, channel } = await pagerDuty(t);
  const lost = { isTaken: true } as const;
  server.answerNext(
    status(429, { headers: { 'retry-after': '0' } }),
    status(500),
    { kind: 'reset' },
    status(202, { body: 'not json' }),
    { kind: 'reset', ...lost },
    status(502, lost),
    status(503),
  );
  const { dispatcher } = openRig(t, [channel], { random: () => 0 });
  const all = incidents(6);
  for (const each of all) dispatcher.notify(each);
  await eventually('all delivered', () => dispatcher.pending().length === 0, 90_000);
  t.is(server.alerts.length, 6, 'nobody is woken twice');
  t.true(server.alerts.every(({ state }) => state === 'resolved'));
});

test('no secret is in what is said of a failure, whatever the receiver repeats', async (t) => {
  const repeating = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
      response.writeHead(request.url === '/v2/enqueue' ? 400 : 500);
      response.end(`${request.method} ${request.url} ${JSON.stringify(request.headers)} ${text}`);
    });
  });
  const port = await listenOn(repeating, { host: '127.0.0.1', port: 0 }, 'PORT');
  t.teardown(() => repeating.close());
  const token = 'T0K3N-of-a-chat';
  const url = `http://127.0.0.1:${port}/hooks/${token}?key=${token}`;
  const channels = [
    pagerDutyChannel({
      routingKey: ROUTING_KEY,
      baseUrl: `http://127.0.0.1:${port}`,
      clock: systemClock,
    }),
    webhookChannel({ url, secret: WEBHOOK_SECRET, clock: systemClock }),
  ];
  const { dispatcher, lines } = openRig(t, channels);
  dispatcher.notify(page);
  await eventually(
    'both tried',
    () => dispatcher.recent(2).every(({ lastError }) => lastError),
    90_000,
  );
  const said = [...lines, ...dispatcher.recent(2).map(({ lastError }) => lastError)].join('\n');
  for (const secret of [ROUTING_KEY, token, WEBHOOK_SECRET, WEBHOOK_SECRET.slice(6)]) {
    t.false(said.includes(secret), `${secret} in ${said}`);
  }
  t.regex(said, /\(hidden\)/);
});

test('a webhook receives JSON that the Standard Webhooks library verifies, with the same id when repeated', async (t) => {
  const got: { id: unknown; payload: unknown }[] = [];
  const receiver = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      got.push({
        id: headers['webhook-id'],
        payload: new Webhook(WEBHOOK_SECRET).verify(text, headers),
      });
      response.writeHead(got.length === 1 ? 500 : 204).end();
    });
  });
  const port = await listenOn(receiver, { host: '127.0.0.1', port: 0 }, 'PORT');
  t.teardown(() => receiver.close());
  const url = `http://127.0.0.1:${port}/alerts`;
  const channel = webhookChannel({ url, secret: WEBHOOK_SECRET, clock: systemClock });
  t.like(await channel.send(resolved, NEVER), { outcome: 'retry' });
  t.like(await channel.send(resolved, NEVER), { outcome: 'delivered' });
  t.deepEqual(got[0], got[1]);
  t.like(got[0]?.payload, { type: 'alert.resolved', version: '1' });
});
