/** An SLO as Cloud Monitoring can count it itself, for its own pages; alerts and reports count by PromQL. */
import type { Indicator, Slo } from '../slo/index.ts';
import type { Matcher, Selector } from '../telemetry/index.ts';
import { metricSpec } from '../telemetry/index.ts';

/** Name of the API's Cloud Run service; Google's own request count is found by it. */
export const API_SERVICE = 'highwater-api';
const DAY_MS = 86_400_000;
/** Source: `google_monitoring_slo`. */
const PERIOD_DAYS_MAX = 30;
const GOAL_MAX = 0.9999;
const REQUESTS = 'http_server_request_duration_seconds';
const STATUS = 'http_response_status_code';

/** Google's own metrics by their PromQL name: how a filter names them, and which labels are the resource's. */
const GOOGLE_METRICS: Readonly<
  Record<string, { readonly type: string; readonly resource: string }>
> = {
  'pubsub_googleapis_com:subscription_oldest_unacked_message_age': {
    type: 'pubsub.googleapis.com/subscription/oldest_unacked_message_age',
    resource: 'pubsub_subscription',
  },
  'pubsub_googleapis_com:subscription_num_undelivered_messages': {
    type: 'pubsub.googleapis.com/subscription/num_undelivered_messages',
    resource: 'pubsub_subscription',
  },
};

export type CloudSlo =
  | { readonly kind: 'slo'; readonly definition: Readonly<Record<string, unknown>> }
  /** Cloud Monitoring has no way to say it. */
  | { readonly kind: 'unsayable'; readonly reason: string };

/** The value of one SLO in the variable `slos`. */
export function cloudSlo(slo: Slo): CloudSlo {
  const { name, title, objective, windowMs, labels, service } = slo;
  const days = windowMs / DAY_MS;
  if (!Number.isInteger(days) || days > PERIOD_DAYS_MAX) {
    return unsayable(`its window is not 1 to ${PERIOD_DAYS_MAX} whole days`);
  }
  if (objective.targetRatio.value > GOAL_MAX) return unsayable(`its goal is above ${GOAL_MAX}`);
  const indicator = indicatorOf(slo.indicator);
  if (indicator.kind === 'unsayable') return indicator;
  return {
    kind: 'slo',
    definition: {
      display_name: `${name}: ${title} (${objective.percent.text} %)`,
      goal: objective.targetRatio.value,
      rolling_period_days: days,
      labels: { ...labels, service },
      ...indicator.definition,
    },
  };
}

function indicatorOf(indicator: Indicator): CloudSlo {
  switch (indicator.kind) {
    case 'ratio':
      return ratioOf(indicator);
    case 'atOrBelow': {
      const { histogram, bound } = indicator;
      return {
        kind: 'slo',
        definition: {
          needs_own_metrics: true,
          distribution_cut: { filter: filterOf(histogram), max: bound },
        },
      };
    }
    case 'slices':
      break;
  }
  const { gauge, bound, sliceMs } = indicator;
  return {
    kind: 'slo',
    definition: {
      needs_own_metrics: !Object.hasOwn(GOOGLE_METRICS, gauge.metric),
      mean_in_range: { filter: filterOf(gauge), window_seconds: sliceMs / 1_000, max: bound },
    },
  };
}

/**
 * A ratio there is one of two counters, and the count of a histogram is none. Of requests Google counts the same thing at the
 * edge of Cloud Run, by class of status and without routes.
 */
function ratioOf({ part, counted, valid }: Extract<Indicator, { kind: 'ratio' }>): CloudSlo {
  const key = part === 'bad' ? 'bad_filter' : 'good_filter';
  if (metricSpec(counted.metric)?.kind === 'counter') {
    const filters = { total_filter: filterOf(valid), [key]: filterOf(counted) };
    return { kind: 'slo', definition: { needs_own_metrics: true, good_total_ratio: filters } };
  }
  const statusClass = statusClassOf(counted.matchers);
  if (counted.metric !== REQUESTS || valid.metric !== REQUESTS || statusClass === undefined) {
    return unsayable('Cloud Monitoring takes no ratio of the counts of histograms');
  }
  const total = [
    'metric.type="run.googleapis.com/request_count"',
    'resource.type="cloud_run_revision"',
    `resource.labels.service_name="${API_SERVICE}"`,
  ].join(' AND ');
  return {
    kind: 'slo',
    definition: {
      needs_own_metrics: false,
      good_total_ratio: {
        total_filter: total,
        [key]: `${total} AND metric.labels.response_code_class="${statusClass}"`,
      },
    },
  };
}

/** `5xx` of `http_response_status_code=~"5.."`. */
function statusClassOf(matchers: readonly Matcher[]): string | undefined {
  const status = matchers.filter(({ label }) => label === STATUS);
  const [only] = status;
  const digit = /^([1-5])\.\.$/.exec(only?.value ?? '')?.[1];
  return status.length === 1 && only?.op === '=~' && digit !== undefined ? `${digit}xx` : undefined;
}

/** The monitoring filter of a selector. */
function filterOf({ metric, matchers }: Selector): string {
  const google = GOOGLE_METRICS[metric];
  const type =
    google?.type ?? `prometheus.googleapis.com/${metric}/${metricSpec(metric)?.kind ?? 'gauge'}`;
  const place = google ? 'resource.labels' : 'metric.labels';
  return [
    `metric.type="${type}"`,
    `resource.type="${google?.resource ?? 'prometheus_target'}"`,
    ...matchers.map(({ label, op, value }) => {
      const text = JSON.stringify(value);
      const isPattern = op === '=~' || op === '!~';
      const wanted = isPattern ? `monitoring.regex.full_match(${text})` : text;
      return `${place}.${label}${op.startsWith('!') ? '!=' : '='}${wanted}`;
    }),
  ].join(' AND ');
}

function unsayable(reason: string): Extract<CloudSlo, { kind: 'unsayable' }> {
  return { kind: 'unsayable', reason };
}
