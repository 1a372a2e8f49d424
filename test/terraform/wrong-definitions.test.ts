/** A wrong definition is refused before Terraform sees it, with a value that would pass; variables.test.ts has Terraform's own word. */
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ROOT } from '../dashboards/shipped.ts';
import { temporaryFolder } from '../helpers/highwater-process.ts';

/** What is wrong: the file, the change, the command, its exit code, and what it says. */
const WRONG = [
  [
    'an objective of 101 %',
    ['slo/api.yaml', 'objective: 99.9', 'objective: 101'],
    ['slo', 'lint'],
    1,
    /api\.yaml:11 error .*objective: expected a percentage above 0 and below 100, such as 99\.9.*got 101/,
  ],
  [
    'an objective of 101 % in what is compiled',
    ['slo/api.yaml', 'objective: 99.9', 'objective: 101'],
    ['compile', '--check'],
    2,
    /api\.yaml:11 .*such as 99\.9.*got 101/,
  ],
  [
    'an unknown severity',
    ['alerts/policies.yaml', 'severity: error', 'severity: loud'],
    ['alerts', 'lint'],
    1,
    /policies\.yaml:\d+ error .*severity: expected one of warning, error, critical, such as warning; got loud/,
  ],
  [
    'an email that is none',
    undefined,
    ['config'],
    2,
    /ALERT_EMAIL_TO: expected .*such as kim@example\.com.*got on-call at example\.com/,
  ],
] as const;

for (const [what, change, words, code, wanted] of WRONG) {
  test(`${what} is refused by ${words.join(' ')} with a value that would pass`, (t) => {
    const folder = temporaryFolder();
    try {
      for (const room of ['alerts', 'slo']) {
        cpSync(join(ROOT, room), join(folder.path, room), { recursive: true });
      }
      if (change) {
        const [file, right, wrong] = change;
        const text = readFileSync(join(ROOT, file), 'utf8');
        t.true(text.includes(right));
        writeFileSync(join(folder.path, file), text.replace(right, wrong));
      }
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [join(ROOT, 'cli/highwater.ts'), ...words],
        {
          cwd: ROOT,
          encoding: 'utf8',
          env: {
            ...process.env,
            HIGHWATER_SLO_DIR: join(folder.path, 'slo'),
            HIGHWATER_ALERT_POLICIES: join(folder.path, 'alerts/policies.yaml'),
            ...(change ? {} : { ALERT_EMAIL_TO: 'on-call at example.com' }),
          },
        },
      );
      t.is(status, code, `${stdout}${stderr}`);
      t.regex(`${stdout}${stderr}`, wanted);
    } finally {
      folder.remove();
    }
  });
}
