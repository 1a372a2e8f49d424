/** A stand-in of the Google APIs that `terraform/` uses: one project in memory, behind the custom endpoints of the real provider. */
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError } from './api-error.ts';
import { Cloud, TOKEN } from './cloud.ts';
import type { CloudOptions } from './cloud.ts';
import { sendFault } from './fault.ts';
import type { Kind } from './kind.ts';
import { BIGQUERY_KINDS } from './kinds-bigquery.ts';
import { BOOTSTRAP_KINDS } from './kinds-bootstrap.ts';
import { MONITORING_KINDS } from './kinds-monitoring.ts';
import { NETWORK_KINDS, SERVER_AUTHORITY } from './kinds-network.ts';
import { OTHER_KINDS } from './kinds-other.ts';
import { PUBSUB_KINDS } from './kinds-pubsub.ts';
import { RUN_KINDS } from './kinds-run.ts';
import { jsonOf, listOf, masked, textOf, withoutDefaults } from './json.ts';
import type { Json } from './json.ts';
import { listAnswer } from './list.ts';
import { readPolicy, writePolicy } from './policies.ts';

const KINDS = [
  ...PUBSUB_KINDS,
  ...MONITORING_KINDS,
  ...RUN_KINDS,
  ...BIGQUERY_KINDS,
  ...OTHER_KINDS,
  ...BOOTSTRAP_KINDS,
  ...NETWORK_KINDS,
];
export { TOKEN } from './cloud.ts';
/** By the variable's middle: API and base of the paths, as the provider puts them together. */
const ENDPOINTS: Readonly<Record<string, string>> = {
  ARTIFACT_REGISTRY: 'artifactregistry/v1/',
  BIG_QUERY: 'bigquery/bigquery/v2/',
  CLOUD_RUN_V2: 'run/v2/',
  COMPUTE: 'compute/compute/v1/',
  IAM_BETA: 'iam/v1/',
  IAP: 'iap/v1/',
  MEMORYSTORE: 'memorystore/v1/',
  MONITORING: 'monitoring/',
  NETWORK_CONNECTIVITYV1: 'networkconnectivity/v1/',
  PARAMETER_MANAGER: 'parametermanager/v1/',
  PUBSUB: 'pubsub/v1/',
  RESOURCE_MANAGER: 'cloudresourcemanager/v1/',
  SECRET_MANAGER: 'secretmanager/v1/',
  SERVICE_USAGE: 'serviceusage/v1/',
  STORAGE: 'storage/storage/v1/',
};

export interface GoogleApis {
  readonly cloud: Cloud;
  readonly url: string;
  /** Requests in order: `POST pubsub/v1/projects/…`. */
  readonly calls: readonly string[];
  /** Requests that no real API would have had to refuse: to paths that this one does not know. */
  readonly unknown: readonly string[];
  /** The environment in which the provider asks this one. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

interface Call {
  readonly cloud: Cloud;
  readonly method: string;
  readonly api: string;
  /** Without the API, with the project's id in the place of its number. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Json;
}

export async function startGoogleApis(options: CloudOptions): Promise<GoogleApis> {
  const cloud = new Cloud(options);
  const calls: string[] = [];
  const unknown: string[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? '/', 'http://stand-in');
      const line = `${request.method} ${decodeURIComponent(url.pathname).slice(1)}`;
      calls.push(line);
      const fault = cloud.faultOf(line);
      if (fault) return sendFault(response, fault);
      let code = 200;
      let answer: object;
      try {
        const [, token = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
        if (!cloud.takesToken(token)) {
          throw new ApiError(401, 'Request had invalid authentication credentials.');
        }
        const known = answerOf(await callOf(cloud, request, url));
        if (known === undefined) unknown.push(line);
        answer = known ?? new ApiError(404, `The stand-in has no ${line}`).toJson();
        if (known === undefined) code = 404;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        code = error.code;
        answer = error.toJson();
      }
      response.writeHead(code, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    cloud,
    url,
    calls,
    unknown,
    environment: {
      GOOGLE_OAUTH_ACCESS_TOKEN: TOKEN,
      ...Object.fromEntries(
        Object.entries(ENDPOINTS).map(([name, path]) => [
          `GOOGLE_${name}_CUSTOM_ENDPOINT`,
          `${url}/${path}`,
        ]),
      ),
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function callOf(cloud: Cloud, request: IncomingMessage, url: URL): Promise<Call> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const [api = '', ...rest] = decodeURIComponent(url.pathname).slice(1).split('/');
  const path = rest
    .join('/')
    .replace(`projects/${cloud.projectNumber}`, `projects/${cloud.projectId}`);
  const body = text === '' ? {} : (JSON.parse(text) as Json);
  return { cloud, method: request.method ?? 'GET', api, path, query: url.searchParams, body };
}

/** `undefined` where there is no such method. @throws ApiError */
function answerOf(call: Call): Json | undefined {
  const { cloud, api, path } = call;
  const project = /(?:^|\/)projects\/([^/:?]+)/.exec(path)?.[1];
  if (project !== undefined && project !== cloud.projectId) {
    throw new ApiError(403, `Permission denied on resource project ${project}.`);
  }
  if (!cloud.enabled.has(`${api}.googleapis.com`)) {
    throw new ApiError(
      403,
      `${api}.googleapis.com has not been used in project ${cloud.projectNumber} before or it is disabled.`,
    );
  }
  return operationAnswer(call) ?? policyAnswer(call) ?? singleAnswer(call) ?? resourceAnswer(call);
}

/** An operation is under way once, and done the next time that somebody looks. */
function operationAnswer({ cloud, api, method, path }: Call): Json | undefined {
  const name = /(?:operations|projects\/.*\/operations)\/\w+$/.exec(path)?.[0];
  if (!name || method !== 'GET') return undefined;
  return { ...cloud.need(`${api}/${name}`), done: true };
}

function operation(cloud: Cloud, api: string, parent: string, response: Json): Json {
  if (api === 'compute') return computeOperation(cloud, parent);
  const name = `${parent}operations/${cloud.next()}`;
  const stored = { name, response };
  cloud.resources.set(`${api}/${name}`, stored);
  return { name, done: false };
}

/** Compute Engine has operations of its own form. */
function computeOperation(cloud: Cloud, parent: string): Json {
  const id = String(cloud.next());
  const name = `${parent}operations/${id}`;
  const region = /\/regions\/([^/]+)\//.exec(parent)?.[1];
  const stored = { name: id, status: 'DONE', ...(region && { region }) };
  cloud.resources.set(`compute/${name}`, stored);
  return { ...stored, status: 'RUNNING' };
}

function policyAnswer({ cloud, api, method, path, body }: Call): Json | undefined {
  const bucket = api === 'storage' ? /\/(b\/[^/]+)\/iam$/.exec(path)?.[1] : undefined;
  if (bucket) {
    const bucketKey = `storage/${bucket}`;
    cloud.need(bucketKey);
    return method === 'GET'
      ? readPolicy(cloud, bucketKey)
      : writePolicy(cloud, bucketKey, { policy: body });
  }
  const found = /^[\w/]*?v\d\/(.*):(getIamPolicy|setIamPolicy)$/.exec(path);
  if (!found) return undefined;
  const [, name = '', verb] = found;
  const resource = /^projects\/[^/]+(?:\/iap_web\/.*)?$/.test(name) ? undefined : `${api}/${name}`;
  if (resource !== undefined) cloud.need(resource);
  const key = `${api}/${name}`;
  return verb === 'getIamPolicy' ? readPolicy(cloud, key) : writePolicy(cloud, key, body);
}

/** APIs that are switched on, the project, and values of secrets. */
function singleAnswer({ cloud, api, method, path, body }: Call): Json | undefined {
  const parent = `v1/projects/${cloud.projectId}`;
  if (api === 'cloudresourcemanager' && path === parent) {
    const { projectId, projectNumber } = cloud;
    return { projectId, projectNumber: String(projectNumber), lifecycleState: 'ACTIVE' };
  }
  if (api === 'serviceusage' && path === `${parent}/services` && method === 'GET') {
    const services = [...cloud.enabled].map((name) => ({
      name: `projects/${cloud.projectNumber}/services/${name}`,
      state: 'ENABLED',
    }));
    return { services };
  }
  if (api === 'serviceusage' && method === 'POST') {
    const one = /\/services\/([^/:]+):enable$/.exec(path)?.[1];
    for (const id of one ? [one] : listOf(body['serviceIds'])) cloud.enabled.add(textOf(id));
    return operation(cloud, api, '', {});
  }
  if (api === 'iam' && /\/workloadIdentityPools\/[^/]+:listAttestationRules$/.test(path)) return {};
  const instance = /^v1\/(.*)\/certificateAuthority$/.exec(path)?.[1];
  if (api === 'memorystore' && instance) {
    cloud.need(`memorystore/${instance}`);
    return { managedServerCa: { caCerts: [{ certificates: [SERVER_AUTHORITY] }] } };
  }
  const [, secret, version, access] =
    /\/secrets\/([^/]+)\/versions\/(\w+)(:access)?$/.exec(path) ?? [];
  if (api === 'secretmanager' && secret && version) {
    cloud.need(`secretmanager/projects/${cloud.projectId}/secrets/${secret}`);
    const name = `projects/${cloud.projectNumber}/secrets/${secret}/versions/${version}`;
    const value = cloud.secrets[`${secret}/${version}`];
    if (value === undefined) throw new ApiError(404, `Secret Version [${name}] not found.`);
    if (!access) return { name, state: 'ENABLED', createTime: '2026-11-26T00:00:00Z' };
    return { name, payload: { data: Buffer.from(value).toString('base64') } };
  }
  return undefined;
}

function resourceAnswer(call: Call): Json | undefined {
  const { cloud, api, path, method, query } = call;
  for (const kind of KINDS) {
    if (kind.api !== api || !path.startsWith(`${kind.base}/`)) continue;
    const name = path.slice(kind.base.length + 1);
    const pattern = `^${kind.collection.replaceAll('*', '[^/:]+')}`;
    if (new RegExp(`${pattern}$`).test(name)) {
      if (method === 'POST') return create(call, kind, name);
      if (method === 'GET' && api === 'monitoring') {
        return listAnswer(cloud, `${api}/${name}`, query, (each) => shown(kind, each));
      }
    }
    if (new RegExp(`${pattern}/[^/:]+$`).test(name)) return onResource(call, kind, name);
  }
  return undefined;
}

function create(call: Call, kind: Kind, collection: string): Json {
  const { cloud, query, body, api } = call;
  const id =
    kind.id === 'server'
      ? String(10_000 + cloud.next())
      : typeof kind.id === 'function'
        ? kind.id(body, cloud)
        : typeof kind.id === 'object'
          ? (query.get(kind.id.query) ?? '')
          : '';
  if (id === '') throw new ApiError(400, `${collection}: expected an id.`);
  const name = `${collection}/${id}`;
  if (cloud.resources.has(`${api}/${name}`)) {
    throw new ApiError(409, `Resource already exists: ${name}`);
  }
  return store(call, kind, name, body, undefined);
}

function onResource(call: Call, kind: Kind, name: string): Json | undefined {
  const { cloud, api, method, query } = call;
  const key = `${api}/${name}`;
  const before = cloud.resources.get(key);
  if (method === 'PUT' && kind.id === 'put') {
    if (before) throw new ApiError(409, `Resource already exists in the project: ${name}`);
    return store(call, kind, name, call.body, undefined);
  }
  const found = cloud.need(key, `Not found: ${name}`);
  switch (method) {
    case 'GET':
      return shown(kind, found);
    case 'PUT':
      return store(call, kind, name, call.body, found);
    case 'PATCH': {
      const body = kind.wrapper ? jsonOf(call.body[kind.wrapper]) : call.body;
      if (kind.isEtagChecked && body['etag'] !== found['etag']) {
        throw new ApiError(409, `Etag mismatch: expected ${textOf(found['etag'])}.`);
      }
      const mask = (query.get('updateMask') ?? '').split(',').filter((path) => path !== '');
      return store(call, kind, name, masked(found, body, mask), found);
    }
    case 'DELETE':
      kind.remove?.(found, writtenOf(call, name, found));
      cloud.resources.delete(key);
      cloud.policies.delete(key);
      return kind.isLongRunning ? operation(cloud, api, parentOf(name), {}) : {};
    default:
      return undefined;
  }
}

function store(
  call: Call,
  kind: Kind,
  name: string,
  resource: Json,
  before: Json | undefined,
): Json {
  const { cloud, api } = call;
  const complete = kind.complete ?? ((given: Json) => given);
  const completed = complete(resource, writtenOf(call, name, before));
  const said = kind.isNamedByNumber
    ? name.replace(`projects/${cloud.projectId}`, `projects/${cloud.projectNumber}`)
    : name;
  // Others name themselves in another way.
  const isNamed = !['bigquery', 'compute', 'storage'].includes(kind.api);
  const kept = { ...completed, ...(isNamed && { name: said }), etag: `"${cloud.next()}"` };
  cloud.resources.set(`${api}/${name}`, kept);
  const answer = shown(kind, kept);
  return kind.isLongRunning ? operation(cloud, api, parentOf(name), answer) : answer;
}

function shown(kind: Kind, resource: Json): Json {
  return kind.saysDefaults ? resource : withoutDefaults(resource);
}

function writtenOf({ cloud, query }: Call, name: string, before: Json | undefined) {
  return { cloud, query, name, id: name.split('/').at(-1)!, before };
}

/** `projects/P/locations/L/`, where operations lie; `projects/P/global/` where there are no locations. */
function parentOf(name: string): string {
  return `${name
    .split('/')
    .slice(0, name.includes('/global/networks/') ? 3 : 4)
    .join('/')}/`;
}
