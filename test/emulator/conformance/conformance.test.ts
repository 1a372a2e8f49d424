/** One suite of client scripts against two servers: Google's own emulator and Highwater's embedded one. */
import { readFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { startPubsubServer } from '../../../emulator/index.ts';
import { silentLogger, systemClock } from '../../../runtime/index.ts';
import { startGoogleEmulator } from '../../helpers/google-pubsub-emulator.ts';
import { Clients, Connection } from './clients.ts';
import { expectedOfOurs, isConform, reconcile } from './compare.ts';
import type { Wording } from './differences.ts';
import { differences, wordings } from './differences.ts';
import type { Observation, Script } from './script.ts';
import { scripts } from './scripts/index.ts';

/** Most scripts wait for a server or a timer; more at once would starve the timers on two cores. */
const SCRIPTS_AT_ONCE = 12;
const STORAGE_BYTES_MAX = 512 * 1024 * 1024;
const SUITE_TIMEOUT_MS = 180_000;

test.serial('Google’s emulator answers every script as the suite expects', async (t) => {
  t.timeout(SUITE_TIMEOUT_MS);
  const emulator = await startGoogleEmulator();
  if (emulator.kind === 'missing') {
    t.log(`SKIPPED. ${emulator.reason}`);
    t.not(process.env['CI'], 'true', emulator.reason);
    return;
  }
  const observations = await runAll(emulator);
  const expected = new Map(scripts.map((script) => [script.id, script.expected]));
  assertConform(t, observations, expected, []);
});

test.serial(
  'The embedded server answers every script alike, but for the named differences',
  async (t) => {
    t.timeout(SUITE_TIMEOUT_MS);
    const server = await startPubsubServer({
      host: '127.0.0.1',
      port: 0,
      storageBytesMax: STORAGE_BYTES_MAX,
      clock: systemClock,
      logger: silentLogger,
    });
    const observations = await runAll(server);
    const expected = new Map(
      scripts.map((script) => [script.id, expectedOfOurs(script, differences)]),
    );
    assertConform(t, observations, expected, wordings);
  },
);

test('Every script has its own id, and every difference names a script', (t) => {
  const ids = scripts.map(({ id }) => id);
  t.deepEqual(
    ids.filter((id, index) => ids.indexOf(id) !== index),
    [],
  );
  for (const { scriptId } of differences) t.true(ids.includes(scriptId), scriptId);
});

test('A difference that makes no difference is refused', (t) => {
  for (const script of scripts) {
    if (!differences.some(({ scriptId }) => scriptId === script.id)) continue;
    t.false(isConform(expectedOfOurs(script, differences), script.expected, wordings), script.id);
  }
});

test('The page of differences names each of them', (t) => {
  const page = readFileSync(
    new URL('../../../docs/pubsub-differences.md', import.meta.url),
    'utf8',
  );
  for (const { scriptId } of differences) t.true(page.includes(`\`${scriptId}\``), scriptId);
  for (const { id } of wordings) t.true(page.includes(`\`${id}\``), id);
});

test('The comparison sees a wrong value, a missing key and another status code', (t) => {
  const wording = { id: 'w', google: /^NOT_FOUND: a$/, ours: /: b$/, why: '' };
  t.true(isConform({ a: 'NOT_FOUND: b' }, { a: 'NOT_FOUND: a' }, [wording]));
  t.false(isConform({ a: 'INTERNAL: b' }, { a: 'NOT_FOUND: a' }, [wording]));
  t.false(isConform({ a: 1 }, { a: 2 }));
  t.false(isConform({}, { a: 1 }));
  t.false(isConform({ a: 1, b: 1 }, { a: 1 }));
  t.false(isConform([1], [1, 2]));
});

type Observations = ReadonlyMap<string, Observation>;

/** One assertion over all scripts, so that a failure shows every script that differs, and those alone. */
function assertConform(
  t: ExecutionContext,
  actual: Observations,
  expected: Observations,
  allowed: readonly Wording[],
): void {
  const seen: Record<string, Observation> = {};
  const wanted: Record<string, Observation> = {};
  for (const { id } of scripts) {
    const [observed, due] = [actual.get(id) ?? null, expected.get(id) ?? null];
    if (isConform(observed, due, allowed)) continue;
    seen[id] = observed;
    wanted[id] = reconcile(observed, due, allowed);
  }
  t.deepEqual(seen, wanted);
}

interface Server {
  readonly port: number;
  close(): Promise<void>;
}

/** Every script's observation; the server is closed at the end. */
async function runAll(server: Server): Promise<Map<string, Observation>> {
  const connection = new Connection(server.port);
  const observations = new Map<string, Observation>();
  const waiting = [...scripts];
  const work = async () => {
    for (let script = waiting.shift(); script; script = waiting.shift()) {
      observations.set(script.id, await observe(connection, script));
    }
  };
  try {
    await Promise.all(Array.from({ length: SCRIPTS_AT_ONCE }, work));
  } finally {
    await connection.close();
    await server.close();
  }
  return observations;
}

/** The script's observation; where it threw, the failure is the observation. */
async function observe(connection: Connection, script: Script): Promise<Observation> {
  const clients = new Clients(connection, `conformance-${script.id}`);
  try {
    return await script.run(clients);
  } catch (error) {
    return `the script threw: ${String(error)}`;
  } finally {
    await clients.close();
  }
}
