/** Answers kept for a short while: in memory, and in a real Redis that comes and goes. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import { AppError, silentLogger, systemClock, VirtualClock } from '../../runtime/index.ts';
import {
  cachedWarehouse,
  memoryCache,
  observedWarehouse,
  openDuckdbWarehouse,
  redisCache,
} from '../../warehouse/index.ts';
import type { AnswerCache } from '../../warehouse/index.ts';
import { freePort } from '../helpers/free-port.ts';
import { warehouseContract } from './contract.ts';
import { payment, payments } from './fixtures/streams.ts';

const AGE_MS = 5_000;

async function openCounted(cache: AnswerCache) {
  const counts = { asked: 0, isDown: false };
  const real = await openDuckdbWarehouse({
    path: ':memory:',
    memoryBytesMax: 2 ** 28,
    clock: systemClock,
    logger: silentLogger,
  });
  const counted = observedWarehouse(real, ({ kind }, run) => {
    if (kind !== 'query') return run();
    counts.asked += 1;
    if (counts.isDown) throw new AppError('warehouse_unavailable', 'down on command');
    return run();
  });
  await real.prepare([payments]);
  const scope = 'test';
  return { real, counts, warehouse: cachedWarehouse(counted, { cache, ageMsMax: AGE_MS, scope }) };
}

warehouseContract('duckdb behind a cache', async () => {
  const clock = new VirtualClock();
  const options = { path: ':memory:', memoryBytesMax: 2 ** 28, clock, logger: silentLogger };
  const cache = memoryCache({ bytesMax: 2 ** 20, clock });
  const inner = await openDuckdbWarehouse(options);
  return cachedWarehouse(inner, { cache, ageMsMax: AGE_MS, scope: 'contract' });
});

test('an answer is kept for its age, and what this process stores shows at once', async (t) => {
  const clock = new VirtualClock();
  const cache = memoryCache({ bytesMax: 2 ** 20, clock });
  const { real, counts, warehouse } = await openCounted(cache);
  await warehouse.append(payments, [payment('1', 0)]);
  t.is(await warehouse.rowCount(payments), 1);
  await real.append(payments, [payment('2', 0)]);
  t.is(await warehouse.rowCount(payments), 1, 'another process has stored a row');
  t.is(counts.asked, 1);
  await clock.advance(AGE_MS);
  t.is(await warehouse.rowCount(payments), 2);
  await warehouse.append(payments, [payment('3', 0)]);
  t.is(await warehouse.rowCount(payments), 3);
  await warehouse.close();
});

test('the same question at once is asked once; a failure is kept for nobody', async (t) => {
  const cache = memoryCache({ bytesMax: 2 ** 20, clock: new VirtualClock() });
  const { counts, warehouse } = await openCounted(cache);
  t.deepEqual(await Promise.all([1, 2, 3].map(() => warehouse.newestEvent(payments))), [
    null,
    null,
    null,
  ]);
  t.is(counts.asked, 1);
  counts.isDown = true;
  await t.throwsAsync(warehouse.rowCount(payments), { code: 'warehouse_unavailable' });
  counts.isDown = false;
  t.is(await warehouse.rowCount(payments), 0);
  await warehouse.close();
});

test('the memory holds the newest answers within its bytes', async (t) => {
  const cache = memoryCache({ bytesMax: 100, clock: new VirtualClock() });
  await cache.set('a', 'x'.repeat(20), AGE_MS);
  await cache.set('b', 'x'.repeat(20), AGE_MS);
  await cache.set('c', 'x'.repeat(20), AGE_MS);
  await cache.set('large', 'x'.repeat(200), AGE_MS);
  t.deepEqual(
    (await Promise.all(['a', 'b', 'c', 'large'].map((key) => cache.get(key)))).map(Boolean),
    [false, true, true, false],
  );
});

test('Redis that is not there, comes and goes costs speed and never an answer', async (t) => {
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    const reason = 'redis-server was not found: install Debian’s package redis-server';
    t.log(`skipped: ${reason}`);
    t.falsy(process.env['CI'], reason);
    return;
  }
  const port = await freePort();
  const start = () =>
    spawn('redis-server', ['--port', String(port), '--save', '', '--bind', '127.0.0.1'], {
      stdio: 'ignore',
    });
  const cache = redisCache({
    url: `redis://127.0.0.1:${port}`,
    clock: systemClock,
    logger: silentLogger,
  });
  const { real, counts, warehouse } = await openCounted(cache);
  t.is(await warehouse.rowCount(payments), 0, 'no Redis yet');

  const isKept = async (isWanted: boolean) => {
    const deadlineMs = systemClock.monotonicMs() + 60_000;
    for (;;) {
      await cache.set('probe', 'kept', 60_000);
      const isThere = (await cache.get('probe')) === 'kept';
      if (isThere === isWanted) return true;
      if (systemClock.monotonicMs() > deadlineMs) return false;
      await systemClock.sleep(50);
    }
  };
  const redis = start();
  t.teardown(() => redis.kill('SIGKILL'));
  t.true(await isKept(true), 'Redis is used once it is there');
  let hitCount = 0;
  for (let turn = 0; turn < 100 && hitCount === 0; turn++) {
    const before = counts.asked;
    await warehouse.quarantineCount('payments');
    if (counts.asked === before) hitCount += 1;
    await systemClock.sleep(20);
  }
  t.is(hitCount, 1, 'an answer came from Redis');

  const exited = once(redis, 'exit');
  redis.kill('SIGKILL');
  await exited;
  t.true(await isKept(false));
  await real.append(payments, [payment('1', 0)]);
  const before = counts.asked;
  t.is(await warehouse.rowCount(payments), 1, 'answered without it');
  t.is(counts.asked, before + 1);

  const again = start();
  t.teardown(() => again.kill('SIGKILL'));
  t.true(await isKept(true), 'and with it again');
  await warehouse.close();
});
