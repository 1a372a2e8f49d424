/** Commands of gcloud that delivery, the workflows and the documents use, read by gcloud's own parser; nothing is sent. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ROOT } from '../dashboards/shipped.ts';
import { temporaryFolder } from '../helpers/highwater-process.ts';

/** Worker pools are newer than the SDK of many machines: their commands are looked for in its preview, without the newest flag. */
const NEWER = /^gcloud run worker-pools /;
const NEWEST_FLAG = / --instances=\d+/;

interface Linted {
  readonly command_string: string;
  readonly error_message: string | null;
  readonly success: boolean;
}

/** Commands as they would be typed, with words in the place of variables. */
function commands(): readonly string[] {
  const documents = ['docs/operations.md', 'docs/deploying.md', 'terraform/README.md'];
  const workflows = readdirSync(join(ROOT, '.github/workflows')).map(
    (name) => `.github/workflows/${name}`,
  );
  const lines = [...documents, ...workflows, 'delivery/token.sh'].flatMap((path) =>
    readFileSync(join(ROOT, path), 'utf8').split('\n'),
  );
  // deliver.sh names what is the same in all its commands once, in `run`.
  const deliver = readFileSync(join(ROOT, 'delivery/deliver.sh'), 'utf8')
    .split('\n')
    .flatMap((line) => /^[^#]*\brun ((?:services|deploy|"\$kind") [^|>)]*)/.exec(line)?.[1] ?? [])
    .map(
      (words) => `gcloud run ${words.replace('"$kind"', 'worker-pools')} --project=p --region=r`,
    );
  const direct = lines.flatMap(
    (line) => /(?:^|\| |- run: |^\s+)(gcloud [a-z][^|>)]*?)(?: >&2)?$/.exec(line)?.[1] ?? [],
  );
  return [...new Set([...direct, ...deliver])].map((line) =>
    line
      .replaceAll(/--format=[^ ]+|"\$\(.*?\)"/g, '')
      .replaceAll(/\$\{?\w+\}?/g, 'x')
      .replaceAll('"', '')
      .replaceAll('--to-revisions=x ', '--to-revisions=x=100 ')
      .replaceAll('=PROJECT', '=my-project')
      .replaceAll('=p ', '=my-project ')
      .replaceAll(/ +/g, ' ')
      .trim(),
  );
}

test('gcloud understands every command of it that delivery and the documents name', (t) => {
  t.timeout(300_000);
  const found = commands();
  t.true(found.length >= 8, found.join('\n'));
  if (spawnSync('gcloud', ['--version']).error) {
    t.log('skipped: gcloud is not on the PATH (Google Cloud SDK)');
    return;
  }
  const folder = temporaryFolder();
  try {
    mkdirSync(join(folder.path, 'config'));
    const file = join(folder.path, 'commands.txt');
    const asked = found.map((command) =>
      NEWER.test(command)
        ? command.replace('gcloud run', 'gcloud beta run').replace(NEWEST_FLAG, '')
        : command,
    );
    writeFileSync(file, `\`\`\`\n${asked.join('\n')}\ngcloud run services delete --none\n\`\`\`\n`);
    const { stdout, stderr } = spawnSync(
      'gcloud',
      ['meta', 'lint-gcloud-commands', `--commands-text-file=${file}`],
      {
        encoding: 'utf8',
        maxBuffer: 64 * 2 ** 20,
        env: {
          ...process.env,
          CLOUDSDK_CONFIG: join(folder.path, 'config'),
          CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
        },
      },
    );
    t.true(stdout.startsWith('['), stderr);
    const linted = JSON.parse(stdout) as readonly Linted[];
    t.is(linted.length, asked.length + 1);
    const refused = linted.filter(({ success }) => !success);
    // The last one is wrong on purpose: a parser that takes all would show nothing.
    t.deepEqual(
      refused.map((each) => `${each.command_string}: ${each.error_message?.split('\n')[0]}`),
      refused
        .slice(-1)
        .map((each) => `${each.command_string}: ${each.error_message?.split('\n')[0]}`),
    );
    t.regex(refused[0]?.command_string ?? '', /--none/);
  } finally {
    folder.remove();
  }
});
