/** What alerting knows as the API says it: names in snake case, instants as texts, durations in seconds. */
import { metricsOf, toPromQL } from '../telemetry/index.ts';
import type { AlertEvaluator } from './alert-evaluator.ts';
import type { IncidentRecord } from './alert-log.ts';
import type { AlertState } from './alert-state.ts';
import type { Condition } from './condition.ts';
import { labelsKey } from './condition.ts';
import { conditionUnit } from './condition-unit.ts';
import type { ExampleTrace } from './example-trace.ts';
import type { Policy, Rung } from './policy.ts';
import type { Silence } from './silence.ts';
import type { Delivery } from './notify/outbox.ts';
import type { Transition } from './transition.ts';

export type AlertsSource = Pick<
  AlertEvaluator,
  | 'acknowledge'
  | 'definitions'
  | 'deliveriesOf'
  | 'endSilence'
  | 'isStale'
  | 'known'
  | 'log'
  | 'silence'
>;

/** Figures of a rung that are shown; the rest is in the metrics. */
const SHOWN_MAX = 20;

export function alertsJson(alerts: AlertsSource, nowMs: number) {
  const { state, lastSuccessAtMs, failure } = alerts.known;
  const { policies, intervalMs } = alerts.definitions;
  return {
    evaluated_at: timeOrNull(lastSuccessAtMs),
    interval_seconds: intervalMs / 1_000,
    is_stale: alerts.isStale(nowMs),
    failure: failure ?? null,
    count: policies.length,
    alerts: policies.map((policy) => policyJson(policy, alerts)),
    silences: state.silences.map(silenceJson),
  };
}

function policyJson(policy: Policy, { known }: AlertsSource) {
  const active = known.state.alerts.filter((each) => each.policy === policy.name);
  const incidents = known.state.incidents.filter((each) => each.policy === policy.name);
  const state = incidents.length > 0 ? 'firing' : active.length > 0 ? 'pending' : 'quiet';
  return {
    policy: policy.name,
    title: policy.title,
    service: policy.service,
    owner: policy.owner,
    description: policy.description,
    user_impact: policy.userImpact,
    playbook: policy.playbook,
    slo: policy.slo ?? null,
    labels: policy.labels,
    inhibited_by: policy.inhibitedBy,
    state,
    incidents: incidents.map(({ id }) => id),
    rungs: policy.rungs.map((rung) => rungJson(policy, rung, active, known.observations)),
  };
}

function rungJson(
  policy: Policy,
  rung: Rung,
  active: readonly AlertState[],
  observations: AlertsSource['known']['observations'],
) {
  const seen = observations.find(
    (each) => each.policy.name === policy.name && each.rung.name === rung.name,
  );
  const held = new Set(seen?.held.map(({ labels }) => labelsKey(labels)));
  return {
    rung: rung.name,
    route: rung.route,
    severity: rung.severity,
    summary: rung.summary,
    for_seconds: rung.forMs / 1_000,
    keep_firing_for_seconds: rung.keepFiringForMs / 1_000,
    condition: conditionJson(rung.condition),
    measured: (seen?.measured ?? []).slice(0, SHOWN_MAX).map((each) => ({
      labels: each.labels,
      value: finite(each.value),
      is_held: held.has(labelsKey(each.labels)),
    })),
    active: active
      .filter((each) => each.rung === rung.name)
      .map((each) => ({
        labels: each.labels,
        phase: each.phase,
        since: time(each.activeSinceAtMs),
        fired_at: timeOrNull(each.firedAtMs),
        value: finite(each.value),
      })),
  };
}

function conditionJson(condition: Condition) {
  switch (condition.kind) {
    case 'threshold': {
      const { signal, comparison, bound } = condition;
      return {
        kind: 'threshold',
        unit: conditionUnit(condition),
        query: toPromQL(signal),
        metrics: metricsOf(signal),
        window_seconds: signal.windowMs / 1_000,
        comparison,
        bound,
      };
    }
    case 'burn': {
      const { long, short, thresholdRatio } = condition;
      return {
        kind: 'burn',
        unit: conditionUnit(condition),
        metrics: metricsOf(long.valid),
        long_window_seconds: long.valid.windowMs / 1_000,
        short_window_seconds: short.valid.windowMs / 1_000,
        threshold_ratio: thresholdRatio.value,
      };
    }
    case 'absent':
      break;
  }
  return {
    kind: 'absent',
    unit: conditionUnit(condition),
    query: toPromQL(condition.signal),
    metrics: metricsOf(condition.signal),
  };
}

/** An incident; `policy` is its policy, where it is still defined. */
export function incidentJson({ incident, resolvedAtMs }: IncidentRecord, policy?: Policy) {
  const { id, acknowledged, muted, told } = incident;
  return {
    id,
    policy: incident.policy,
    title: policy?.title ?? null,
    user_impact: policy?.userImpact ?? null,
    playbook: policy?.playbook ?? null,
    slo: policy?.slo ?? null,
    state: resolvedAtMs === undefined ? 'open' : 'resolved',
    route: incident.route,
    severity: incident.severity,
    labels: incident.labels,
    rung: incident.rung,
    firing_rungs: resolvedAtMs === undefined ? incident.firingRungs : [],
    value: finite(incident.value),
    started_at: time(incident.startedAtMs),
    fired_at: time(incident.firedAtMs),
    raised_at: timeOrNull(incident.raisedAtMs),
    resolved_at: timeOrNull(resolvedAtMs),
    told_at: timeOrNull(told?.atMs),
    muted: muted ? { kind: muted.kind, by: muted.by, reason: muted.reason } : null,
    acknowledged: acknowledged
      ? {
          by: acknowledged.by,
          at: time(acknowledged.atMs),
          note: acknowledged.note ?? null,
        }
      : null,
    links: { self: `/v1/incidents/${encodeURIComponent(id)}` },
  };
}

export function transitionJson({ kind, atMs, rung, value, isTold, incident }: Transition) {
  return {
    at: time(atMs),
    change: kind,
    rung,
    value: finite(value),
    is_told: isTold,
    severity: incident?.severity ?? null,
    route: incident?.route ?? null,
    muted_by: incident?.muted?.reason ?? null,
  };
}

export function silenceJson({ id, matchers, reason, by, startsAtMs, endsAtMs }: Silence) {
  return {
    id,
    matchers: matchers.map(({ label, op, value }) => ({ label, op, value })),
    reason,
    by,
    starts_at: time(startsAtMs),
    ends_at: time(endsAtMs),
  };
}

/** A trace of a bad event; `url` is the page that shows it, as it went out. */
export function exampleJson({ traceId, spanId, value, atMs, url }: ExampleTrace) {
  return {
    trace: traceId,
    span: spanId,
    value: finite(value),
    at: time(atMs),
    links: { self: `/v1/traces/${traceId}`, page: url ?? null },
  };
}

/** A notification of an incident on its way to one channel. */
export function deliveryJson(delivery: Delivery) {
  return {
    sequence: delivery.sequence,
    channel: delivery.channelId,
    state: delivery.state,
    created_at: time(delivery.createdAtMs),
    finished_at: timeOrNull(delivery.finishedAtMs),
    attempt_count: delivery.attemptCount,
    last_error: delivery.lastError ?? null,
  };
}

export type AlertsJson = ReturnType<typeof alertsJson>;
export type IncidentJson = ReturnType<typeof incidentJson>;
export type ExampleJson = ReturnType<typeof exampleJson>;
export type DeliveryJson = ReturnType<typeof deliveryJson>;
export type TransitionJson = ReturnType<typeof transitionJson>;
export type SilenceJson = ReturnType<typeof silenceJson>;

/** JSON has no NaN. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function time(atMs: number): string {
  return new Date(atMs).toISOString();
}

function timeOrNull(atMs: number | undefined): string | null {
  return atMs === undefined ? null : time(atMs);
}
