/** The state machine of alerting: `(state, observations, nowMs) → { state, transitions }`, pure, in whatever time it is told. */
import type { SignalValue } from '../telemetry/index.ts';
import type { Observation } from './alert-plan.ts';
import type { AlertsState, AlertState, Incident, Mute } from './alert-state.ts';
import { labelsKey } from './condition.ts';
import type { AlertDefinitions } from './load-policies.ts';
import { compareLoudness } from './policy.ts';
import type { Policy } from './policy.ts';
import { silenceOf } from './silence.ts';
import type { Silence } from './silence.ts';
import { resolveIncident, settleIncident, stepIncident } from './step-incident.ts';
import type { FiringRung, IncidentChange } from './step-incident.ts';
import { stepRung } from './step-rung.ts';
import type { Transition } from './transition.ts';

export interface AlertsStep {
  readonly state: AlertsState;
  /** In order: by policy, then by label group. */
  readonly transitions: readonly Transition[];
}

/** Evaluations may be this many intervals apart before the time between them counts as unseen: one slow, one failed. */
const GAP_INTERVALS = 3;

/**
 * The next state. A rung without an observation stays as it is: nothing is known of it. A rung or policy that is defined no more
 * ends. An instant that is not after the last one changes nothing, so that a repeated evaluation repeats no page.
 */
export function stepAlerts(
  definitions: AlertDefinitions,
  observations: readonly Observation[],
  before: AlertsState,
  nowMs: number,
): AlertsStep {
  if (before.evaluatedAtMs !== undefined && nowMs <= before.evaluatedAtMs) {
    return { state: before, transitions: [] };
  }
  const rungs = stepRungs(definitions, observations, before.alerts, nowMs);
  const policies = new Map(definitions.policies.map((policy) => [policy.name, policy]));
  const { changes, ended } = stepIncidents(policies, before.incidents, rungs.alerts, nowMs);
  const silences = before.silences.filter(({ endsAtMs }) => endsAtMs > nowMs);
  const muting = [...silences, ...definitions.maintenance];
  const settled = changes.map((change) =>
    settleIncident(change, muteOf(change, changes, muting, nowMs), nowMs),
  );
  return {
    state: {
      version: 1,
      evaluatedAtMs: nowMs,
      alerts: rungs.alerts,
      incidents: settled.map(({ incident }) => incident),
      silences,
    },
    transitions: [
      ...rungs.transitions,
      ...settled.flatMap(({ transitions }) => transitions),
      ...ended.map((incident) => resolveIncident(incident, nowMs)),
    ],
  };
}

interface RungsStep {
  readonly alerts: readonly AlertState[];
  readonly transitions: readonly Transition[];
}

function stepRungs(
  { policies, intervalMs }: AlertDefinitions,
  observations: readonly Observation[],
  before: readonly AlertState[],
  nowMs: number,
): RungsStep {
  // Most evaluations find nothing, and a backtest makes tens of thousands of them.
  if (before.length === 0 && observations.every(({ held }) => held.length === 0)) {
    return { alerts: [], transitions: [] };
  }
  const known = Map.groupBy(before, ({ policy, rung }) => rungKey(policy, rung));
  const active = new Set(before.map(({ policy }) => policy));
  const alerts: AlertState[] = [];
  const transitions: Transition[] = [];
  const times = { nowMs, gapMs: GAP_INTERVALS * intervalMs };
  for (const { policy, rung, held } of observations) {
    // Where something fires for long, most rungs are still quiet at every step.
    const key = active.has(policy.name) ? rungKey(policy.name, rung.name) : '';
    const was = known.get(key);
    if (!was && held.length === 0) continue;
    known.delete(key);
    for (const { alert, element } of matched(was ?? [], held)) {
      const next = stepRung(alert, element, { policy, rung }, times);
      if (next) alerts.push(next);
      const kind = pendingChange(alert, next);
      const { labels, value } = next ?? alert ?? { labels: {}, value: Number.NaN };
      if (!kind) continue;
      transitions.push({
        kind,
        atMs: nowMs,
        policy: policy.name,
        rung: rung.name,
        labels,
        value,
        isTold: false,
      });
    }
  }
  // Of these there was no observation.
  for (const unseen of known.values()) {
    const [{ policy, rung } = { policy: '', rung: '' }] = unseen;
    const isDefined = policies.some(
      (each) => each.name === policy && each.rungs.some(({ name }) => name === rung),
    );
    if (isDefined) alerts.push(...unseen);
  }
  return { alerts, transitions };
}

/** What was and what holds, by label group. */
function matched(
  was: readonly AlertState[],
  held: readonly SignalValue[],
): Iterable<{ alert?: AlertState; element?: SignalValue }> {
  const pairs = new Map<string, { alert?: AlertState; element?: SignalValue }>();
  for (const alert of was) pairs.set(labelsKey(alert.labels), { alert });
  for (const element of held) {
    const key = labelsKey(element.labels);
    pairs.set(key, { ...pairs.get(key), element });
  }
  return pairs.values();
}

function pendingChange(
  before: AlertState | undefined,
  after: AlertState | undefined,
): 'pending' | 'cancelled' | undefined {
  if (!before && after?.phase === 'pending') return 'pending';
  return before?.phase === 'pending' && !after ? 'cancelled' : undefined;
}

function stepIncidents(
  policies: ReadonlyMap<string, Policy>,
  before: readonly Incident[],
  alerts: readonly AlertState[],
  nowMs: number,
): { changes: readonly IncidentChange[]; ended: readonly Incident[] } {
  const groups = new Map<string, { policy: Policy; firing: FiringRung[] }>();
  for (const alert of alerts) {
    const policy = policies.get(alert.policy);
    const rung = policy?.rungs.find(({ name }) => name === alert.rung);
    if (!policy || !rung || alert.phase !== 'firing') continue;
    const key = rungKey(alert.policy, labelsKey(alert.labels));
    const group = groups.get(key) ?? { policy, firing: [] };
    groups.set(key, group);
    group.firing.push({ rung, alert });
  }
  const open = new Map(
    before.map((incident) => [rungKey(incident.policy, labelsKey(incident.labels)), incident]),
  );
  return {
    changes: [...groups].map(([key, { policy, firing }]) =>
      stepIncident(policy, open.get(key), firing, nowMs),
    ),
    ended: before.filter(
      (incident) => !groups.has(rungKey(incident.policy, labelsKey(incident.labels))),
    ),
  };
}

/** Why nobody is told of it now. */
function muteOf(
  { policy, after }: IncidentChange,
  all: readonly IncidentChange[],
  silences: readonly Silence[],
  nowMs: number,
): Mute | undefined {
  if (silences.length > 0) {
    const silence = silenceOf(silences, alertLabels(policy, after), nowMs);
    if (silence) return { kind: silence.kind, by: silence.id, reason: silence.reason };
  }
  const inhibitor = all.find(
    (other) =>
      policy.inhibitedBy.includes(other.policy.name) && compareLoudness(other.after, after) >= 0,
  );
  return (
    inhibitor && {
      kind: 'inhibition',
      by: inhibitor.after.id,
      reason: inhibitor.policy.title,
    }
  );
}

/** Labels that silences match on: those of the group and of the policy, and what it is. */
export function alertLabels(
  policy: Policy,
  incident: Pick<Incident, 'labels' | 'route' | 'rung' | 'severity'>,
): Readonly<Record<string, string>> {
  const { severity, route, rung } = incident;
  return {
    ...policy.labels,
    ...incident.labels,
    policy: policy.name,
    service: policy.service,
    rung,
    severity,
    route,
  };
}

function rungKey(policy: string, rest: string): string {
  return `${policy}\n${rest}`;
}
