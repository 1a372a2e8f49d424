/** `highwater drift`: what is deployed in Google Cloud, held against what is defined. */
import type { Command } from 'commander';
import { loadConfig, systemClock } from '../../runtime/index.ts';
import type { Config } from '../../runtime/index.ts';
import { googleCredentials, MONITORING_READ } from '../../telemetry/index.ts';
import {
  definedResources,
  DEFINITIONS_PATH,
  deployedResources,
  driftOf,
  driftText,
} from '../../terraform/index.ts';
import type { DefinedResource, DriftFinding, Environment } from '../../terraform/index.ts';
import { compiledFiles } from '../compiled.ts';
import { readEnvironment } from '../environment-variables.ts';

interface Options {
  readonly environment: string;
  readonly project?: string;
  readonly varFile?: readonly string[];
  readonly json?: boolean;
}

/** What nobody defines, or nobody may see. */
const NOT_COMPARED = [
  'the host of the uptime check, which Cloud Run names',
  'the integration keys of PagerDuty',
];

const EXIT_CODES = `
Exit codes:
  0  everything is deployed as it is defined
  1  something is missing, changed or not defined
  2  it could not be looked at: wrong use, no credentials, no permission, Google Cloud does not answer
`;

export function addDriftCommand(program: Command): void {
  program
    .command('drift')
    .description(
      'hold SLOs, alert policies, channels, uptime check and dashboards in Google Cloud against the definitions',
    )
    .requiredOption('--environment <name>', 'which one, as in terraform/environments/NAME.tfvars')
    .option('--project <id>', 'project (default: project_id of the environment)')
    .option('--var-file <file...>', 'more variables, as given to terraform apply')
    .option('--json', 'one JSON object')
    .addHelpText('after', EXIT_CODES)
    .action(drift);
}

async function drift({ environment: name, project, varFile, json }: Options): Promise<void> {
  const config = loadConfig();
  const given = await readEnvironment(name, varFile ?? []);
  const environment = { ...given, project_id: project ?? given.project_id };
  const defined = definedIn(config, environment);
  const service = defined.find(({ kind }) => kind === 'service')?.name ?? '';
  const deployed = await deployedResources(
    {
      projectId: environment.project_id,
      endpoint: config.CLOUD_MONITORING_ENDPOINT,
      authorize: googleCredentials(MONITORING_READ, systemClock),
      clock: systemClock,
    },
    service,
  );
  const findings = driftOf(defined, deployed, name);
  process.stdout.write(
    json
      ? `${JSON.stringify({
          environment: name,
          project: environment.project_id,
          definedCount: defined.length,
          findings,
          notCompared: NOT_COMPARED,
        })}\n`
      : `${driftText(findings)}${summary(findings, defined.length, environment)}`,
  );
  if (findings.length > 0) process.exitCode = 1;
}

/** From the definitions as they are now, and not from files that may be stale. */
function definedIn(config: Config, environment: Environment): readonly DefinedResource[] {
  const files = new Map(compiledFiles(config).map(({ path, content }) => [path, content]));
  const contentOf = (path: string) => files.get(path) ?? '';
  return definedResources(contentOf(DEFINITIONS_PATH), contentOf, environment);
}

function summary(
  findings: readonly DriftFinding[],
  definedCount: number,
  { environment, project_id: project }: Environment,
): string {
  const count = (wanted: DriftFinding['finding']) =>
    findings.filter(({ finding }) => finding === wanted).length;
  const verdict =
    findings.length === 0
      ? `no drift: all ${definedCount} of ${environment} are in ${project} as they are defined`
      : `drift: of ${definedCount} of ${environment} in ${project}, ${count('missing')} missing and ${count('changed')} changed (- deployed, + defined); ${count('not defined')} not defined`;
  return `${verdict}\nnot compared: ${NOT_COMPARED.join('; ')}\n`;
}
