/** The policy of an SLO: its burn-rate tiers as rungs of one incident, and a rung for an indicator without data. */
import { formatDuration } from '../runtime/index.ts';
import { countSignals } from '../slo/index.ts';
import type { BurnRateTier, Slo } from '../slo/index.ts';
import type { AlertSeverity, Policy, Rung } from './policy.ts';
import { compareLoudness } from './policy.ts';

export interface BurnRateOptions {
  /** Names of the tiers that alert; all of the SLO's where absent. */
  readonly tiers?: readonly string[];
  readonly forMs: number;
  readonly keepFiringForMs: number;
  /** How long an indicator has to be without data. */
  readonly noDataForMs: number;
}

export const NO_DATA_RUNG = 'no-data';

/** Loudest rung first; the fastest page is critical, other pages errors, tickets warnings. */
export function sloPolicy(slo: Slo, options: BurnRateOptions): Policy {
  const tiers = slo.tiers.filter(({ name }) => options.tiers?.includes(name) ?? true);
  const fastest = Math.max(...tiers.map(({ factor }) => factor.value));
  const rungs = tiers.map((tier) => tierRung(slo, tier, options, tier.factor.value === fastest));
  const shortestMs = Math.min(...slo.tiers.map(({ shortWindowMs }) => shortWindowMs));
  if (slo.noData === 'alert') rungs.push(noDataRung(slo, shortestMs, options.noDataForMs));
  return {
    name: slo.name,
    // Of an alert the title says what is wrong; the SLO's says what is promised.
    title: `SLO at risk: ${slo.title}`,
    service: slo.service,
    owner: slo.owner,
    description: slo.description,
    userImpact: slo.userImpact,
    playbook: slo.playbook,
    labels: slo.labels,
    slo: slo.name,
    by: [],
    rungs: rungs.toSorted((a, b) => compareLoudness(b, a)),
    inhibitedBy: [],
    firesWhenBlind: false,
    place: slo.place,
  };
}

function tierRung(
  slo: Slo,
  tier: BurnRateTier,
  { forMs, keepFiringForMs }: BurnRateOptions,
  isFastest: boolean,
): Rung {
  const { name, severity: route, factor, longWindowMs, shortWindowMs } = tier;
  const pageSeverity: AlertSeverity = isFastest ? 'critical' : 'error';
  const [long, short] = [formatDuration(longWindowMs), formatDuration(shortWindowMs)];
  return {
    name,
    route,
    severity: route === 'page' ? pageSeverity : 'warning',
    condition: {
      kind: 'burn',
      long: countSignals(slo.indicator, longWindowMs),
      short: countSignals(slo.indicator, shortWindowMs),
      thresholdRatio: tier.thresholdRatio,
      guard: slo.guard,
    },
    forMs,
    keepFiringForMs,
    summary: `${slo.title}: the error budget burns more than ${factor.text} times too fast, over ${long} and over ${short}.`,
  };
}

function noDataRung(slo: Slo, windowMs: number, forMs: number): Rung {
  return {
    name: NO_DATA_RUNG,
    route: 'ticket',
    severity: 'warning',
    condition: { kind: 'absent', signal: countSignals(slo.indicator, windowMs).valid },
    forMs,
    keepFiringForMs: 0,
    summary: `${slo.title}: nothing is known about it, as its indicator has no data.`,
  };
}
