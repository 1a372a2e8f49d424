/** The `terraform` program: found, and run in a copy of the configuration, so that nothing is left in this tree. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { ROOT } from '../dashboards/shipped.ts';

export interface Ran {
  readonly code: number;
  /** What it wrote to both outputs, without colours. */
  readonly output: string;
}

const HOW_TO_GET =
  'install Terraform 1.11 or later and put it on the PATH, or name its folder in HIGHWATER_TEST_TERRAFORM';
const PROVIDER_HOW_TO_GET =
  'let `terraform init` reach its registry, or lay the provider into the implied local mirror: ~/.terraform.d/plugins/registry.terraform.io/hashicorp/google/VERSION/linux_amd64/';

/** The program, or `undefined`: then the test has failed (in CI) or says that it was skipped. */
export function findTerraform(t: ExecutionContext): string | undefined {
  const folders = [process.env['HIGHWATER_TEST_TERRAFORM'] ?? '', process.env['PATH'] ?? '']
    .flatMap((list) => list.split(delimiter))
    .filter((folder) => folder !== '');
  const found = folders.map((folder) => join(folder, 'terraform')).find((path) => existsSync(path));
  if (found) return found;
  if (process.env['CI']) t.fail(`Terraform cannot run: ${HOW_TO_GET}`);
  else t.pass(`skipped: ${HOW_TO_GET}`);
  return undefined;
}

/** A copy of the configuration, with the compiled dashboards beside it as in this tree. */
export interface Workspace {
  /** The copy of `terraform/`. */
  readonly path: string;
  run(words: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Ran>;
  remove(): void;
}

/** `isFit` says which files of `terraform/` come along, by their path in it. */
export function openWorkspace(terraform: string, isFit = (_path: string) => true): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'highwater-terraform-'));
  const path = join(folder, 'terraform');
  const source = join(ROOT, 'terraform');
  cpSync(source, path, {
    recursive: true,
    filter: (from) => {
      const name = from.slice(source.length + 1);
      return !/(?:^|\/)\.terraform|\.ts$/.test(name) && (name === '' || isFit(name));
    },
  });
  cpSync(join(ROOT, 'dashboards/compiled'), join(folder, 'dashboards/compiled'), {
    recursive: true,
  });
  return {
    path,
    run: (words, environment = {}) => run(terraform, words, path, environment),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/**
 * Whether the Google provider was installed into the workspace; where it cannot be had, the test says that it was skipped, or
 * has failed where HIGHWATER_REQUIRE_TERRAFORM_PROVIDER is 1.
 */
export async function hasProvider(
  t: ExecutionContext,
  workspace: Workspace,
  folder: string,
): Promise<boolean> {
  const words = [`-chdir=${folder}`, 'init', '-backend=false', '-input=false'];
  const { code, output } = await workspace.run(words);
  if (code === 0) return true;
  const reason = `the Google provider cannot be had: ${PROVIDER_HOW_TO_GET}`;
  if (process.env['HIGHWATER_REQUIRE_TERRAFORM_PROVIDER'] === '1') t.fail(`${reason}\n${output}`);
  else {
    t.log(`skipped: ${reason}`);
    t.pass();
  }
  return false;
}

/** Terraform of the machine's user, without a configuration of the machine. */
function run(
  terraform: string,
  words: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>>,
): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      terraform,
      words,
      {
        cwd,
        maxBuffer: 64 * 2 ** 20,
        env: {
          PATH: process.env['PATH'],
          HOME: homedir(),
          TF_CLI_CONFIG_FILE: '/dev/null',
          TF_IN_AUTOMATION: '1',
          TF_CLI_ARGS: '-no-color',
          CHECKPOINT_DISABLE: '1',
          ...environment,
        },
      },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
        resolve({ code, output: `${stdout}${stderr}` });
      },
    );
  });
}
