/** Cloud Monitoring: alert policies, channels, SLOs, uptime checks, dashboards. */
import { ApiError } from './api-error.ts';
import type { Cloud } from './cloud.ts';
import type { Kind, Written } from './kind.ts';
import { isJson, jsonOf, listOf, textOf } from './json.ts';
import type { Json } from './json.ts';

const LABEL_KEY = /^[a-z][a-z0-9_-]{0,62}$/;
const LABEL_VALUE = /^[a-z0-9_-]{0,63}$/;
const CONDITIONS_MAX = 6;
const CHANNELS_MAX = 16;
const DOCUMENTATION_CHARACTERS_MAX = 8_192;
const DOCUMENTATION_BYTES_MAX = 10_240;
const AUTO_CLOSE_SECONDS_MIN = 1_800;
const WIDGETS_MAX = 50;
/** Metrics of Google's own services are known without having been seen. */
const OWN_METRIC = /metric\.type\s*=\s*"((?:prometheus|workload|custom)\.googleapis\.com\/[^"]+)"/g;

const MONITORING = { api: 'monitoring', base: 'v3' } as const;

export const MONITORING_KINDS: readonly Kind[] = [
  {
    ...MONITORING,
    collection: 'projects/*/alertPolicies',
    id: 'server',
    complete: completePolicy,
  },
  {
    ...MONITORING,
    collection: 'projects/*/notificationChannels',
    id: 'server',
    complete: (channel, { name }) => {
      const labels = jsonOf(channel['labels']);
      const key = textOf(labels['service_key']);
      if (channel['type'] === 'pagerduty' && !key) {
        throw new ApiError(400, 'Field "notification_channel.labels[service_key]" is required.');
      }
      const shown = key ? { ...labels, service_key: '*'.repeat(8) } : labels;
      return { enabled: true, ...channel, labels: shown, name };
    },
    // A channel in use is kept, unless the request forces it.
    remove: (_channel, { cloud, name, query }) => {
      for (const [key, policy] of cloud.resources) {
        if (!key.includes('/alertPolicies/')) continue;
        const channels = listOf(policy['notificationChannels']);
        if (!channels.includes(name)) continue;
        if (query.get('force') !== 'true') {
          throw new ApiError(400, 'Cannot delete a channel that a policy uses.');
        }
        policy['notificationChannels'] = channels.filter((channel) => channel !== name);
      }
    },
  },
  {
    ...MONITORING,
    collection: 'projects/*/uptimeCheckConfigs',
    id: 'server',
    complete: (check, { name }) => {
      if (listOf(check['selectedRegions']).length < 2) {
        throw new ApiError(400, 'At least three locations have to be selected.');
      }
      const http = jsonOf(check['httpCheck']);
      return { ...check, name, httpCheck: { requestMethod: 'GET', ...http } };
    },
  },
  {
    ...MONITORING,
    collection: 'projects/*/services',
    id: { query: 'serviceId' },
    isNamedByNumber: true,
    complete: (service) => ({ custom: {}, ...service }),
  },
  {
    ...MONITORING,
    collection: 'projects/*/services/*/serviceLevelObjectives',
    id: { query: 'serviceLevelObjectiveId' },
    isNamedByNumber: true,
    complete: (slo, { cloud, name }) => {
      cloud.need(`monitoring/${name.split('/').slice(0, 4).join('/')}`);
      const goal = Number(slo['goal']);
      if (!(goal > 0 && goal <= 0.9999)) {
        throw new ApiError(400, `Field goal must be between 0 and 0.9999; got ${goal}.`);
      }
      needMetrics(cloud, slo);
      return slo;
    },
  },
  {
    api: 'monitoring',
    base: 'v1',
    collection: 'projects/*/dashboards',
    id: 'server',
    isNamedByNumber: true,
    isEtagChecked: true,
    complete: (dashboard) => {
      const tiles = listOf(jsonOf(dashboard['mosaicLayout'])['tiles']);
      if (tiles.length > WIDGETS_MAX) {
        throw new ApiError(400, `A dashboard has at most ${WIDGETS_MAX} widgets.`);
      }
      return withChartDefaults(dashboard);
    },
  },
];

function completePolicy(policy: Json, { cloud, name, before }: Written): Json {
  const conditions = listOf(policy['conditions']).map(jsonOf);
  if (conditions.length === 0 || conditions.length > CONDITIONS_MAX) {
    throw new ApiError(400, `A policy has 1 to ${CONDITIONS_MAX} conditions.`);
  }
  const documentation = textOf(jsonOf(policy['documentation'])['content']);
  if (
    documentation.length > DOCUMENTATION_CHARACTERS_MAX ||
    Buffer.byteLength(documentation) > DOCUMENTATION_BYTES_MAX
  ) {
    throw new ApiError(400, 'Field alert_policy.documentation.content is too long.');
  }
  const strategy = jsonOf(policy['alertStrategy']);
  if (strategy['autoClose'] && secondsOf(strategy['autoClose']) < AUTO_CLOSE_SECONDS_MIN) {
    throw new ApiError(
      400,
      'Field alert_policy.alert_strategy.auto_close must be at least 30 minutes.',
    );
  }
  if (strategy['notificationRateLimit']) {
    throw new ApiError(400, 'Notification rate limits are for log-based policies only.');
  }
  for (const [key, value] of Object.entries(jsonOf(policy['userLabels']))) {
    if (!LABEL_KEY.test(key) || !LABEL_VALUE.test(textOf(value))) {
      throw new ApiError(400, `Label ${key}=${textOf(value)} is not valid.`);
    }
  }
  const channels = listOf(policy['notificationChannels']);
  if (channels.length > CHANNELS_MAX) {
    throw new ApiError(400, `A policy has at most ${CHANNELS_MAX} notification channels.`);
  }
  for (const channel of channels) {
    cloud.need(`monitoring/${textOf(channel)}`, `Channel ${textOf(channel)} does not exist.`);
  }
  const old = new Map(
    listOf(before?.['conditions'])
      .map(jsonOf)
      .map((condition) => [condition['displayName'], condition['name']]),
  );
  return {
    enabled: true,
    ...policy,
    name,
    conditions: conditions.map((condition) => completeCondition(condition, cloud, name, old)),
    creationRecord: before?.['creationRecord'] ?? { mutateTime: '2026-11-26T00:00:00Z' },
    mutationRecord: { mutateTime: '2026-11-26T00:00:00Z' },
  };
}

function completeCondition(
  condition: Json,
  cloud: Cloud,
  policy: string,
  old: ReadonlyMap<unknown, unknown>,
): Json {
  const byPromQl = condition['conditionPrometheusQueryLanguage'];
  if (isJson(byPromQl)) {
    if (secondsOf(byPromQl['evaluationInterval'] ?? '30s') % 30 !== 0) {
      throw new ApiError(400, 'evaluation_interval must be a multiple of 30 seconds.');
    }
    if (!textOf(byPromQl['query'])) throw new ApiError(400, 'query must be set.');
  } else {
    // Filters are looked up, and there is no way around it.
    needMetrics(cloud, condition);
  }
  const name = old.get(condition['displayName']) ?? `${policy}/conditions/${cloud.next()}`;
  return { ...condition, name };
}

/** @throws ApiError 404 where a filter names a metric of the project's own that was never written. */
function needMetrics(cloud: Cloud, resource: Json): void {
  const filters = JSON.stringify(resource).replaceAll('\\"', '"');
  for (const [, type] of filters.matchAll(OWN_METRIC)) {
    if (cloud.seenMetrics.has(type!)) continue;
    throw new ApiError(
      404,
      `Cannot find metric(s) that match type = "${type}". If a metric was created recently, it could take up to 10 minutes to become available. Please try again soon.`,
    );
  }
}

/** What the API adds to charts where it was not said. */
function withChartDefaults(value: Json): Json {
  const entries = Object.entries(value).map(([key, each]): [string, unknown] => {
    if (Array.isArray(each)) {
      const items: readonly unknown[] = each;
      return [
        key,
        items.map((item) => {
          if (!isJson(item)) return item;
          const full = withChartDefaults(item);
          return key === 'dataSets' ? { targetAxis: 'Y1', ...full } : full;
        }),
      ];
    }
    if (!isJson(each)) return [key, each];
    const full = withChartDefaults(each);
    return [key, key === 'yAxis' ? { scale: 'LINEAR', ...full } : full];
  });
  return Object.fromEntries(entries);
}

function secondsOf(duration: unknown): number {
  return Number.parseFloat(textOf(duration));
}
