/** What the cache needs: a network with a subnetwork, the policy by which a service gets an address in it, the instance itself. */
import { ApiError } from './api-error.ts';
import type { Kind, Written } from './kind.ts';
import { jsonOf, listOf, textOf } from './json.ts';
import type { Json } from './json.ts';

/** What an instance's own authority is known by. */
export const SERVER_AUTHORITY =
  '-----BEGIN CERTIFICATE-----\nc3RhbmQtaW4=\n-----END CERTIFICATE-----';
const COMPUTE = {
  api: 'compute',
  base: 'compute/v1',
  isLongRunning: true,
  saysDefaults: true,
  id: (body: Json) => textOf(body['name']),
} as const;

export const NETWORK_KINDS: readonly Kind[] = [
  {
    ...COMPUTE,
    collection: 'projects/*/global/networks',
    complete: (network, written) => ({
      ...linked(network, written),
      networkFirewallPolicyEnforcementOrder: 'AFTER_CLASSIC_FIREWALL',
      routingConfig: { routingMode: 'REGIONAL', ...jsonOf(network['routingConfig']) },
    }),
    remove: (_network, { cloud, name }) => {
      for (const [key, subnetwork] of cloud.resources) {
        if (key.includes('/subnetworks/') && textOf(subnetwork['network']).endsWith(name)) {
          throw new ApiError(400, `The network resource ${name} is already being used by ${key}`);
        }
      }
    },
  },
  {
    ...COMPUTE,
    collection: 'projects/*/regions/*/subnetworks',
    complete: (subnetwork, written) => {
      const network = pathOf(subnetwork['network']);
      written.cloud.need(`compute/${network}`);
      return {
        ...linked(subnetwork, written),
        network: linkOf(network),
        region: linkOf(written.name.split('/').slice(0, 4).join('/')),
        purpose: 'PRIVATE',
        stackType: 'IPV4_ONLY',
        privateIpv6GoogleAccess: 'DISABLE_GOOGLE_ACCESS',
        gatewayAddress: '10.80.0.1',
      };
    },
  },
  {
    api: 'networkconnectivity',
    base: 'v1',
    collection: 'projects/*/locations/*/serviceConnectionPolicies',
    id: { query: 'serviceConnectionPolicyId' },
    isLongRunning: true,
    complete: (policy, { cloud, name }) => {
      cloud.need(`compute/${pathOf(policy['network'])}`);
      for (const each of listOf(jsonOf(policy['pscConfig'])['subnetworks'])) {
        cloud.need(`compute/${pathOf(each)}`);
      }
      return { ...policy, name, infrastructure: 'PSC' };
    },
  },
  {
    api: 'memorystore',
    base: 'v1',
    collection: 'projects/*/locations/*/instances',
    id: { query: 'instanceId' },
    isLongRunning: true,
    complete: completeInstance,
    remove: (instance) => {
      if (instance['deletionProtectionEnabled'] === true) {
        throw new ApiError(400, 'The instance is protected from deletion.');
      }
    },
  },
];

/** Its address comes by the policy of its network: without one there is none to be had. */
function completeInstance(instance: Json, { cloud, name }: Written): Json {
  const [wanted] = listOf(instance['pscAutoConnections'] ?? endpointsOf(instance)).map(jsonOf);
  const network = textOf(wanted?.['network']);
  const hasPolicy = [...cloud.resources].some(
    ([key, policy]) =>
      key.includes('/serviceConnectionPolicies/') && pathOf(policy['network']) === pathOf(network),
  );
  if (!hasPolicy) {
    throw new ApiError(400, `No service connection policy lets Memorystore into ${network}.`);
  }
  if (instance['authorizationMode'] === 'IAM_AUTH' && !instance['transitEncryptionMode']) {
    throw new ApiError(400, 'IAM authentication needs in-transit encryption.');
  }
  const connection = (connectionType: string, ipAddress: string) => ({
    pscAutoConnection: {
      projectId: cloud.projectId,
      network,
      ipAddress,
      port: 6379,
      connectionType,
      pscConnectionStatus: 'ACTIVE',
    },
  });
  return {
    ...instance,
    name,
    state: 'ACTIVE',
    endpoints: [
      {
        connections: [
          connection('CONNECTION_TYPE_PRIMARY', '10.80.0.3'),
          connection('CONNECTION_TYPE_READER', '10.80.0.4'),
        ],
      },
    ],
    zoneDistributionConfig: { mode: 'MULTI_ZONE' },
    nodeConfig: { sizeGb: 1.4 },
    serverCaMode: 'GOOGLE_MANAGED_PER_INSTANCE_CA',
  };
}

function endpointsOf(instance: Json): readonly unknown[] {
  return listOf(instance['endpoints']).flatMap((endpoint) =>
    listOf(jsonOf(endpoint)['connections']).map(
      (connection) => jsonOf(connection)['pscAutoConnection'],
    ),
  );
}

function linked(resource: Json, { id, name, before, cloud }: Written): Json {
  return {
    ...resource,
    name: id,
    id: before?.['id'] ?? String(100_000 + cloud.next()),
    selfLink: linkOf(name),
    creationTimestamp: '2026-11-26T00:00:00Z',
  };
}

function linkOf(path: string): string {
  return `https://www.googleapis.com/compute/v1/${path}`;
}

/** `projects/P/global/networks/N` of a link or a path. */
function pathOf(link: unknown): string {
  return textOf(link).replace(/^.*?(?=projects\/)/, '');
}
