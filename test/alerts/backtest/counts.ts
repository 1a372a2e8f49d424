/** Histories as counts, and the SLOs that they are about, for the tests of this folder. */
import type { CountRow } from '../../../alerts/backtest/index.ts';
import { parsePolicies } from '../../../alerts/index.ts';
import type { AlertDefinitions } from '../../../alerts/index.ts';
import type { Slo } from '../../../slo/index.ts';
import { AVAILABILITY, slosOf } from '../../slo/definitions.ts';

export const START_MS = Date.UTC(2026, 0, 5);
export const MINUTE_MS = 60_000;

/** One SLO, `availability`: 99.9 % over 30 days, with the shipped tiers and a guard of three bad events. */
export const SLOS: readonly Slo[] = slosOf(AVAILABILITY);

/** A hundred events a minute, `badOf` of them bad, by minute. */
export function minutes(
  count: number,
  badOf: (minute: number) => number,
  slo = 'availability',
): readonly CountRow[] {
  return Array.from({ length: count }, (_, minute) => ({
    atMs: START_MS + minute * MINUTE_MS,
    slo,
    labels: {},
    badCount: badOf(minute),
    validCount: 100,
  }));
}

/** Policies of the SLOs alone; an alert ends with its condition. */
export function burnPolicies(slos: readonly Slo[], tiers?: readonly string[]): AlertDefinitions {
  const chosen = tiers ? `\n  tiers: [${tiers.join(', ')}]` : '';
  const text = `service: a\nowner: b\ninterval: 1m\nburn_rate:\n  keep_firing_for: 0s${chosen}\npolicies: []\n`;
  return parsePolicies(text, 'policies.yaml', slos);
}
