/** One form for what was written and what the API makes of it: without what the server adds, defaults and secrets. */
import { channelLabel, isJson, jsonOf, listOf, stringOf } from './resource.ts';
import type { Json, ResourceKind } from './resource.ts';

/** Fields that the server alone writes. */
const SERVERS_OWN = new Set([
  'name',
  'etag',
  'creationRecord',
  'mutationRecord',
  'mutationRecords',
  'verificationStatus',
  'validity',
]);
/** What a field means where it is not said; the API says some of these though nobody wrote them. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  enabled: true,
  targetAxis: 'Y1',
  scale: 'LINEAR',
  requestMethod: 'GET',
  checkerType: 'STATIC_IP_CHECKERS',
  min: '-Infinity',
  max: 'Infinity',
};
/** Empty, these are nothing; every other empty message says something, such as the list of all incidents. */
const MAPS = new Set(['labels', 'userLabels', 'telemetry', 'chartOptions']);
/** Whose order has no meaning. */
const SETS = new Set([
  'notificationChannels',
  'notificationPrompts',
  'selectedRegions',
  'acceptedResponseStatusCodes',
]);
/** False is a value here and no default: the API tells it from nothing. */
const TOLD_FALSE = new Set(['enabled']);
const DURATION = /^(-?\d+(?:\.\d+)?)s$/;
const HIDDEN = '(hidden)';
/** In a link to a dashboard: given by the server. */
const DASHBOARD_ID = /(?<=\/dashboards\/builder\/)[^/?]+/;

/**
 * @param channelOf the label of a channel, by its resource name
 */
export function normalForm(
  kind: ResourceKind,
  body: Json,
  channelOf: (resource: string) => string,
): Json {
  const shown = withoutSecrets(kind, body);
  const named =
    kind === 'alert policy'
      ? {
          ...shown,
          notificationChannels: listOf(shown['notificationChannels']).map((each) =>
            channelOf(stringOf(each)),
          ),
        }
      : shown;
  return jsonOf(plain(withoutServersOwn(kind, named)));
}

/** Values of labels may be tokens, and the API answers some of them in clear: only an address is looked at. */
function withoutSecrets(kind: ResourceKind, body: Json): Json {
  if (kind === 'notification channel') {
    const labels = Object.entries(jsonOf(body['labels']))
      .filter(([label]) => label !== 'service_key')
      .map(([label, value]) => [label, label === 'email_address' ? value : HIDDEN] as const);
    return { ...body, labels: Object.fromEntries(labels) };
  }
  if (kind !== 'uptime check') return body;
  const { authInfo, headers, ...http } = jsonOf(body['httpCheck']);
  const resource = jsonOf(body['monitoredResource']);
  // Cloud Run gives the host its name.
  const { host: _host, ...labels } = jsonOf(resource['labels']);
  return {
    ...body,
    httpCheck: {
      ...http,
      ...(authInfo === undefined ? {} : { authInfo: HIDDEN }),
      ...(headers === undefined ? {} : { headers: Object.keys(jsonOf(headers)) }),
    },
    monitoredResource: { ...resource, labels },
  };
}

function withoutServersOwn(kind: ResourceKind, body: Json): Json {
  const kept = Object.entries(body).filter(([key]) => !SERVERS_OWN.has(key));
  const rest: Json = Object.fromEntries(kept);
  if (kind !== 'alert policy') return rest;
  const conditions = listOf(rest['conditions']).map((each) => {
    const { name: _name, ...condition } = jsonOf(each);
    return condition;
  });
  return rest['documentation'] === undefined
    ? { ...rest, conditions }
    : { ...rest, conditions, documentation: withoutIds(jsonOf(rest['documentation'])) };
}

function withoutIds(documentation: Json): Json {
  const links = listOf(documentation['links']).map((each) => {
    const { url, ...link } = jsonOf(each);
    return { ...link, url: stringOf(url).replace(DASHBOARD_ID, '') };
  });
  return { ...documentation, links };
}

function plain(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => plain(item));
    return SETS.has(key) ? items.toSorted(byText) : items;
  }
  if (isJson(value)) {
    const entries = Object.entries(value)
      .map(([name, each]) => [name, plain(each, name)] as const)
      .filter(([name, each]) => !isNothing(name, each));
    return Object.fromEntries(entries);
  }
  const seconds = typeof value === 'string' ? DURATION.exec(value)?.[1] : undefined;
  return seconds === undefined ? value : `${Number(seconds)}s`;
}

function isNothing(key: string, value: unknown): boolean {
  if (TOLD_FALSE.has(key)) return value === DEFAULTS[key] || value === null;
  if (value === DEFAULTS[key]) return true;
  if (typeof value === 'string') {
    return value === '' || value === '0s' || /_(?:UNSPECIFIED|NONE)$/.test(value);
  }
  if (Array.isArray(value)) return value.length === 0;
  if (isJson(value)) return MAPS.has(key) && Object.keys(value).length === 0;
  return value === null || value === undefined || value === 0 || value === false;
}

function byText(one: unknown, other: unknown): number {
  const [a, b] = [JSON.stringify(one), JSON.stringify(other)];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Labels of channels by their resource names; a name that is not there stands for itself. */
export function channelNames(
  channels: readonly { readonly resource: string; readonly body: Json }[],
): (resource: string) => string {
  const labels = new Map(
    channels.map(({ resource, body }) => [
      resource,
      channelLabel(stringOf(body['type']), stringOf(body['displayName'])),
    ]),
  );
  return (resource) => labels.get(resource) ?? resource;
}
