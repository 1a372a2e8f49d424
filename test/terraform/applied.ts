/** The root, applied by Terraform and the real Google provider to the stand-in of the APIs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CloudOptions } from './google-apis/cloud.ts';
import { startGoogleApis } from './google-apis/server.ts';
import type { GoogleApis } from './google-apis/server.ts';
import type { Ran, Workspace } from './terraform-command.ts';

export const PROJECT = { projectId: 'highwater-test', projectNumber: 123456789012 };
/** What must be in no state and no plan. */
export const SECRET = 'integration-key-of-pagerduty';

/** Put in by people. */
const SECRETS = { 'pagerduty-key/1': SECRET, 'pagerduty-key/2': SECRET };
const BOOTSTRAP = {
  repository: 'example/highwater',
  repository_id: '123456789',
  branch: 'develop',
  secrets: '["pagerduty-key"]',
};

const COMMON = `
project_id     = "${PROJECT.projectId}"
project_number = ${PROJECT.projectNumber}
deployer       = "highwater-deploy@${PROJECT.projectId}.iam.gserviceaccount.com"
`;

export interface Applied {
  readonly apis: GoogleApis;
  /** Runs `terraform` with further variables, such as \`own_metrics_exist = true\`. */
  terraform(words: readonly string[], variables?: string): Promise<Ran>;
  /** What a plan would do to what, by address: \`update\`, \`create\`, \`delete\`. */
  changes(variables?: string): Promise<Readonly<Record<string, string>>>;
  planned(): PlannedResource[];
  state(): string;
}

export interface PlannedResource {
  readonly address: string;
  readonly type: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly after: Readonly<Record<string, unknown>> | null;
  };
}

/** A project as it is after bootstrap, as far as the root needs it. */
export async function bootstrappedProject(): Promise<GoogleApis> {
  const apis = await startGoogleApis({
    ...PROJECT,
    accounts: [`highwater-deploy@${PROJECT.projectId}.iam.gserviceaccount.com`],
    secrets: SECRETS,
  });
  apis.cloud.resources.set(`secretmanager/projects/${PROJECT.projectId}/secrets/pagerduty-key`, {});
  return apis;
}

/** A new project: two APIs are on, nobody has an account. */
export function emptyProject(
  project: Pick<CloudOptions, 'projectId' | 'projectNumber'>,
): Promise<GoogleApis> {
  const enabled = ['cloudresourcemanager', 'serviceusage'];
  return startGoogleApis({ ...project, enabled, secrets: SECRETS });
}

/** Bootstrap, applied by a person; its state is kept beside it. */
export async function bootstrapped(workspace: Workspace, apis: GoogleApis) {
  const run = ([verb = '', ...rest]: readonly string[]) => {
    const project = { project_id: apis.cloud.projectId, ...BOOTSTRAP };
    const variables = Object.entries(project).map(([name, value]) => `-var=${name}=${value}`);
    const words = ['-chdir=bootstrap', verb, '-input=false', ...variables, ...rest];
    return workspace.run(words, apis.environment);
  };
  const { code, output } = await workspace.run(['-chdir=bootstrap', 'init', '-input=false']);
  if (code !== 0) throw new Error(output);
  return {
    applied: await run(['apply', '-auto-approve']),
    run,
    outputs: async (): Promise<Readonly<Record<string, unknown>>> => {
      const printed = await workspace.run(['-chdir=bootstrap', 'output', '-json']);
      const all = JSON.parse(printed.output) as Record<string, { readonly value: unknown }>;
      return Object.fromEntries(Object.entries(all).map(([name, { value }]) => [name, value]));
    },
  };
}

/** `workspace` has the provider already; its state is kept beside it and not in a bucket. */
export async function applied(workspace: Workspace, environment: string): Promise<Applied> {
  const apis = await bootstrappedProject();
  writeFileSync(
    join(workspace.path, 'backend_override.tf'),
    'terraform {\n  backend "local" {}\n}\n',
  );
  const file = join(workspace.path, 'test.tfvars');
  const terraform = (words: readonly string[], variables = '') => {
    writeFileSync(file, `${COMMON}${variables}\n`);
    const [verb = '', ...rest] = words;
    return workspace.run(
      [
        verb,
        '-input=false',
        `-var-file=environments/${environment}.tfvars`,
        '-var-file=test.tfvars',
        ...rest,
      ],
      apis.environment,
    );
  };
  const planned = async (variables?: string): Promise<PlannedResource[]> => {
    const ran = await terraform(['plan', '-out=test.plan'], variables);
    if (ran.code !== 0) throw new Error(ran.output);
    const { output } = await workspace.run(['show', '-json', 'test.plan'], apis.environment);
    writeFileSync(join(workspace.path, 'test.plan.json'), output);
    return (JSON.parse(output) as { resource_changes: PlannedResource[] }).resource_changes;
  };
  const { code, output } = await workspace.run(['init', '-input=false', '-reconfigure']);
  if (code !== 0) throw new Error(output);
  return {
    apis,
    terraform,
    changes: async (variables) =>
      Object.fromEntries(
        (await planned(variables))
          .filter(({ change }) => !['no-op', 'read'].includes(change.actions.join()))
          .map(({ address, change }) => [address, change.actions.join()]),
      ),
    planned: () =>
      (
        JSON.parse(readFileSync(join(workspace.path, 'test.plan.json'), 'utf8')) as {
          resource_changes: PlannedResource[];
        }
      ).resource_changes,
    state: () => readFileSync(join(workspace.path, 'terraform.tfstate'), 'utf8'),
  };
}
