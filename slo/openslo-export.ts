/** SLOs as OpenSLO v1 documents; what OpenSLO cannot carry goes into annotations, and is said. */
import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import {
  ANNOTATION,
  bucketQuery,
  counterQuery,
  OPENSLO_VERSION,
  openSloDuration,
} from './openslo-format.ts';
import { formatSelector } from './selector.ts';
import type { BurnRateTier, Indicator, Slo } from './slo.ts';

export interface OpenSloExport {
  /** YAML, a document each. */
  readonly text: string;
  /** What another tool will not see, a sentence each. */
  readonly notes: readonly string[];
}

type Document = Readonly<Record<string, unknown>>;

const DATA_SOURCE = 'highwater-metrics';
/** Source: the OpenSLO Go SDK: a display name has at most 63 characters. */
const DISPLAY_NAME_LENGTH_MAX = 63;

export function exportOpenSlo(slos: readonly Slo[]): OpenSloExport {
  const services = [...new Set(slos.map((slo) => slo.service))].toSorted();
  const severities = [...new Set(slos.flatMap((slo) => slo.tiers.map((tier) => tier.severity)))];
  const documents: Document[] = [
    ...services.map((name) => document('Service', { name }, {})),
    document(
      'DataSource',
      { name: DATA_SOURCE },
      {
        type: 'Prometheus',
        description: 'The service’s own metrics, as /metrics shows them.',
        connectionDetails: { path: '/metrics' },
      },
    ),
    ...slos.flatMap((slo) => [sloDocument(slo), ...slo.tiers.map((tier) => policy(slo, tier))]),
    ...severities
      .toSorted()
      .map((name) =>
        document('AlertNotificationTarget', { name: targetName(name) }, { target: name }),
      ),
  ];
  return {
    text: documents.map((each) => stringify(each, { lineWidth: 0 })).join('---\n'),
    notes: NOTES,
  };
}

const NOTES: readonly string[] = [
  'OpenSLO has one condition with one window per alert policy: it sees the long window; the short one and the share of the budget are annotations.',
  'The low-traffic guard, what to make of no data, the owner, what users feel and the playbook are annotations.',
  'A slice without a sample of the gauge is judged by the presence metric, an annotation; other tools have their own rule.',
];

function sloDocument(slo: Slo): Document {
  const { objective, indicator, guard } = slo;
  const isShort = slo.title.length <= DISPLAY_NAME_LENGTH_MAX;
  return document(
    'SLO',
    {
      name: slo.name,
      ...(isShort ? { displayName: slo.title } : {}),
      ...(Object.keys(slo.labels).length > 0 ? { labels: slo.labels } : {}),
      annotations: {
        ...(isShort ? {} : { [ANNOTATION.title]: slo.title }),
        [ANNOTATION.owner]: slo.owner,
        [ANNOTATION.userImpact]: slo.userImpact,
        [ANNOTATION.playbook]: slo.playbook,
        [ANNOTATION.minEvents]: String(guard.validCountMin),
        [ANNOTATION.minBadEvents]: String(guard.badCountMin),
        [ANNOTATION.noData]: slo.noData,
        ...(indicator.kind === 'slices' && indicator.presence
          ? { [ANNOTATION.presence]: formatSelector(indicator.presence) }
          : {}),
      },
    },
    {
      description: slo.description,
      service: slo.service,
      indicator: { metadata: { name: shortName(`${slo.name}-sli`) }, spec: sliSpec(indicator) },
      timeWindow: [{ duration: openSloDuration(slo.windowMs), isRolling: true }],
      budgetingMethod: slo.budgeting === 'timeslices' ? 'Timeslices' : 'Occurrences',
      objectives: [
        {
          ...(isShort ? { displayName: slo.title } : {}),
          ...(indicator.kind === 'slices' ? { op: 'lte', value: indicator.bound } : {}),
          target: objective.targetRatio.value,
          ...(indicator.kind === 'slices'
            ? { timeSliceTarget: 1, timeSliceWindow: openSloDuration(indicator.sliceMs) }
            : {}),
        },
      ],
      alertPolicies: slo.tiers.map((tier) => ({ alertPolicyRef: policyName(slo, tier) })),
    },
  );
}

function sliSpec(indicator: Indicator): Document {
  switch (indicator.kind) {
    case 'ratio':
      return ratioMetric(
        indicator.part,
        counterQuery(indicator.counted),
        counterQuery(indicator.valid),
      );
    case 'atOrBelow': {
      const { histogram, bound } = indicator;
      return ratioMetric('good', bucketQuery(histogram, bound), counterQuery(histogram));
    }
    case 'slices':
      return { thresholdMetric: metric(`max(${formatSelector(indicator.gauge)})`) };
    default:
      return indicator satisfies never;
  }
}

function ratioMetric(part: 'good' | 'bad', counted: string, total: string): Document {
  return { ratioMetric: { counter: true, [part]: metric(counted), total: metric(total) } };
}

function metric(query: string): Document {
  return { metricSource: { metricSourceRef: DATA_SOURCE, type: 'Prometheus', spec: { query } } };
}

function policy(slo: Slo, tier: BurnRateTier): Document {
  const name = policyName(slo, tier);
  return document(
    'AlertPolicy',
    {
      name,
      annotations: {
        [ANNOTATION.tier]: tier.name,
        [ANNOTATION.budget]: percentText(tier),
        [ANNOTATION.shortWindow]: openSloDuration(tier.shortWindowMs),
      },
    },
    {
      description: `${percentText(tier)} % of the budget within ${openSloDuration(tier.longWindowMs)}.`,
      alertWhenBreaching: true,
      alertWhenResolved: true,
      alertWhenNoData: slo.noData === 'alert',
      conditions: [
        {
          kind: 'AlertCondition',
          metadata: { name: shortName(`${name}-condition`) },
          spec: {
            severity: tier.severity,
            condition: {
              kind: 'burnrate',
              op: 'gt',
              threshold: tier.factor.value,
              lookbackWindow: openSloDuration(tier.longWindowMs),
            },
          },
        },
      ],
      notificationTargets: [{ targetRef: targetName(tier.severity) }],
    },
  );
}

function document(kind: string, metadata: Document, spec: Document): Document {
  return { apiVersion: OPENSLO_VERSION, kind, metadata, spec };
}

function percentText({ budgetShareRatio }: BurnRateTier): string {
  return String(Number((100 * budgetShareRatio.value).toPrecision(12)));
}

function targetName(severity: string): string {
  return `on-${severity}`;
}

function policyName(slo: Slo, tier: BurnRateTier): string {
  return shortName(`${slo.name}-${tier.name}`);
}

/** The name, or where it is longer than a DNS label its begin and a hash of the whole. */
function shortName(name: string): string {
  if (name.length <= 63) return name;
  return `${name.slice(0, 54)}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}
