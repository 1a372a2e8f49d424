/** Google's Python client against the embedded server: nothing of it is ours, or written in our language. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import { startPubsubServer } from '../../../emulator/index.ts';
import { silentLogger, systemClock } from '../../../runtime/index.ts';

const run = promisify(execFile);
const CLIENT = new URL('python_client.py', import.meta.url).pathname;
const CLIENT_TIMEOUT_MS = 100_000;
const MISSING =
  'Google’s Python client was not found: `python3 -m venv V && V/bin/pip install google-cloud-pubsub`, then set HIGHWATER_TEST_PYTHON=V/bin/python';

const EXPECTED = {
  names: {
    topics: ['projects/python-client/topics/names'],
    subscriptions: ['projects/python-client/subscriptions/names'],
    ack_deadline: 10,
    twice: 'AlreadyExists',
    missing: 'NotFound',
    bad: 'InvalidArgument',
  },
  ordering: {
    ids: 100,
    is_complete: true,
    is_ordered: true,
    keys: ['key-0', 'key-1'],
    have_attributes: true,
    have_publish_time: true,
  },
  nack: { is_complete: true, distinct: 1 },
  exactly_once: { is_complete: true, results: ['SUCCESS'], distinct: 10 },
  seek: { first: 1, is_again: true },
  dead_letter: {
    is_forwarded: true,
    attempts: [1, 2, 3, 4, 5],
    kind: 'bad',
    count: '5',
    source: 'poisoned',
  },
};

test('Google’s Python client publishes, pulls, seeks and dead-letters against the embedded server', async (t) => {
  t.timeout(CLIENT_TIMEOUT_MS + 20_000);
  const python = await findPython();
  if (python === undefined) {
    t.log(`SKIPPED. ${MISSING}`);
    t.not(process.env['CI'], 'true', MISSING);
    return;
  }
  const server = await startPubsubServer({
    host: '127.0.0.1',
    port: 0,
    storageBytesMax: 64 * 1024 * 1024,
    clock: systemClock,
    logger: silentLogger,
  });
  try {
    const { stdout } = await run(python, [CLIENT], {
      timeout: CLIENT_TIMEOUT_MS,
      env: { ...process.env, PUBSUB_EMULATOR_HOST: `127.0.0.1:${server.port}` },
    });
    t.deepEqual(JSON.parse(stdout), EXPECTED);
  } finally {
    await server.close();
  }
});

async function findPython(): Promise<string | undefined> {
  const python = process.env['HIGHWATER_TEST_PYTHON'] ?? 'python3';
  try {
    await run(python, ['-c', 'import google.cloud.pubsub']);
    return python;
  } catch {
    return undefined;
  }
}
