/** Cloud Run: services and worker pools, by operations that take a while. */
import { ApiError } from './api-error.ts';
import type { Kind, Written } from './kind.ts';
import { jsonOf, listOf, textOf } from './json.ts';
import type { Json } from './json.ts';

const RUN = { api: 'run', base: 'v2', isLongRunning: true } as const;

export const RUN_KINDS: readonly Kind[] = [
  {
    ...RUN,
    collection: 'projects/*/locations/*/services',
    id: { query: 'serviceId' },
    complete: (service, written) => {
      const { cloud, id, name } = written;
      const [, , , region] = name.split('/');
      const url = `https://${id}-${cloud.projectNumber}.${region}.run.app`;
      const template = jsonOf(service['template']);
      return {
        ingress: 'INGRESS_TRAFFIC_ALL',
        traffic: [{ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 100 }],
        ...completeRevisions(service, written),
        template: {
          timeout: '300s',
          maxInstanceRequestConcurrency: 80,
          ...template,
          containers: listOf(template['containers']).map((each) => completeContainer(jsonOf(each))),
        },
        uri: url,
        urls: [url],
        trafficStatuses: [{ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 100 }],
      };
    },
  },
  {
    ...RUN,
    collection: 'projects/*/locations/*/workerPools',
    id: { query: 'workerPoolId' },
    complete: (pool, written) => ({
      instanceSplits: [{ type: 'INSTANCE_SPLIT_ALLOCATION_TYPE_LATEST', percent: 100 }],
      ...completeRevisions(pool, written),
    }),
  },
];

function completeRevisions(resource: Json, written: Written): Json {
  const { cloud, id, name, before } = written;
  const template = jsonOf(resource['template']);
  const account = textOf(template['serviceAccount']);
  // Whoever makes it has to be allowed to act as an account that is there.
  cloud.checkMember(`serviceAccount:${account}`);
  for (const container of listOf(template['containers']).map(jsonOf)) {
    for (const env of listOf(container['env']).map(jsonOf)) {
      const secret = textOf(jsonOf(jsonOf(env['valueSource'])['secretKeyRef'])['secret']);
      if (secret) {
        cloud.need(
          `secretmanager/projects/${cloud.projectId}/secrets/${secret.split('/').at(-1)}`,
          `Secret ${secret} was not found`,
        );
      }
    }
  }
  const generation = Number(before?.['generation'] ?? 0) + 1;
  const revision = `${name}/revisions/${id}-${String(generation).padStart(5, '0')}`;
  if (!account) throw new ApiError(400, 'template.service_account: expected an account.');
  return {
    launchStage: 'GA',
    ...resource,
    name,
    uid: before?.['uid'] ?? `00000000-0000-4000-8000-${String(cloud.next()).padStart(12, '0')}`,
    generation: String(generation),
    observedGeneration: String(generation),
    creator: 'terraform',
    createTime: before?.['createTime'] ?? '2026-11-26T00:00:00Z',
    updateTime: '2026-11-26T00:00:00Z',
    latestReadyRevision: revision,
    latestCreatedRevision: revision,
    terminalCondition: { type: 'Ready', state: 'CONDITION_SUCCEEDED' },
  };
}

function completeContainer(container: Json): Json {
  const ports = listOf(container['ports']);
  const shown = ports.length > 0 ? ports.map(jsonOf) : [{ containerPort: 8080 }];
  const port = Number(jsonOf(shown[0])['containerPort'] ?? 8080);
  const probe = (kind: string): Json => {
    const given = container[kind];
    if (!given) return {};
    const { httpGet, tcpSocket, ...rest } = jsonOf(given);
    return {
      [kind]: {
        timeoutSeconds: 1,
        periodSeconds: 10,
        failureThreshold: 3,
        ...rest,
        ...(httpGet ? { httpGet: { path: '/', port, ...jsonOf(httpGet) } } : {}),
        ...(tcpSocket ? { tcpSocket: { port, ...jsonOf(tcpSocket) } } : {}),
      },
    };
  };
  return {
    ...container,
    ports: shown.map((each) => ({ name: 'http1', ...each })),
    ...probe('startupProbe'),
    ...probe('livenessProbe'),
  };
}
