/** The commands of the workflows and of Cloud Build as they are written, run as those run them. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../dashboards/shipped.ts';

/** A step with a command, and where it stands. */
export interface CommandStep {
  /** `deliver.yml apply 1`: the file, the job, the number among its commands. */
  readonly place: string;
  readonly command: string;
}

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly { readonly run?: string }[] }>>;
}
interface CloudBuild {
  readonly steps: readonly {
    readonly id: string;
    readonly name: string;
    readonly entrypoint?: string;
    readonly args: readonly string[];
  }[];
}

const FOLDER = join(ROOT, '.github/workflows');

/** Every command of every workflow. */
export function workflowCommands(): readonly CommandStep[] {
  return readdirSync(FOLDER).flatMap((file) => {
    const { jobs } = parse(readFileSync(join(FOLDER, file), 'utf8')) as Workflow;
    return Object.entries(jobs).flatMap(([job, { steps }]) =>
      steps
        .flatMap(({ run }) => run ?? [])
        .map((command, index) => ({ place: `${file} ${job} ${index + 1}`, command })),
    );
  });
}

/** Files of Cloud Build. */
const CLOUD_BUILD = [
  'cloudbuild.yaml',
  'delivery/cloudbuild-check.yaml',
  'delivery/cloudbuild-terraform.yaml',
];

/** The steps of Cloud Build, as a shell would be told them; `$$` is a dollar there. */
export function cloudBuildCommands(): readonly CommandStep[] {
  return CLOUD_BUILD.flatMap((file) => {
    const { steps } = parse(readFileSync(join(ROOT, file), 'utf8')) as CloudBuild;
    return steps.map(({ id, name, entrypoint, args }) => {
      const isShell = entrypoint === 'bash' || entrypoint === 'sh';
      // An image without another entrypoint is one of the program that it is named after.
      const program = entrypoint ?? /([\w-]+):/.exec(name)?.[1] ?? name;
      const command = (isShell ? args.slice(1) : [program, ...args]).join(' ');
      return { place: `${basename(file)} ${id}`, command: command.replaceAll('$$', '$') };
    });
  });
}

/** The command at a place. @throws Error where there is none */
export function commandAt(place: string): string {
  const found = [...workflowCommands(), ...cloudBuildCommands()].find(
    (each) => each.place === place,
  );
  if (!found) throw new Error(`expected a command at ${place}`);
  return found.command;
}

export interface StepRan {
  readonly code: number;
  /** What it wrote to both outputs. */
  readonly output: string;
}

/** As GitHub's runner does: the first command that fails ends it, in a pipe too. Source: `bash --noprofile --norc -eo pipefail`. */
export function runStep(
  command: string,
  cwd: string,
  environment: Readonly<Record<string, string>>,
): Promise<StepRan> {
  return new Promise((resolve) => {
    execFile(
      'bash',
      ['--noprofile', '--norc', '-eo', 'pipefail', '-c', command],
      { cwd, env: environment, maxBuffer: 64 * 2 ** 20 },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
        resolve({ code, output: `${stdout}${stderr}` });
      },
    );
  });
}
