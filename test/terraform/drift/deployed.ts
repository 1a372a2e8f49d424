/** The stand-in of Google's APIs with everything in it as it is defined, and `highwater drift` sent there. */
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../../runtime/index.ts';
import type { Clock } from '../../../runtime/index.ts';
import { googleCredentials, MONITORING_READ } from '../../../telemetry/index.ts';
import {
  definedResources,
  deployedResources,
  driftOf,
  parseEnvironment,
  terraformDefinitions,
} from '../../../terraform/index.ts';
import type { DefinedResource, DriftFinding, Environment } from '../../../terraform/index.ts';
import { startHighwater } from '../../helpers/highwater-process.ts';
import { startGoogleMetadata } from '../../telemetry/google-metadata.ts';
import type { GoogleMetadata } from '../../telemetry/google-metadata.ts';
import { startGoogleApis, TOKEN } from '../google-apis/server.ts';
import type { GoogleApis } from '../google-apis/server.ts';
import { jsonOf, listOf, textOf } from '../google-apis/json.ts';
import type { Json } from '../google-apis/json.ts';
import { shippedSource } from '../shipped.ts';

export const PROJECT = 'highwater-prod';
export const KEY = 'integration-key-of-pagerduty';
const OWN_METRICS = [
  'http_server_request_duration_seconds/histogram',
  'canary_age_seconds/gauge',
] as const;

/** As `environments/prod.tfvars` has it, with PagerDuty and all SLOs. */
export const VARIABLES = {
  environment: 'prod',
  project_id: PROJECT,
  own_metrics_exist: true,
  emails: {
    'on-call': { address: 'on-call@example.com', routes: ['page'] },
    team: { address: 'data-platform@example.com', routes: ['ticket'] },
  },
  pagerduty: { 'on-call': { secret: 'pagerduty-key', version: 1 } },
};

export interface World {
  readonly apis: GoogleApis;
  readonly metadata: GoogleMetadata;
  readonly environment: Environment;
  readonly defined: readonly DefinedResource[];
  /** In this process, without a wait between two tries. */
  drift(clock?: Clock): Promise<readonly DriftFinding[]>;
  /** The command itself. */
  command(
    words?: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ): Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Changes one by hand, as the console does: by kind (`alertPolicies`) and displayed name. */
  edit(collection: string, displayName: string, change: Json): Promise<void>;
  ask(method: string, path: string, body?: object): Promise<Json>;
}

export interface WorldOptions {
  readonly isDeployed?: boolean;
}

/** Closed with the test; its metadata server is this process's until then. */
export async function openWorld(
  t: ExecutionContext,
  { isDeployed = true }: WorldOptions = {},
): Promise<World> {
  // No credentials of the machine itself may answer.
  process.env['GOOGLE_APPLICATION_CREDENTIALS'] = '';
  process.env['CLOUDSDK_CONFIG'] = '/nonexistent';
  const apis = await startGoogleApis({ projectId: PROJECT, projectNumber: 100000000002 });
  const metadata = await startGoogleMetadata();
  t.teardown(() => apis.close());
  t.teardown(() => metadata.close());
  const { cloud } = apis;
  cloud.enabled.add('monitoring.googleapis.com');
  for (const name of OWN_METRICS) cloud.seenMetrics.add(`prometheus.googleapis.com/${name}`);
  cloud.takesToken = (token) => token === TOKEN || metadata.tokens.includes(token);
  cloud.pageSizeMax = 3;

  const source = shippedSource();
  const environment = parseEnvironment(VARIABLES, ['prod']);
  const dashboardOf = (path: string) =>
    source.dashboards.find((each) => each.path === path)?.content ?? '';
  const defined = definedResources(terraformDefinitions(source).content, dashboardOf, environment);
  const ask: World['ask'] = async (method, path, body) => {
    const response = await fetch(`${apis.url}/monitoring/${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}` },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Json;
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
  if (isDeployed) await deploy(defined, ask);
  const endpoint = `${apis.url}/monitoring`;
  return {
    apis,
    metadata,
    environment,
    defined,
    ask,
    async drift(clock = { ...systemClock, sleep: async () => undefined }) {
      const authorize = googleCredentials(MONITORING_READ, clock);
      const options = { projectId: PROJECT, endpoint, authorize, clock };
      return driftOf(defined, await deployedResources(options, 'highwater'), 'prod');
    },
    async command(words = [], extra = {}) {
      const file = join(import.meta.dirname, 'all.tfvars');
      const process = startHighwater(
        ['drift', '--environment', 'prod', '--var-file', file, ...words],
        { ...metadata.environment, CLOUD_MONITORING_ENDPOINT: endpoint, ...extra },
      );
      const code = await process.exited;
      return { code, ...process.output };
    },
    async edit(collection, displayName, change) {
      const entry = [...cloud.resources].find(
        ([key, body]) => key.includes(`/${collection}/`) && body['displayName'] === displayName,
      );
      if (!entry) throw new Error(`no ${displayName} among ${collection}`);
      const [key, body] = entry;
      const path = key.slice('monitoring/'.length);
      const version = collection === 'dashboards' ? 'v1' : 'v3';
      const etag = collection === 'dashboards' ? { etag: body['etag'] } : {};
      const mask = Object.keys(change).join(',');
      await ask('PATCH', `${version}/${path}?updateMask=${mask}`, { ...change, ...etag });
    },
  };
}

/** As the provider does it; that the provider sends the same is shown where it applies (apply.test.ts). */
async function deploy(defined: readonly DefinedResource[], ask: World['ask']): Promise<void> {
  const names = new Map<string, string>();
  const parent = `projects/${PROJECT}`;
  for (const { kind, name, keys, body } of defined) {
    switch (kind) {
      case 'service':
        await ask('POST', `v3/${parent}/services?serviceId=${name}`, body);
        break;
      case 'SLO': {
        const slos = `v3/${parent}/services/highwater/serviceLevelObjectives`;
        await ask('POST', `${slos}?serviceLevelObjectiveId=${name}`, body);
        break;
      }
      case 'notification channel': {
        const labels = body['type'] === 'pagerduty' ? { service_key: KEY } : body['labels'];
        const made = await ask('POST', `v3/${parent}/notificationChannels`, { ...body, labels });
        names.set(keys[0]!, textOf(made['name']));
        break;
      }
      case 'alert policy': {
        const channels = listOf(body['notificationChannels']).map((each) =>
          names.get(textOf(each)),
        );
        const sent = { ...body, notificationChannels: channels };
        await ask('POST', `v3/${parent}/alertPolicies`, sent);
        break;
      }
      case 'uptime check': {
        const resource = jsonOf(body['monitoredResource']);
        const labels = { ...jsonOf(resource['labels']), host: 'highwater-api-x-ew.a.run.app' };
        const sent = { ...body, monitoredResource: { ...resource, labels } };
        await ask('POST', `v3/${parent}/uptimeCheckConfigs`, sent);
        break;
      }
      case 'dashboard':
        await ask('POST', `v1/${parent}/dashboards`, body);
    }
  }
}
