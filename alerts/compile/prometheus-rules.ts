/** Policies as Prometheus rules: the counts of every window of an SLO recorded once, and an alert for every rung. */
import { formatDuration } from '../../runtime/index.ts';
import type { CountSignals } from '../../slo/index.ts';
import {
  badEventsPromQL,
  conditionPromQL,
  RAW_COUNTS,
  validEventsPromQL,
} from '../condition-promql.ts';
import type { CountsPromQL } from '../condition-promql.ts';
import type { AlertDefinitions } from '../load-policies.ts';
import { alertName } from '../policy.ts';
import type { Policy, Rung } from '../policy.ts';

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  readonly name: string;
  readonly interval: string;
  readonly rules: readonly (RecordingRule | AlertingRule)[];
}

/** The text of a playbook, by its path. */
export type PlaybookOf = (path: string) => string;

/** One group a policy, whose rules Prometheus evaluates in their order: what an alert reads is recorded before it. */
export function ruleGroups(definitions: AlertDefinitions, playbookOf: PlaybookOf): RuleGroup[] {
  return definitions.policies.map((policy) => ({
    name: `highwater-${policy.name}`,
    interval: formatDuration(definitions.intervalMs),
    rules: [
      ...recordingRules(policy),
      ...policy.rungs.map((rung) => alertingRule(policy, rung, playbookOf)),
    ],
  }));
}

/** Labels of an alert beside those of its group: what routes, silences and inhibits it. */
function ruleLabels(policy: Policy, rung: Rung): Readonly<Record<string, string>> {
  const { name, slo, service, owner, labels } = policy;
  return {
    ...labels,
    policy: name,
    rung: rung.name,
    ...(slo === undefined ? {} : { slo }),
    severity: rung.severity,
    route: rung.route,
    service,
    owner,
  };
}

function recordingRules(policy: Policy): RecordingRule[] {
  const labels = { slo: policy.name };
  const counts = new Map<number, CountSignals>();
  for (const { condition } of policy.rungs) {
    if (condition.kind !== 'burn') continue;
    for (const each of [condition.short, condition.long]) counts.set(each.valid.windowMs, each);
  }
  return [...counts]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([, each]) => [
      { record: recordName('valid', each), expr: validEventsPromQL(each), labels },
      {
        record: recordName('bad', each),
        // The valid events are not counted again, and lose the label that they were recorded with.
        expr: badEventsPromQL(each, `sum(${recorded(policy).valid(each)})`),
        labels,
      },
    ]);
}

function alertingRule(policy: Policy, rung: Rung, playbookOf: PlaybookOf): AlertingRule {
  return {
    alert: alertName(policy, rung),
    expr: conditionPromQL(rung.condition, policy.slo === undefined ? RAW_COUNTS : recorded(policy)),
    ...(rung.forMs > 0 ? { for: formatDuration(rung.forMs) } : {}),
    ...(rung.keepFiringForMs > 0 ? { keep_firing_for: formatDuration(rung.keepFiringForMs) } : {}),
    labels: ruleLabels(policy, rung),
    annotations: {
      summary: rung.summary,
      description: policy.description,
      user_impact: policy.userImpact,
      value: '{{ $value }}',
      playbook: policy.playbook,
      playbook_text: literal(playbookOf(policy.playbook)),
    },
  };
}

function recorded({ name }: Policy): CountsPromQL {
  return {
    bad: (counts) => `${recordName('bad', counts)}{slo="${name}"}`,
    valid: (counts) => `${recordName('valid', counts)}{slo="${name}"}`,
  };
}

function recordName(what: 'bad' | 'valid', { valid }: CountSignals): string {
  return `slo:${what}_events:increase${formatDuration(valid.windowMs)}`;
}

/** Text in which Prometheus finds no template. */
function literal(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}');
}
