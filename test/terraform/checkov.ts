/** Checkov, the policies of others on Terraform: found, run without a network, its report as data. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { ExecutionContext } from 'ava';

const HOW_TO_GET =
  'install it by pip into a virtual environment (checkov==3.3.30), and set HIGHWATER_TEST_CHECKOV to the folder of the program';

interface Check {
  readonly check_id: string;
  readonly resource: string;
  readonly check_result: { readonly suppress_comment?: string };
}

export interface CheckovReport {
  readonly passed: readonly Check[];
  readonly failed: readonly Check[];
  readonly skipped: readonly Check[];
}

/** The program, or `undefined`: then the test has failed (in CI) or says that it was skipped. */
export function findCheckov(t: ExecutionContext): string | undefined {
  const folders = [process.env['HIGHWATER_TEST_CHECKOV'] ?? '', process.env['PATH'] ?? ''];
  const found = folders
    .flatMap((list) => list.split(delimiter))
    .map((folder) => join(folder, 'checkov'))
    .find((path) => existsSync(path));
  if (found) return found;
  const reason = `checkov cannot run: ${HOW_TO_GET}`;
  if (process.env['CI']) t.fail(reason);
  else t.pass(`skipped. ${reason}`);
  return undefined;
}

/** Runs it in `folder`, with no configuration but what `words` name. */
export function runCheckov(
  checkov: string,
  folder: string,
  words: readonly string[],
): Promise<CheckovReport> {
  const all = [...words, '--output=json', '--skip-download', '--download-external-modules=false'];
  return new Promise((resolve, reject) => {
    execFile(
      checkov,
      all,
      {
        cwd: folder,
        maxBuffer: 64 * 2 ** 20,
        env: { PATH: process.env['PATH'], LOG_LEVEL: 'ERROR' },
      },
      (_error, stdout, stderr) => {
        // It ends with 1 where a check failed; a report is there all the same.
        const at = stdout.indexOf('{');
        if (at < 0) return reject(new Error(`${stdout}${stderr}`));
        const { results } = JSON.parse(stdout.slice(at)) as {
          results: {
            passed_checks?: readonly Check[];
            failed_checks: readonly Check[];
            skipped_checks?: readonly Check[];
          };
        };
        resolve({
          passed: results.passed_checks ?? [],
          failed: results.failed_checks,
          skipped: results.skipped_checks ?? [],
        });
      },
    );
  });
}
