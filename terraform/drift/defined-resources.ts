/** What Terraform makes in Cloud Monitoring of the compiled definitions: `modules/monitoring`, in the words of the REST API. */
import { z } from 'zod';
import type { Environment } from './environment.ts';
import { channelLabel, jsonOf, stringOf } from './resource.ts';
import type { DefinedResource, Json } from './resource.ts';

const DAY_SECONDS = 86_400;

const slo = z.object({
  display_name: z.string(),
  goal: z.number(),
  rolling_period_days: z.number(),
  labels: z.record(z.string(), z.string()),
  needs_own_metrics: z.boolean(),
  good_total_ratio: z
    .object({
      total_filter: z.string(),
      bad_filter: z.string().optional(),
      good_filter: z.string().optional(),
    })
    .optional(),
  distribution_cut: z.object({ filter: z.string(), max: z.number() }).optional(),
  mean_in_range: z
    .object({ filter: z.string(), window_seconds: z.number(), max: z.number() })
    .optional(),
});
const policy = z.object({
  display_name: z.string(),
  severity: z.string(),
  route: z.enum(['page', 'ticket']),
  subject: z.string(),
  documentation: z.string(),
  auto_close_seconds: z.number(),
  labels: z.record(z.string(), z.string()),
  conditions: z.array(
    z.object({
      name: z.string(),
      query: z.string(),
      duration_seconds: z.number(),
      evaluation_interval_seconds: z.number(),
    }),
  ),
});
/** Of `definitions.auto.tfvars.json`, what goes to Cloud Monitoring. */
const schema = z.object({
  names: z.object({ service: z.string() }),
  slos: z.record(z.string(), slo),
  alert_policies: z.record(z.string(), policy),
  dashboards: z.record(z.string(), z.string()),
});

/**
 * @param definitions content of `definitions.auto.tfvars.json`
 * @param dashboardOf content of a compiled dashboard, by its path
 */
export function definedResources(
  definitions: string,
  dashboardOf: (path: string) => string,
  environment: Environment,
): readonly DefinedResource[] {
  const { names, slos, alert_policies, dashboards } = schema.parse(JSON.parse(definitions));
  const channels = channelsOf(environment);
  const wanted = Object.entries(slos).filter(
    ([, each]) => environment.own_metrics_exist || !each.needs_own_metrics,
  );
  return [
    {
      kind: 'service',
      name: names.service,
      keys: [names.service],
      body: { displayName: 'Highwater', custom: {} },
    },
    ...wanted.map(([name, each]) => ({
      kind: 'SLO' as const,
      name,
      keys: [name],
      body: sloBody(each),
    })),
    ...channels.map(({ channel }) => channel),
    ...Object.entries(alert_policies).map(([name, each]) => ({
      kind: 'alert policy' as const,
      name,
      keys: [policyKey(each.labels['policy'] ?? '', each.route), each.display_name],
      body: policyBody(
        each,
        environment,
        'on-call' in dashboards,
        channels
          .filter(({ routes }) => routes.includes(each.route))
          .map(({ channel: { body } }) =>
            channelLabel(stringOf(body['type']), stringOf(body['displayName'])),
          ),
      ),
    })),
    uptimeCheck(environment),
    ...Object.entries(dashboards).map(([name, path]) => {
      const body = jsonOf(JSON.parse(dashboardOf(path)));
      return { kind: 'dashboard' as const, name, keys: [stringOf(body['displayName'])], body };
    }),
  ];
}

/** A policy by its labels, which survive a new title. */
export function policyKey(name: string, route: string): string {
  return `${name} by ${route}`;
}

/** What the names of this environment's channels and checks begin with. */
export function namePrefix(environment: string): string {
  return `Highwater ${environment}: `;
}

interface Channel {
  readonly channel: DefinedResource;
  readonly routes: readonly string[];
}

function channelsOf({ environment, emails, pagerduty }: Environment): readonly Channel[] {
  const channel = (type: string, name: string, labels: Json): DefinedResource => {
    const displayName = `${namePrefix(environment)}${name}`;
    return {
      kind: 'notification channel',
      name: `${type} ${name}`,
      keys: [
        channelLabel(type, displayName),
        ...('email_address' in labels ? [stringOf(labels['email_address'])] : []),
      ],
      body: { displayName, type, enabled: true, labels },
    };
  };
  return [
    ...Object.entries(emails).map(([name, { address, routes }]) => ({
      channel: channel('email', name, { email_address: address }),
      routes,
    })),
    ...Object.entries(pagerduty).map(([name, { routes }]) => ({
      channel: channel('pagerduty', name, {}),
      routes,
    })),
  ];
}

function sloBody(each: z.infer<typeof slo>): Json {
  return {
    displayName: each.display_name,
    goal: each.goal,
    rollingPeriod: `${each.rolling_period_days * DAY_SECONDS}s`,
    userLabels: each.labels,
    serviceLevelIndicator: indicatorOf(each),
  };
}

function indicatorOf({
  good_total_ratio: ratio,
  distribution_cut: cut,
  mean_in_range: mean,
}: z.infer<typeof slo>): Json {
  if (mean) {
    return {
      windowsBased: {
        windowPeriod: `${mean.window_seconds}s`,
        metricMeanInRange: { timeSeries: mean.filter, range: { max: mean.max } },
      },
    };
  }
  return {
    requestBased: {
      ...(ratio && {
        goodTotalRatio: {
          totalServiceFilter: ratio.total_filter,
          badServiceFilter: ratio.bad_filter ?? '',
          goodServiceFilter: ratio.good_filter ?? '',
        },
      }),
      ...(cut && {
        distributionCut: { distributionFilter: cut.filter, range: { max: cut.max } },
      }),
    },
  };
}

/** Without the ids of dashboards, which the server gives. */
function alertLinks(projectId: string, hasDashboard: boolean): readonly Json[] {
  const to = (path: string) => `https://console.cloud.google.com/${path}?project=${projectId}`;
  const traces = { displayName: 'Traces', url: to('traces/explorer') };
  const dashboard = { displayName: 'Dashboard', url: to('monitoring/dashboards/builder/') };
  return hasDashboard ? [dashboard, traces] : [traces];
}

function policyBody(
  each: z.infer<typeof policy>,
  { environment, project_id: projectId }: Environment,
  hasDashboard: boolean,
  channels: readonly string[],
): Json {
  return {
    displayName: each.display_name,
    combiner: 'OR',
    severity: each.severity,
    enabled: true,
    notificationChannels: channels,
    userLabels: { ...each.labels, environment, route: each.route },
    conditions: each.conditions.map((condition) => ({
      displayName: condition.name,
      conditionPrometheusQueryLanguage: {
        query: condition.query,
        duration: `${condition.duration_seconds}s`,
        evaluationInterval: `${condition.evaluation_interval_seconds}s`,
        disableMetricValidation: true,
      },
    })),
    alertStrategy: {
      autoClose: `${each.auto_close_seconds}s`,
      notificationPrompts: ['OPENED', 'CLOSED'],
    },
    documentation: {
      content: each.documentation,
      mimeType: 'text/markdown',
      subject: `[${environment}] ${each.subject}`,
      links: alertLinks(projectId, hasDashboard),
    },
  };
}

function uptimeCheck({ environment, project_id, api }: Environment): DefinedResource {
  const displayName = `${namePrefix(environment)}API`;
  const classes = api.iap ? ['STATUS_CLASS_2XX', 'STATUS_CLASS_3XX'] : ['STATUS_CLASS_2XX'];
  return {
    kind: 'uptime check',
    name: 'api',
    keys: [displayName],
    body: {
      displayName,
      timeout: '10s',
      period: '60s',
      selectedRegions: ['EUROPE', 'USA_OREGON', 'ASIA_PACIFIC'],
      httpCheck: {
        path: '/readyz',
        port: 443,
        useSsl: true,
        validateSsl: true,
        acceptedResponseStatusCodes: classes.map((statusClass) => ({ statusClass })),
        serviceAgentAuthentication: { type: 'OIDC_TOKEN' },
      },
      monitoredResource: { type: 'uptime_url', labels: { project_id } },
    },
  };
}
