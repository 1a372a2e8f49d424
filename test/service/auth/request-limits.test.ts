/** How often a caller may ask, and an address may fail: buckets, headers, 429, and a bounded memory. */
import test from 'ava';
import { AppError, VirtualClock } from '../../../runtime/index.ts';
import { RequestLimits } from '../../../service/index.ts';
import { RateLimiter } from '../../../service/auth/rate-limit.ts';
import { FAILURES_MAX } from '../../../service/auth/request-limits.ts';
import type { Identity } from '../../../service/index.ts';
import { raw, startService } from '../server.ts';
import type { TestService } from '../server.ts';

test('a bucket gives what it holds, refills evenly, and says when', (t) => {
  const limiter = new RateLimiter({ name: 'minute', requestsMax: 60, windowMs: 60_000 });
  for (let count = 1; count <= 60; count += 1) {
    const { isAllowed, leftCount } = limiter.take('ann', 0);
    t.true(isAllowed);
    t.is(leftCount, 60 - count);
  }
  t.deepEqual(limiter.take('ann', 0), {
    isAllowed: false,
    leftCount: 0,
    fullAfterMs: 60_000,
    nextAfterMs: 1_000,
  });
  t.is(limiter.look('ann', 999).isAllowed, false);
  t.like(limiter.take('ann', 1_000), { isAllowed: true, leftCount: 0 });
  t.is(limiter.look('ann', 11_000).leftCount, 10);
  t.is(limiter.look('ann', 1e9).leftCount, 60, 'never more than it holds');
  t.is(limiter.look('bob', 0).leftCount, 60, 'callers have buckets of their own');
});

test('no more callers are remembered than the limit, the one who came longest ago goes first', (t) => {
  const limiter = new RateLimiter({ name: 'minute', requestsMax: 2, windowMs: 60_000 }, 3);
  limiter.take('a', 0);
  limiter.take('b', 1);
  limiter.take('a', 2);
  for (const caller of ['c', 'd']) limiter.take(caller, 3);
  t.is(limiter.rememberedCount, 3);
  t.is(limiter.look('a', 3).isAllowed, false, 'a is remembered');
  t.is(limiter.look('b', 3).leftCount, 2, 'b is forgotten');
  for (let caller = 0; caller < 10_000; caller += 1) limiter.take(`caller ${caller}`, 4);
  t.is(limiter.rememberedCount, 3);
});

/** Names come as they are said; `wrong` is no credential. */
const named: Identity = {
  modes: ['api-key'],
  identify({ headers }) {
    const name = String(headers['x-api-key'] ?? '');
    return name === 'wrong' || name === ''
      ? Promise.reject(
          new AppError(
            'unauthenticated',
            'No.',
            name === '' ? {} : { detail: { reason: 'wrong' } },
          ),
        )
      : Promise.resolve({ id: name, roles: ['reader'] });
  },
};

/** As the one proxy in front writes it, behind what the client wrote itself. */
function from(address: string): Record<string, string> {
  return { 'x-forwarded-for': `10.9.9.9, ${address}` };
}

async function ask(service: TestService, key: string, headers: Record<string, string> = {}) {
  return raw(service, '/openapi.json', { headers: { 'x-api-key': key, ...headers } });
}

test('every answer says what is left, and what is too much is 429 until it is back', async (t) => {
  const clock = new VirtualClock();
  const requestLimits = new RequestLimits({
    requestsPerMinute: 3,
    requestsPerDay: 5,
    proxyHops: 0,
  });
  const service = await startService({ identity: named, requestLimits, clock });
  const first = await ask(service, 'ann');
  t.is(first.status, 200);
  t.is(first.headers['ratelimit-policy'], '"minute";q=3;w=60, "day";q=5;w=86400');
  t.is(first.headers['ratelimit'], '"minute";r=2;t=20, "day";r=4;t=17280');
  t.is((await ask(service, 'ann')).status, 200);
  t.is((await ask(service, 'ann')).status, 200);
  const fourth = await ask(service, 'ann');
  t.is(fourth.status, 429);
  t.like(JSON.parse(fourth.body), { code: 'too_many_requests', status: 429 });
  t.is(fourth.headers['retry-after'], '20');
  t.is(fourth.headers['ratelimit'], '"minute";r=0;t=60, "day";r=2;t=51840');
  t.is((await ask(service, 'bob')).status, 200, 'another caller is not held up');
  t.is((await raw(service, '/healthz')).status, 200, 'probes are not counted');
  await clock.advance(20_000);
  t.is((await ask(service, 'ann')).status, 200);
  await clock.advance(60_000);
  t.is((await ask(service, 'ann')).status, 200);
  const spent = await ask(service, 'ann');
  t.is(spent.status, 429, 'the day is spent');
  t.true(Number(spent.headers['retry-after']) > 10_000);
  await service.stop();
});

test('an address that fails too often is not heard for a while, and no other with it', async (t) => {
  const clock = new VirtualClock();
  const options = { requestsPerMinute: 1_000, requestsPerDay: 10_000 };
  const service = await startService({
    identity: named,
    requestLimits: new RequestLimits({ ...options, proxyHops: 1 }),
    clock,
  });
  for (let count = 0; count < FAILURES_MAX; count += 1) {
    t.is((await ask(service, 'wrong', from('192.0.2.1'))).status, 401);
  }
  const blocked = await ask(service, 'ann', from('192.0.2.1'));
  t.is(blocked.status, 429);
  t.is(blocked.headers['retry-after'], '10');
  t.is((await ask(service, 'ann', from('192.0.2.2'))).status, 200);
  t.is(
    (await ask(service, 'ann', { 'x-forwarded-for': '192.0.2.1, 192.0.2.2' })).status,
    200,
    'what a client writes before its proxy does is not believed',
  );
  await clock.advance(10_000);
  t.is((await ask(service, 'ann', from('192.0.2.1'))).status, 200);
  await service.stop();

  const direct = await startService({
    identity: named,
    requestLimits: new RequestLimits({ ...options, proxyHops: 0 }),
    clock,
  });
  for (let count = 0; count < FAILURES_MAX; count += 1) {
    const spoofed = from(`192.0.2.${count}`);
    t.is((await ask(direct, 'wrong', spoofed)).status, 401);
  }
  t.is((await ask(direct, 'ann')).status, 429, 'without a proxy the header counts for nothing');
  await direct.stop();
});
