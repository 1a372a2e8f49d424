/** The circuit breaker: opens where most queries fail or hang, leaves the warehouse alone, and closes by itself. */
import test from 'ava';
import { AppError, silentLogger, VirtualClock } from '../../../runtime/index.ts';
import { guardedWarehouse } from '../../../service/index.ts';
import { OPEN_MS } from '../../../service/overload/breaker.ts';
import { observedWarehouse } from '../../../warehouse/index.ts';
import { raw, startService, testDeps } from '../server.ts';

type Mode = 'well' | 'down' | 'hangs' | 'refuses';

async function openRig(t: { teardown(done: () => Promise<void>): void }) {
  const clock = new VirtualClock();
  const { deps, close } = await testDeps();
  t.teardown(close);
  const rig = { mode: 'well' as Mode, callCount: 0 };
  const inner = observedWarehouse(deps.warehouse, (call, run) => {
    if (call.kind !== 'query') return run();
    rig.callCount += 1;
    if (rig.mode === 'well') return run();
    if (rig.mode === 'hangs') return new Promise(() => undefined);
    const code = rig.mode === 'down' ? 'warehouse_unavailable' : 'invalid_range';
    return Promise.reject(new AppError(code, rig.mode));
  });
  const guarded = guardedWarehouse(inner, { queryTimeoutMs: 1_000, clock, logger: silentLogger });
  const [stream] = deps.streams;
  const ask = () => guarded.warehouse.rowCount(stream!);
  const fail = async (count: number) => {
    for (let index = 0; index < count; index += 1) await ask().catch(() => undefined);
  };
  return { clock, rig, guarded, ask, fail };
}

test('it opens once half of the queries fail, tries one after a while, and closes when that works', async (t) => {
  const { clock, rig, guarded, ask, fail } = await openRig(t);
  t.is(await ask(), 0);
  rig.mode = 'down';
  await fail(20);
  t.is(guarded.breakerState(), 'open');
  t.true(rig.callCount < 20, `${rig.callCount} reached the warehouse`);
  const before = rig.callCount;
  const error = await t.throwsAsync(ask(), { code: 'warehouse_unavailable' });
  t.like(error, { headers: { 'Retry-After': String(OPEN_MS / 1_000) } });
  t.is(rig.callCount, before);

  await clock.advance(OPEN_MS);
  t.is(guarded.breakerState(), 'half_open');
  await fail(5);
  t.is(rig.callCount, before + 1, 'one trial, which fails: open for twice as long');
  await clock.advance(OPEN_MS);
  t.is(guarded.breakerState(), 'open');
  await clock.advance(OPEN_MS);
  rig.mode = 'well';
  t.is(await ask(), 0);
  t.is(guarded.breakerState(), 'closed');
  t.is(await ask(), 0);
});

test('only one query at a time tries whether it works again', async (t) => {
  const { clock, rig, ask, fail, guarded } = await openRig(t);
  rig.mode = 'down';
  await fail(10);
  await clock.advance(OPEN_MS);
  rig.mode = 'well';
  const before = rig.callCount;
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => ask()));
  t.is(results.filter(({ status }) => status === 'fulfilled').length, 1);
  t.is(rig.callCount, before + 1);
  t.is(guarded.breakerState(), 'closed');
});

test('a query that hangs is given up, and many of them open it', async (t) => {
  const { clock, rig, ask, guarded } = await openRig(t);
  rig.mode = 'hangs';
  const hanging = Array.from({ length: 10 }, () =>
    t.throwsAsync(ask(), { code: 'deadline_exceeded' }),
  );
  await clock.advance(1_000);
  await Promise.all(hanging);
  t.is(guarded.breakerState(), 'open');
});

test('questions that are wrong say nothing about the warehouse', async (t) => {
  const { rig, guarded, fail } = await openRig(t);
  rig.mode = 'refuses';
  await fail(40);
  t.is(guarded.breakerState(), 'closed');
  t.is(rig.callCount, 40);
});

test('an open breaker is a 503 that says when, while health and documents are answered', async (t) => {
  const { rig, guarded, fail, clock } = await openRig(t);
  rig.mode = 'down';
  await fail(10);
  const service = await startService({ warehouse: guarded.warehouse, clock });
  const answer = await raw(service, '/v1/streams/events/events');
  t.is(answer.status, 503);
  t.is(answer.headers['retry-after'], '2');
  t.like(JSON.parse(answer.body), { code: 'warehouse_unavailable' });
  t.is((await raw(service, '/healthz')).status, 200);
  t.is((await raw(service, '/openapi.json')).status, 200);
  await service.stop();
});
