/** An alert policy as the rest of the code sees it: what is watched, how loud it is, and who is told. */
import type { Place } from '../slo/index.ts';
import type { Condition } from './condition.ts';

/** In rising order. */
export const SEVERITIES = ['warning', 'error', 'critical'] as const;
export type AlertSeverity = (typeof SEVERITIES)[number];

/** A page wakes somebody; a ticket waits for working hours. */
export type Route = 'page' | 'ticket';

/**
 * One condition of a policy and how loud it is. The four burn-rate tiers of an SLO are four rungs of one policy; a policy written by
 * hand has one, and a second, `no-data`, where missing data alerts.
 */
export interface Rung {
  /** `threshold`, `no-data`, or the name of a burn-rate tier. */
  readonly name: string;
  readonly severity: AlertSeverity;
  readonly route: Route;
  readonly condition: Condition;
  /** How long the condition has to hold before the rung fires; 0 fires at once. */
  readonly forMs: number;
  /** How long it goes on firing after the condition ended. */
  readonly keepFiringForMs: number;
  /** What it says, in one sentence without figures. */
  readonly summary: string;
}

export interface Policy {
  /** A DNS label; of an SLO's policy the name of the SLO. */
  readonly name: string;
  readonly title: string;
  readonly service: string;
  readonly owner: string;
  readonly description: string;
  /** What users feel. */
  readonly userImpact: string;
  /** Path of the playbook from the project's folder. */
  readonly playbook: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The SLO that it is derived from. */
  readonly slo?: string;
  /** Labels that tell one alert of the policy from another: one incident for each combination. */
  readonly by: readonly string[];
  /** Loudest first. */
  readonly rungs: readonly Rung[];
  /** While one of these policies fires as loud or louder, this one tells nobody. */
  readonly inhibitedBy: readonly string[];
  /** Fires where the source of metrics does not answer at all. */
  readonly firesWhenBlind: boolean;
  /** What Cloud Monitoring asks in place of the first rung's condition, where it has another metric for the same. */
  readonly cloudCondition?: Condition;
  readonly place: Place;
}

/** Below 0 where `a` is less loud than `b`: by route first, then by severity. */
export function compareLoudness(
  a: Pick<Rung, 'route' | 'severity'>,
  b: Pick<Rung, 'route' | 'severity'>,
): number {
  if (a.route !== b.route) return a.route === 'page' ? 1 : -1;
  return SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity);
}

/** The name of the rule that a rung is compiled to: `ApiLatencyMean`, `ApiAvailabilityPage1h`. */
export function alertName(policy: Pick<Policy, 'name'>, rung: Pick<Rung, 'name'>): string {
  const words = `${policy.name}-${rung.name === 'threshold' ? '' : rung.name}`.split('-');
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}
