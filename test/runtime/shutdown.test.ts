import test from 'ava';
import { Shutdown, silentLogger, VirtualClock } from '../../runtime/index.ts';

test('what was started last is closed first, once, however often it is asked for', async (t) => {
  const closed: string[] = [];
  const shutdown = new Shutdown({
    clock: new VirtualClock(),
    logger: silentLogger,
    deadlineMs: 1_000,
  });
  shutdown.add('warehouse', () => void closed.push('warehouse'));
  shutdown.add('ingest', () => void closed.push('ingest'));
  const results = await Promise.all([shutdown.run('SIGTERM'), shutdown.run('SIGINT')]);
  t.deepEqual(closed, ['ingest', 'warehouse']);
  t.deepEqual(results, [true, true]);
});

test('a step that fails or hangs does not keep the others from closing', async (t) => {
  const clock = new VirtualClock();
  const closed: string[] = [];
  const shutdown = new Shutdown({ clock, logger: silentLogger, deadlineMs: 1_000 });
  shutdown.add('warehouse', () => void closed.push('warehouse'));
  shutdown.add('hanging', () => new Promise(() => {}));
  shutdown.add('failing', () => Promise.reject(new Error('broken')));
  const run = shutdown.run('SIGTERM');
  await clock.advance(1_000);
  t.false(await run);
  t.deepEqual(closed, ['warehouse']);
});
