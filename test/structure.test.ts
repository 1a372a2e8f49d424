/** Checks of the tree itself: who imports whom, where time and chance are read, one copy of what must be one. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import test from 'ava';

const ROOT = normalize(join(import.meta.dirname, '..'));
const ALL = '*';

/** The table of docs/architecture.md: a folder and what it may import. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  runtime: [],
  streams: ['runtime'],
  warehouse: ['streams', 'runtime'],
  emulator: ['runtime'],
  telemetry: ['runtime'],
  slo: ['telemetry', 'runtime'],
  alerts: ['slo', 'telemetry', 'runtime'],
  dashboards: ['slo', 'alerts', 'telemetry', 'runtime'],
  terraform: [
    'streams',
    'ingest',
    'warehouse',
    'slo',
    'alerts',
    'dashboards',
    'telemetry',
    'runtime',
  ],
  ingest: ['streams', 'warehouse', 'telemetry', 'runtime'],
  service: ['streams', 'warehouse', 'slo', 'alerts', 'dashboards', 'telemetry', 'runtime'],
  cli: [ALL],
  bench: [ALL],
  test: [ALL],
};

const SOURCES = Object.keys(MAY_IMPORT)
  .filter((folder) => existsSync(join(ROOT, folder)))
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => {
        const text = readFileSync(join(ROOT, folder, path), 'utf8');
        return { folder, path: join(folder, path), text };
      }),
  );

const IMPORT = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g;

function importsOf(source: { path: string; text: string }): string[] {
  return [...source.text.matchAll(IMPORT)].map(([, specifier]) =>
    normalize(join(dirname(source.path), specifier!)),
  );
}

test('imports flow one way, and cross a folder through its index', (t) => {
  const wrong: string[] = [];
  for (const source of SOURCES) {
    if (source.folder === 'test') continue;
    for (const imported of importsOf(source)) {
      const [folder = ''] = imported.split(sep);
      if (folder === source.folder || imported === 'package.json') continue;
      const allowed = MAY_IMPORT[source.folder]!;
      if (!allowed.includes(ALL) && !allowed.includes(folder))
        wrong.push(`${source.path} → ${imported}`);
      else if (!imported.endsWith('index.ts'))
        wrong.push(`${source.path} → ${imported} (not its index)`);
    }
  }
  t.deepEqual(wrong, []);
});

test('wall time, chance, the environment and timers are read in runtime/ and cli/ alone', (t) => {
  const direct = /\b(?:Date\.now\(|Math\.random\(|process\.env\b|setTimeout\(|setInterval\()/;
  const wrong = SOURCES.filter(
    ({ folder }) => !['runtime', 'cli', 'bench', 'test'].includes(folder),
  )
    .filter(({ text }) => direct.test(text))
    .map(({ path }) => path);
  t.deepEqual(wrong, []);
});

test('every source file says in its first lines what it is', (t) => {
  const wrong = SOURCES.filter(
    ({ path, folder, text }) =>
      folder !== 'test' && !path.endsWith('index.ts') && !/^(?:#!.*\n)?\/\*\*/.test(text),
  ).map(({ path }) => path);
  t.deepEqual(wrong, []);
});

test('the lock file names no host and holds one copy of the OpenTelemetry API', (t) => {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { resolved?: string }>;
  };
  const entries = Object.entries(lock.packages);
  t.deepEqual(
    entries.filter(([, { resolved }]) => resolved).map(([path]) => path),
    [],
  );
  t.is(entries.filter(([path]) => path.endsWith('node_modules/@opentelemetry/api')).length, 1);
});

test('dependencies are pinned exactly', (t) => {
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  ) as Record<'dependencies' | 'devDependencies', Record<string, string>>;
  const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version),
  );
  t.deepEqual(loose, []);
});
