/** Every command of the README is run, against a service started as the README says. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { settingsTable } from '../runtime/index.ts';
import { eventually, startHighwater, temporaryFolder } from './helpers/highwater-process.ts';

const ROOT = join(import.meta.dirname, '..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const COMMANDS = [...README.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block]) =>
  block!.replaceAll('\\\n', ' ').trim().split('\n'),
);
/** The two commands of a fresh clone: `.ci/run` runs the second, and the tests below what the first starts. */
const FRESH = ['npm ci && npm start', 'npm ci && npm test'];

test('the README holds the two commands of a fresh clone, and otherwise only what this test runs', (t) => {
  const others = COMMANDS.filter((command) => !command.startsWith('curl '));
  t.deepEqual(others, FRESH);
});

test('the curl commands of the README answer with rows after npm start', async (t) => {
  const folder = temporaryFolder();
  const service = startHighwater(['start'], {
    HIGHWATER_DATA_DIR: folder.path,
    SIMULATE_RATE: '20',
  });
  try {
    const url = await eventually(
      'the start banner',
      () => /(http:\/\/\S+)\/ {3}/.exec(service.output.stdout)?.[1],
    );
    t.regex(service.output.stdout, /Highwater is running\. Stop it with Ctrl\+C; the data stay\./);
    const commands = COMMANDS.filter((command) => command.startsWith('curl '));
    t.true(commands.length >= 5);
    for (const command of commands) {
      const here = command.replaceAll('http://127.0.0.1:8080', url);
      const answer = await eventually(`an answer to ${command}`, () => {
        const body = JSON.parse(execFileSync('bash', ['-c', here], { encoding: 'utf8' })) as Record<
          string,
          unknown
        >;
        return body.status === 404 || body.count === 0 ? undefined : body;
      });
      t.is(answer.code, undefined, JSON.stringify(answer));
    }
  } finally {
    service.kill('SIGTERM');
    await service.exited;
    folder.remove();
  }
});

test('the table of settings in docs/settings.md is the one that the schema prints', (t) => {
  t.true(readFileSync(join(ROOT, 'docs/settings.md'), 'utf8').includes(settingsTable()));
});
