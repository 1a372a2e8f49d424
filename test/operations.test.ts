/** The handbook of who is on call: every alert is in it, and every command of it is run against a running service. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { eventually, startHighwater, temporaryFolder } from './helpers/highwater-process.ts';
import { shippedVariables } from './terraform/shipped.ts';

const ROOT = join(import.meta.dirname, '..');
const HANDBOOK = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
/** Blocks may stand in lists. */
const COMMANDS = [...HANDBOOK.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].flatMap(([, block]) =>
  block!
    .trim()
    .split('\n')
    .map((line) => line.trim()),
);
const START_MS_MAX = 120_000;
/** What is asked before there are figures may be refused; it says why. */
const MAY_REFUSE = /^npx highwater slo gate/;

test('every alert is in the table with its routes and a playbook that is there', (t) => {
  const routes = new Map<string, string[]>();
  for (const [name, { route }] of Object.entries(shippedVariables()['alert_policies'] ?? {})) {
    const alert = name.slice(0, name.lastIndexOf('-'));
    routes.set(alert, [...(routes.get(alert) ?? []), String(route)]);
  }
  t.true(routes.size >= 12);
  const rows = HANDBOOK.split('\n').filter((line) => line.startsWith('| `'));
  for (const [alert, wanted] of routes) {
    const row = rows.find((line) => line.split('|')[1]!.includes(`\`${alert}\``));
    t.is(row?.split('|')[2]!.trim(), wanted.toSorted().join(', '), alert);
  }
  const links = [...HANDBOOK.matchAll(/\]\(([^)#]+)\)/g)].map(([, path]) => path!);
  t.deepEqual(
    links.filter((path) => !existsSync(join(ROOT, 'docs', path))),
    [],
  );
});

test('the commands of the handbook do what they say', async (t) => {
  t.timeout(400_000);
  const folder = temporaryFolder();
  const service = startHighwater(['start'], { HIGHWATER_DATA_DIR: folder.path });
  try {
    const url = await eventually(
      'the start banner',
      () => /(http:\/\/\S+)\/ {3}/.exec(service.output.stdout)?.[1],
      START_MS_MAX,
    );
    t.true(COMMANDS.length >= 10);
    for (const command of COMMANDS) {
      const { code, output } = await run(command, { PORT: new URL(url).port });
      const wanted = MAY_REFUSE.test(command) ? [0, 1] : [0];
      t.true(wanted.includes(code), `${command}: ${code}\n${output}`);
      t.not(output.trim(), '', command);
    }
  } finally {
    service.kill('SIGTERM');
    await service.exited;
    folder.remove();
  }
});

function run(
  command: string,
  environment: Readonly<Record<string, string>>,
): Promise<{ code: number; output: string }> {
  const here = command.replace(/^npx highwater/, 'node cli/highwater.ts');
  const env = {
    ...process.env,
    PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
    ...environment,
  };
  return new Promise((resolve) => {
    execFile('bash', ['-c', here], { cwd: ROOT, env }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}
