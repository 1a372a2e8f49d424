/** Policies over a history in virtual time, by the very evaluator and state machine of the running service. */
import type { SignalReader } from '../../telemetry/index.ts';
import { alertPlan } from '../alert-plan.ts';
import { NO_ALERTS } from '../alert-state.ts';
import { evaluateAlerts } from '../evaluate-alerts.ts';
import type { AlertDefinitions } from '../load-policies.ts';
import type { AlertSeverity, Route } from '../policy.ts';
import type { Transition } from '../transition.ts';

/** One incident as it went: what receivers were told, and when. */
export interface Episode {
  readonly policy: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Loudest that it came to. */
  readonly route: Route;
  readonly severity: AlertSeverity;
  /** Rungs that fired, in order. */
  readonly rungs: readonly string[];
  /** Since when the first condition held. */
  readonly startedAtMs: number;
  readonly firedAtMs: number;
  /** When somebody was woken, or a ticket written; absent where nobody was. */
  readonly pagedAtMs: number | undefined;
  readonly ticketedAtMs: number | undefined;
  /** Absent where it goes on at the end of the history. */
  readonly resolvedAtMs: number | undefined;
  /** Why receivers were told nothing at first, such as an inhibition. */
  readonly mutedBy: string | undefined;
}

export interface Instants {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

/** Episodes in the order in which they fired. */
export async function replayAlerts(
  definitions: AlertDefinitions,
  reader: SignalReader,
  { fromMs, toMs, stepMs }: Instants,
): Promise<readonly Episode[]> {
  const plan = alertPlan(definitions.policies);
  // What counts as a gap between two evaluations goes by their interval.
  const paced = { ...definitions, intervalMs: stepMs };
  const episodes = new Map<string, Episode>();
  let state = NO_ALERTS;
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += stepMs) {
    const step = await evaluateAlerts(paced, plan, reader, state, nowMs);
    state = step.state;
    for (const transition of step.transitions) note(episodes, transition);
  }
  return [...episodes.values()];
}

function note(episodes: Map<string, Episode>, transition: Transition): void {
  const { incident, kind, atMs, isTold, rung } = transition;
  if (!incident) return;
  const { id, policy, labels, route, severity, startedAtMs, firedAtMs } = incident;
  const before = episodes.get(id);
  const isNews = isTold && kind !== 'resolved';
  const pagedAtMs = before?.pagedAtMs ?? (isNews && route === 'page' ? atMs : undefined);
  const ticketedAtMs = before?.ticketedAtMs ?? (isNews && route === 'ticket' ? atMs : undefined);
  const hasFired = kind === 'firing' || kind === 'raised' || kind === 'joined';
  const rungs = before?.rungs ?? [];
  episodes.set(id, {
    policy,
    labels,
    route,
    severity,
    rungs: hasFired && !rungs.includes(rung) ? [...rungs, rung] : rungs,
    startedAtMs,
    firedAtMs,
    pagedAtMs,
    ticketedAtMs,
    resolvedAtMs: kind === 'resolved' ? atMs : undefined,
    mutedBy: before?.mutedBy ?? (incident.muted && `${incident.muted.kind} ${incident.muted.by}`),
  });
}
