/** What the Dockerfile does, done in an empty folder. The image itself is not built here: that needs Docker. */
import { execFile, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { ROOT } from '../dashboards/shipped.ts';
import { eventually, temporaryFolder } from '../helpers/highwater-process.ts';

const run = promisify(execFile);
const DOCKERFILE = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
const COPIED = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('!'))
  .map((line) => line.slice(1));
/** Half of what it is with all that tests need; DuckDB, Node and the clients of Google are most of it. */
const BYTES_MAX = 900 * 2 ** 20;
/** Who the image runs as; only root can start as somebody else. */
const USER = process.getuid?.() === 0 ? { uid: 10_001, gid: 10_001 } : {};
const READY_MS_MAX = 60_000;

test('the image runs as no root, checks itself, and holds nothing for tests', (t) => {
  t.regex(DOCKERFILE, /^USER 10001$/m);
  t.regex(DOCKERFILE, /^HEALTHCHECK /m);
  t.regex(DOCKERFILE, /npm ci --omit=dev/);
  t.regex(DOCKERFILE, /^RUN NODE_COMPILE_CACHE=\/app\/compile-cache .*highwater\.ts --version$/m);
  t.regex(DOCKERFILE, /^ENV .*NODE_COMPILE_CACHE=\/app\/compile-cache /m);
  t.regex(DOCKERFILE, /^FROM \$\{BASE\}$/m);
  t.deepEqual(
    COPIED.filter((path) => /^(?:test|bench|docs|node_modules|data|\.env)/.test(path)),
    [],
  );
});

test('what is copied is all that the command imports', (t) => {
  const folders = readdirSync(ROOT).filter(
    (name) => statSync(join(ROOT, name)).isDirectory() && !name.startsWith('.'),
  );
  const source = readdirSync(join(ROOT, 'cli'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(ROOT, 'cli', path), 'utf8'))
    .join('\n');
  const imported = folders.filter((name) =>
    new RegExp(`'(?:\\.\\./)+${name}/index\\.ts'`).test(source),
  );
  t.true(imported.includes('service'));
  t.deepEqual(
    imported.filter((name) => !COPIED.some((path) => path.split('/')[0] === name)),
    [],
  );
});

test('installed for production in an empty folder it starts as another user who may write nothing there, and stops when asked', async (t) => {
  if (process.env['HIGHWATER_TEST_FULL'] !== '1') {
    t.log('skipped: HIGHWATER_TEST_FULL=1 runs it; the image itself is never built here');
    t.pass();
    return;
  }
  t.timeout(900_000);
  const folder = temporaryFolder();
  const app = join(folder.path, 'app');
  try {
    for (const path of COPIED) {
      if (path.includes('*')) {
        const from = dirname(path);
        const files = readdirSync(join(ROOT, from)).filter((name) => name.endsWith('.ts'));
        for (const name of files) cpSync(join(ROOT, from, name), join(app, from, name));
      } else cpSync(join(ROOT, path), join(app, path), { recursive: true });
    }
    await run('npm', ['ci', '--omit=dev', '--prefer-offline'], { cwd: app });
    const node = join(app, 'node_modules/.bin/node');
    const compiled = { NODE_COMPILE_CACHE: join(app, 'compile-cache') };
    await run(node, ['cli/highwater.ts', '--version'], { cwd: app, env: compiled });
    await run('chmod', ['-R', 'a-w,a+rX', app]);
    const data = join(folder.path, 'data');
    mkdirSync(data);
    chmodSync(folder.path, 0o755);
    if (USER.uid) chownSync(data, USER.uid, USER.gid);
    const before = treeOf(app);
    const sizeBytes = before.reduce((sum, { bytes }) => sum + bytes, 0);
    t.true(sizeBytes < BYTES_MAX, `${sizeBytes} bytes`);
    const startedAtMs = performance.now();
    const service = spawn(node, ['cli/highwater.ts', 'start', '--no-demo'], {
      ...USER,
      cwd: app,
      env: {
        ...compiled,
        PATH: process.env['PATH'],
        HIGHWATER_DATA_DIR: data,
        METADATA_SERVER_DETECTION: 'none',
        PORT: '0',
        METRICS_PORT: '0',
        PUBSUB_PORT: '0',
      },
    });
    let output = '';
    for (const stream of [service.stdout, service.stderr]) {
      stream.on('data', (text: Buffer) => (output += text.toString()));
    }
    const exited = new Promise<number | null>((resolve) => service.once('exit', resolve));
    try {
      const url = await eventually(
        'the address',
        () => /API and docs +(http:\S+)\/ /.exec(output)?.[1],
        READY_MS_MAX,
      );
      await eventually('readiness', async () => (await fetch(`${url}/readyz`)).ok, READY_MS_MAX);
      t.log(
        `${Math.round(sizeBytes / 2 ** 20)} MiB; ready after ${Math.round(performance.now() - startedAtMs)} ms; the image itself was not built`,
      );
    } finally {
      service.kill('SIGTERM');
    }
    t.is(await exited, 0, output);
    t.deepEqual(treeOf(app), before);
  } finally {
    await run('chmod', ['-R', 'u+w', app]);
    folder.remove();
  }
});

/** Every file with its size and time, as no process may change the tree of an image. */
function treeOf(folder: string) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const { size: bytes, mtimeMs } = statSync(path);
      return { path, bytes, mtimeMs };
    });
}
