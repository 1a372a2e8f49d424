/** One incident, from one evaluation to the next: what fires of a policy for a label group, as one thing that only gets louder. */
import { createHash } from 'node:crypto';
import type { AlertState, Incident, Mute } from './alert-state.ts';
import { cut } from './notify/notification-words.ts';
import { compareLoudness } from './policy.ts';
import type { Policy, Rung } from './policy.ts';
import type { Transition, TransitionKind } from './transition.ts';

/** A rung that fires now. */
export interface FiringRung {
  readonly rung: Rung;
  readonly alert: AlertState;
}

/** An incident that fires now and was not muted yet, beside what it was before. */
export interface IncidentChange {
  readonly policy: Policy;
  readonly before: Incident | undefined;
  readonly after: Incident;
}

/** With an instant behind it, an id stays within the 500 characters that a notification takes. */
const KEY_CHARS_MAX = 450;

/** Of a policy and a label group, the same at every incident; an end that would be too long is a hash of all of it. */
export function incidentKey(policy: string, labels: AlertState['labels']): string {
  const pairs = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const whole = [policy, ...pairs.map(([label, value]) => `${label}=${value}`)].join('/');
  if (whole.length <= KEY_CHARS_MAX) return whole;
  const hash = createHash('sha256').update(whole).digest('hex');
  return `${cut(whole, KEY_CHARS_MAX - hash.length - 1)}/${hash}`;
}

/** The incident that firing rungs come to; `firing` holds at least one. */
export function stepIncident(
  policy: Policy,
  before: Incident | undefined,
  firing: readonly FiringRung[],
  nowMs: number,
): IncidentChange {
  const sorted = firing.toSorted((a, b) => compareLoudness(b.rung, a.rung));
  const { rung, alert } = sorted[0]!;
  const firingRungs = sorted.map((each) => each.rung.name);
  const { value } = alert;
  if (!before) {
    const key = incidentKey(policy.name, alert.labels);
    const after: Incident = {
      id: `${key}@${new Date(nowMs).toISOString()}`,
      key,
      policy: policy.name,
      labels: alert.labels,
      severity: rung.severity,
      route: rung.route,
      rung: rung.name,
      firingRungs,
      startedAtMs: Math.min(...firing.map((each) => each.alert.activeSinceAtMs)),
      firedAtMs: nowMs,
      value,
    };
    return { policy, before, after };
  }
  if (compareLoudness(rung, before) <= 0) {
    return { policy, before, after: { ...before, firingRungs, value } };
  }
  // Who acknowledged a ticket has not seen the page.
  const { acknowledged: _, ...rest } = before;
  const louder = { severity: rung.severity, route: rung.route, rung: rung.name };
  return {
    policy,
    before,
    after: { ...rest, ...louder, firingRungs, raisedAtMs: nowMs, value },
  };
}

/** The incident with its mute and with what receivers know, and what changed. */
export function settleIncident(
  { before, after }: IncidentChange,
  mute: Mute | undefined,
  nowMs: number,
): { incident: Incident; transitions: readonly Transition[] } {
  const isOpened = before === undefined;
  const isRaised = before !== undefined && compareLoudness(after, before) > 0;
  const isNews = !after.told || compareLoudness(after, after.told) > 0;
  const isTold = !mute && isNews;
  const { muted: _, ...rest } = after;
  const incident: Incident = {
    ...rest,
    ...(mute ? { muted: mute } : {}),
    ...(isTold ? { told: { severity: after.severity, route: after.route, atMs: nowMs } } : {}),
  };
  const transitions: Transition[] = [];
  const add = (kind: TransitionKind, rung: string, told = false) =>
    transitions.push(transitionOf(kind, incident, rung, nowMs, told));
  if (isOpened) add('firing', incident.rung, isTold);
  else if (isRaised) add('raised', incident.rung, isTold);
  else if (before.muted && !mute) add('unmuted', incident.rung, isTold);
  if (mute && !isOpened && !before.muted) add('muted', incident.rung);
  const known = new Set(before?.firingRungs ?? []);
  const now = new Set(incident.firingRungs);
  const isNamed = (rung: string) => (isOpened || isRaised) && rung === incident.rung;
  for (const rung of now) if (!known.has(rung) && !isNamed(rung)) add('joined', rung);
  for (const rung of known) if (!now.has(rung)) add('left', rung);
  return { incident, transitions };
}

/** The end: receivers hear of it where they know of the incident, muted or not. */
export function resolveIncident(before: Incident, nowMs: number): Transition {
  const incident = { ...before, firingRungs: [] };
  return transitionOf('resolved', incident, before.rung, nowMs, before.told !== undefined);
}

function transitionOf(
  kind: TransitionKind,
  incident: Incident,
  rung: string,
  atMs: number,
  isTold: boolean,
): Transition {
  const { policy, labels, value } = incident;
  return { kind, atMs, policy, rung, labels, value, isTold, incident };
}
