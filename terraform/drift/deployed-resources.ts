/** What is deployed, read from Cloud Monitoring's REST API: every page of every list. */
import { z } from 'zod';
import { AppError, askRetrying, parseJson } from '../../runtime/index.ts';
import type { Authorize, Clock } from '../../runtime/index.ts';
import { cloudRefusal, credentialsMissing } from './cloud-refusal.ts';
import { jsonOf, pluralOf, stringOf } from './resource.ts';
import type { DeployedResource, Json, ResourceKind } from './resource.ts';

export interface DeployedOptions {
  readonly projectId: string;
  /** `https://monitoring.googleapis.com`. */
  readonly endpoint: string;
  readonly authorize: Authorize;
  readonly clock: Clock;
}

/** A page of dashboards with 50 widgets each is under 10 MB. */
const PAGE_SIZE = 100;
/** 5,000 of a kind: ten times the quota of alert policies. Source: Cloud Monitoring, quotas. */
const PAGES_MAX = 50;
const ANSWER_BYTES_MAX = 64 * 2 ** 20;

interface List {
  readonly kind: ResourceKind;
  readonly version: 'v1' | 'v3';
  /** Of the parent, and of the answer. */
  readonly collection: string;
  readonly permission: string;
}

const LISTS: readonly List[] = [
  {
    kind: 'alert policy',
    version: 'v3',
    collection: 'alertPolicies',
    permission: 'monitoring.alertPolicies.list',
  },
  {
    kind: 'notification channel',
    version: 'v3',
    collection: 'notificationChannels',
    permission: 'monitoring.notificationChannels.list',
  },
  {
    kind: 'uptime check',
    version: 'v3',
    collection: 'uptimeCheckConfigs',
    permission: 'monitoring.uptimeCheckConfigs.list',
  },
  {
    kind: 'dashboard',
    version: 'v1',
    collection: 'dashboards',
    permission: 'monitoring.dashboards.list',
  },
];
const SERVICES: List = {
  kind: 'service',
  version: 'v3',
  collection: 'services',
  permission: 'monitoring.services.list',
};
const SLOS: List = {
  kind: 'SLO',
  version: 'v3',
  collection: 'serviceLevelObjectives',
  permission: 'monitoring.slos.list',
};

/**
 * All resources of the kinds that Highwater makes, whoever made them, with the SLOs of `serviceId`.
 * @throws AppError `cloud_unavailable` where they cannot be read, whatever the reason
 */
export async function deployedResources(
  options: DeployedOptions,
  serviceId: string,
): Promise<readonly DeployedResource[]> {
  const project = `projects/${options.projectId}`;
  const found = await list(options, SERVICES, project);
  const service = found.find(({ resource }) => resource.endsWith(`/services/${serviceId}`));
  if (service) found.push(...(await list(options, SLOS, `${project}/services/${serviceId}`)));
  for (const each of LISTS) found.push(...(await list(options, each, project)));
  return found;
}

const PAGE = z.looseObject({ nextPageToken: z.string().optional() });

async function list(
  options: DeployedOptions,
  { kind, version, collection, permission }: List,
  parent: string,
): Promise<DeployedResource[]> {
  const { endpoint, projectId } = options;
  const found: DeployedResource[] = [];
  let pageToken = '';
  for (let page = 1; page <= PAGES_MAX; page++) {
    const url = new URL(`${endpoint.replace(/\/+$/, '')}/${version}/${parent}/${collection}`);
    url.searchParams.set('pageSize', String(PAGE_SIZE));
    if (pageToken !== '') url.searchParams.set('pageToken', pageToken);
    const answer = await ask(options, url.href, { what: pluralOf(kind), projectId, permission });
    const items = answer[collection] ?? [];
    if (!Array.isArray(items)) throw noList(url, collection);
    found.push(
      ...items.map((item) => {
        const body = jsonOf(item);
        return { kind, resource: stringOf(body['name']), body };
      }),
    );
    const next = stringOf(answer['nextPageToken']);
    if (next === '') return found;
    if (next === pageToken) throw noList(url, 'another page token than the one before');
    pageToken = next;
  }
  throw new AppError(
    'cloud_unavailable',
    `${projectId} has more than ${PAGES_MAX * PAGE_SIZE} ${pluralOf(kind)}; expected fewer`,
  );
}

async function ask(
  { authorize, clock }: DeployedOptions,
  url: string,
  about: { readonly what: string; readonly projectId: string; readonly permission: string },
): Promise<Json> {
  const answer = await askRetrying({
    url,
    authorize: async (refused) => {
      try {
        return await authorize(refused);
      } catch (error) {
        throw credentialsMissing(error);
      }
    },
    answerBytesMax: ANSWER_BYTES_MAX,
    clock,
  });
  const { host } = new URL(url);
  if (answer.kind === 'none') {
    const { reason, cause } = answer;
    throw new AppError('cloud_unavailable', `${host} cannot be asked: ${reason}`, { cause });
  }
  const { status, text } = answer;
  if (status < 200 || status >= 300) throw cloudRefusal({ ...about, host, status, text });
  const parsed = PAGE.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw noList(new URL(url), 'a JSON object');
}

function noList(url: URL, expected: string): AppError {
  return new AppError(
    'cloud_unavailable',
    `${url.host}${url.pathname}: expected ${expected} in the answer`,
  );
}
