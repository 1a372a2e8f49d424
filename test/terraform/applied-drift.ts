/** `highwater drift` on what Terraform has applied. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../dashboards/shipped.ts';
import { startGoogleMetadata } from '../telemetry/google-metadata.ts';
import type { Applied } from './applied.ts';
import { jsonOf } from './google-apis/json.ts';
import { TOKEN } from './google-apis/server.ts';
import type { Workspace } from './terraform-command.ts';

interface Answer {
  readonly findings: readonly {
    readonly kind: string;
    readonly name: string;
    readonly finding: string;
  }[];
}

/** The findings, by the definitions that lie in `folder` and the variables of the last run of Terraform. */
export async function appliedDrift(
  { apis }: Applied,
  workspace: Workspace,
  folder: string,
): Promise<readonly string[]> {
  const metadata = await startGoogleMetadata();
  apis.cloud.takesToken = (token) => token === TOKEN || metadata.tokens.includes(token);
  try {
    const { code, output } = await run(folder, join(workspace.path, 'test.tfvars'), {
      ...metadata.environment,
      CLOUD_MONITORING_ENDPOINT: `${apis.url}/monitoring`,
    });
    if (code > 1) throw new Error(output);
    const { findings } = JSON.parse(output) as Answer;
    if (findings.length > 0 !== (code === 1)) throw new Error(`exit code ${code}: ${output}`);
    return findings.map(({ kind, name, finding }) => `${kind} ${name} ${finding}`);
  } finally {
    await metadata.close();
  }
}

/** Deletes a policy as somebody does by hand. */
export function withoutPolicy({ apis: { cloud } }: Applied, policy: string): void {
  for (const [key, body] of cloud.resources) {
    if (jsonOf(body['userLabels'])['policy'] === policy) cloud.resources.delete(key);
  }
}

function run(cwd: string, varFile: string, environment: Readonly<Record<string, string>>) {
  const words = ['drift', '--environment', 'prod', '--var-file', varFile, '--json'];
  return new Promise<{ code: number; output: string }>((resolve) => {
    execFile(
      process.execPath,
      [join(ROOT, 'cli/highwater.ts'), ...words],
      { cwd, maxBuffer: 64 * 2 ** 20, env: { ...process.env, ...environment } },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : 2) : 0;
        resolve({ code, output: code > 1 ? stderr : stdout });
      },
    );
  });
}
