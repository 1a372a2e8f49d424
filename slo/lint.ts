/** Lint: what is valid to read and yet would not work, each with where, why and the value that would. */
import { formatDuration } from '../runtime/index.ts';
import { lintSelector } from './lint-selector.ts';
import type { SelectorRule } from './lint-selector.ts';
import type { BurnRateTier, Indicator, Slo } from './slo.ts';

export type LintRule =
  | SelectorRule
  | 'invalid'
  | 'dead-tier'
  | 'factor-below-1'
  | 'tier-order'
  | 'no-bucket-bound'
  | 'window-beyond-lookback'
  | 'one-error-pages'
  | 'missing-playbook'
  | 'google-limit';

export interface LintFinding {
  /** `error` fails the lint; `info` is worth knowing. */
  readonly level: 'error' | 'info';
  readonly rule: LintRule;
  readonly file: string;
  readonly line: number;
  readonly slo: string;
  readonly message: string;
}

export interface LintContext {
  /** Whether a file exists, by its path from the project's folder. */
  readonly hasFile: (path: string) => boolean;
  /** How far back the source of metrics can look. */
  readonly lookbackMaxMs: number;
}

type Report = (level: LintFinding['level'], rule: LintRule, message: string) => void;

const DAY_MS = 86_400_000;
/** Source: Cloud Monitoring's `google_monitoring_slo`: `rolling_period_days` is 1 to 30. */
const GOOGLE_PERIOD_MS_MAX = 30 * DAY_MS;
/** Source: Cloud Monitoring's documentation of `select_slo_burn_rate`: a lookback of at most 24 h. */
const GOOGLE_BURN_LOOKBACK_MS_MAX = DAY_MS;

/** All findings of all SLOs, in their order. */
export function lintSlos(slos: readonly Slo[], context: LintContext): readonly LintFinding[] {
  return slos.flatMap((slo) => {
    const findings: LintFinding[] = [];
    const { file, line } = slo.place;
    const report: Report = (level, rule, message) =>
      findings.push({ level, rule, file, line, slo: slo.name, message });
    lintIndicator(slo.indicator, report);
    for (const tier of slo.tiers) lintTier(slo, tier, report);
    lintWindows(slo, context, report);
    lintGoogle(slo, report);
    if (!context.hasFile(slo.playbook)) {
      report(
        'error',
        'missing-playbook',
        `playbook: there is no file ${slo.playbook}; write it, or name the one that says what to do`,
      );
    }
    return findings;
  });
}

/** Valid events of the long window below which one bad event is above the tier's threshold: 1 / (factor · budget). */
export function oneErrorTraffic(tier: BurnRateTier): number {
  return Math.ceil(1 / tier.thresholdRatio.value);
}

function lintTier(slo: Slo, tier: BurnRateTier, report: Report): void {
  const { name, factor, thresholdRatio, longWindowMs } = tier;
  const long = formatDuration(longWindowMs);
  const budget = slo.objective.budgetRatio;
  if (thresholdRatio.value >= 1) {
    const share = (100 * longWindowMs) / slo.windowMs / budget.value;
    report(
      'error',
      'dead-tier',
      `tier ${name} can never fire: its factor ${factor.text} times the budget ${budget.text} asks for an error ratio above ${thresholdRatio.text}, and 1 is the most there is; a budget share below ${floor(share)} % in ${long} can, or an objective above ${floor(100 * (1 - 1 / factor.value), 'up')}`,
    );
    return;
  }
  if (factor.value < 1) {
    const share = (100 * longWindowMs) / slo.windowMs;
    report(
      'error',
      'factor-below-1',
      `tier ${name} has factor ${factor.text}: it fires on a service that is within its budget; a share of at least ${floor(share, 'up')} % in ${long} has a factor of 1`,
    );
  }
  lintTraffic(slo, tier, report);
}

function lintTraffic(slo: Slo, tier: BurnRateTier, report: Report): void {
  if (slo.budgeting === 'timeslices') return;
  const least = oneErrorTraffic(tier);
  const { validCountMin, badCountMin } = slo.guard;
  const long = formatDuration(tier.longWindowMs);
  const traffic = `tier ${tier.name}: with fewer than ${least} valid events in ${long} a single bad one is above ${tier.thresholdRatio.text}`;
  if (badCountMin <= 1 && validCountMin < least) {
    report(
      'error',
      'one-error-pages',
      `${traffic}, and low_traffic lets it through; min_bad_events: 3, or min_events: ${least}, would not`,
    );
  } else {
    const guard =
      badCountMin > 1 ? `min_bad_events: ${badCountMin}` : `min_events: ${validCountMin}`;
    report('info', 'one-error-pages', `${traffic}; ${guard} keeps it quiet`);
  }
}

function lintWindows(slo: Slo, { lookbackMaxMs }: LintContext, report: Report): void {
  const most = formatDuration(lookbackMaxMs);
  if (slo.windowMs > lookbackMaxMs) {
    report(
      'error',
      'window-beyond-lookback',
      `window: ${formatDuration(slo.windowMs)} is more than the metrics can look back (${most}); ${most} would work`,
    );
  }
  const { tiers } = slo;
  for (const [index, tier] of tiers.entries()) {
    const faster = tiers.slice(0, index).find((each) => each.longWindowMs < tier.longWindowMs);
    if (faster && faster.factor.value <= tier.factor.value) {
      const share = (100 * faster.factor.value * tier.longWindowMs) / slo.windowMs;
      report(
        'error',
        'tier-order',
        `tier ${tier.name} has factor ${tier.factor.text} over ${formatDuration(tier.longWindowMs)}, not below the ${faster.factor.text} of ${faster.name} over ${formatDuration(faster.longWindowMs)}: it adds nothing; a budget share below ${floor(share)} % in ${formatDuration(tier.longWindowMs)} would`,
      );
    }
  }
}

function lintGoogle(slo: Slo, report: Report): void {
  if (slo.windowMs > GOOGLE_PERIOD_MS_MAX || slo.windowMs % DAY_MS !== 0) {
    report(
      'info',
      'google-limit',
      `window: Cloud Monitoring's own SLOs have 1 to 30 whole days; ${formatDuration(slo.windowMs)} is measured by PromQL alone; 30d would have both`,
    );
  }
  const beyond = slo.tiers.filter((tier) => tier.longWindowMs > GOOGLE_BURN_LOOKBACK_MS_MAX);
  if (beyond.length > 0) {
    const names = beyond.map((tier) => tier.name).join(', ');
    report(
      'info',
      'google-limit',
      `tier ${names}: longer than the 24h of Cloud Monitoring's select_slo_burn_rate; alerts on it are PromQL conditions, which can look back further`,
    );
  }
}

function lintIndicator(indicator: Indicator, report: Report): void {
  switch (indicator.kind) {
    case 'ratio':
      lintSelector(indicator.counted, ['counter', 'histogram'], report);
      lintSelector(indicator.valid, ['counter', 'histogram'], report);
      return;
    case 'atOrBelow': {
      const spec = lintSelector(indicator.histogram, ['histogram'], report);
      const bounds = spec?.bounds ?? [];
      if (spec?.kind === 'histogram' && !bounds.includes(indicator.bound)) {
        report(
          'error',
          'no-bucket-bound',
          `at_most: ${indicator.bound} is no bucket bound of ${indicator.histogram.metric}, so events at or below it cannot be counted; the nearest are ${nearest(bounds, indicator.bound).join(' and ')}`,
        );
      }
      return;
    }
    case 'slices':
      lintSelector(indicator.gauge, ['gauge'], report);
      if (indicator.presence) lintSelector(indicator.presence, ['gauge', 'counter'], report);
  }
}

function nearest(bounds: readonly number[], wanted: number): readonly number[] {
  const below = bounds.filter((each) => each < wanted).at(-1);
  const above = bounds.find((each) => each > wanted);
  return [below, above].filter((each) => each !== undefined);
}

/** Two decimals that still pass: down for an upper limit, up for a lower one. */
function floor(value: number, direction: 'down' | 'up' = 'down'): number {
  const scaled = Number((value * 100).toPrecision(12));
  return (direction === 'down' ? Math.floor(scaled) : Math.ceil(scaled)) / 100;
}
