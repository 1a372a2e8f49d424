/** Workflows: read by actionlint, pinned, with no more rights than they use, and with commands that exist. */
import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { ROOT } from '../dashboards/shipped.ts';

interface Step {
  readonly uses?: string;
  readonly run?: string;
}
interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly Step[]; readonly 'timeout-minutes'?: number }>
  >;
}

const FOLDER = join(ROOT, '.github/workflows');
const WORKFLOWS = readdirSync(FOLDER).map((name) => {
  const text = readFileSync(join(FOLDER, name), 'utf8');
  return { name, text, workflow: parse(text) as Workflow };
});
const STEPS = WORKFLOWS.flatMap(({ name, workflow }) =>
  Object.values(workflow.jobs).flatMap(({ steps }) => steps.map((step) => ({ name, ...step }))),
);

test('actionlint finds nothing', (t) => {
  const folders = [process.env['HIGHWATER_TEST_ACTIONLINT'] ?? '', process.env['PATH'] ?? ''];
  const found = folders
    .flatMap((list) => list.split(delimiter))
    .map((folder) => join(folder, 'actionlint'))
    .find((path) => existsSync(path));
  if (!found) {
    const reason =
      'actionlint cannot run: build it with Go (cd test/oracles/actionlint; go build -o DIR github.com/rhysd/actionlint/cmd/actionlint), and set HIGHWATER_TEST_ACTIONLINT to DIR';
    if (process.env['CI']) t.fail(reason);
    else t.pass(`skipped. ${reason}`);
    return;
  }
  const { status, stdout, stderr } = spawnSync(found, ['-no-color'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  t.is(status, 0, `${stdout}${stderr}`);
});

test('every action is pinned by its commit, with its version beside it', (t) => {
  for (const { name, text } of WORKFLOWS) {
    for (const [line] of text.matchAll(/uses: .*/g)) {
      t.regex(line, /^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, name);
    }
  }
  t.true(STEPS.filter(({ uses }) => uses).length >= 8);
});

test('every workflow says what it may, writes nothing to the repository, and ends by itself', (t) => {
  for (const { name, workflow } of WORKFLOWS) {
    t.is(workflow.permissions?.['contents'], 'read', name);
    for (const right of Object.keys(workflow.permissions ?? {})) {
      t.true(['contents', 'id-token'].includes(right), `${name}: ${right}`);
    }
    for (const job of Object.values(workflow.jobs)) t.truthy(job['timeout-minutes'], name);
  }
});

test('no text from outside is put into a command', (t) => {
  t.deepEqual(
    STEPS.filter(({ run }) => run?.includes('${{')),
    [],
  );
});

test('scripts of the workflows and of cloudbuild.yaml are there, may run and are whole', (t) => {
  const texts = [
    ...STEPS.map(({ run }) => run ?? ''),
    readFileSync(join(ROOT, 'cloudbuild.yaml'), 'utf8'),
  ];
  const scripts = texts.flatMap((text) => text.match(/(?:delivery\/\w+\.sh|\.ci\/run)/g) ?? []);
  t.true(new Set(scripts).size >= 3);
  for (const script of new Set(scripts)) {
    t.notThrows(() => accessSync(join(ROOT, script), constants.X_OK), script);
    t.notThrows(() => execFileSync('bash', ['-n', join(ROOT, script)]), script);
  }
});

test('files that the workflows name are there', (t) => {
  for (const environment of ['dev', 'prod']) {
    for (const ending of ['tfvars', 'gcs.tfbackend']) {
      t.true(existsSync(join(ROOT, `terraform/environments/${environment}.${ending}`)));
    }
  }
});
