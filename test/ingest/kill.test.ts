import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ensureTopology } from '../../ingest/index.ts';
import { systemClock } from '../../runtime/index.ts';
import { randomOf } from './helpers/random.ts';
import { clientOf, openWarehouse, payment, PAYMENTS, storedRows } from './helpers/rig.ts';

const ROUNDS = process.env['HIGHWATER_TEST_FULL'] === '1' ? 20 : 3;
const PUBLISH_BATCH = 40;
const PUBLISH_PAUSE_MS = 25;
const DRAIN_DEADLINE_MS = 90_000;

const children = new Set<ChildProcess>();

/** Starts a fixture; resolves with its first line. */
async function start(fixture: string, ...args: string[]): Promise<[ChildProcess, string]> {
  const path = join(import.meta.dirname, 'fixtures', fixture);
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text.slice(0, 2_000)));
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
    child.once('exit', (code) => reject(new Error(`${fixture} ended with ${code}: ${errors}`)));
  });
  return [child, line];
}

function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}

test('every event whose publish was answered is stored exactly once, however often processes are killed', async (t) => {
  t.timeout(600_000);
  const seed = 7;
  const random = randomOf(seed);
  const dir = mkdtempSync(join(tmpdir(), 'highwater-kill-'));
  const serverDir = join(dir, 'pubsub');
  mkdirSync(serverDir);
  const warehousePath = join(dir, 'warehouse.duckdb');
  t.teardown(async () => {
    await Promise.all([...children].map((child) => end(child, 'SIGKILL')));
    rmSync(dir, { recursive: true, force: true });
  });

  let [server, port] = await start('pubsub-server.ts', '0', serverDir);
  let [ingester] = await start('ingester.ts', port, warehousePath);
  const pubsub = clientOf(Number(port));
  await ensureTopology(pubsub, [PAYMENTS]);

  const answered = new Set<string>();
  const attempted = new Set<string>();
  const topic = pubsub.topic(PAYMENTS.topic, { batching: { maxMilliseconds: 5 } });
  const pending = new Set<Promise<void>>();
  const stop = new AbortController();
  const publishing = (async () => {
    for (let index = 0; !stop.signal.aborted; index += 1) {
      const event = payment(index);
      attempted.add(event.payment_id);
      const answer = topic
        .publishMessage({ data: Buffer.from(JSON.stringify(event)) })
        .then(() => void answered.add(event.payment_id))
        .catch(() => undefined)
        .finally(() => pending.delete(answer));
      pending.add(answer);
      if (index % PUBLISH_BATCH === 0) await systemClock.sleep(PUBLISH_PAUSE_MS);
    }
  })();

  for (let round = 1; round <= ROUNDS; round += 1) {
    await systemClock.sleep(200 + random.below(1_300));
    const isServer = round % 3 === 0 || random.below(4) === 0;
    if (isServer) {
      await end(server, 'SIGKILL');
      await systemClock.sleep(random.below(300));
      [server] = await start('pubsub-server.ts', port, serverDir);
    }
    if (!isServer || random.below(2) === 0) {
      await end(ingester, 'SIGKILL');
      [ingester] = await start('ingester.ts', port, warehousePath);
    }
  }
  stop.abort();
  await publishing;
  await Promise.all(pending);
  t.true(answered.size > 1_000, `published ${answered.size}`);

  const endMs = systemClock.monotonicMs() + DRAIN_DEADLINE_MS;
  let stored: (string | undefined)[] = [];
  let missing: string[] = [];
  for (;;) {
    await systemClock.sleep(3_000);
    await end(ingester, 'SIGTERM');
    const warehouse = await openWarehouse(warehousePath);
    await warehouse.prepare([PAYMENTS]);
    stored = (await storedRows(warehouse)).map(({ row }) => row[0] as string);
    t.is(await warehouse.rowCount(PAYMENTS), stored.length);
    t.is(await warehouse.quarantineCount(PAYMENTS.name), 0);
    await warehouse.close();
    const ids = new Set(stored);
    missing = [...answered].filter((id) => !ids.has(id));
    if (missing.length === 0 || systemClock.monotonicMs() > endMs) break;
    [ingester] = await start('ingester.ts', port, warehousePath);
  }
  t.log(`seed ${seed}, ${ROUNDS} rounds, ${answered.size} answered, ${stored.length} stored`);
  t.deepEqual(missing.slice(0, 10), [], `answered and not stored: ${missing.length}, seed ${seed}`);
  t.is(new Set(stored).size, stored.length, 'each once');
  t.true(stored.every((id) => attempted.has(id!)));
  await pubsub.close();
});
