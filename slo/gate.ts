/** The gate of a deployment pipeline: allow or refuse, from the answer of `/v1/slos`; closed where anything is missing. */
import { formatDuration } from '../runtime/index.ts';
import type { SloJson, SlosJson } from './status-json.ts';

export interface GateOptions {
  /** Only these; none is all. */
  readonly names: readonly string[];
  /** Only SLOs with all of these labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** Refuse a status that was made from another definition, by SLO name. */
  readonly revisions: Readonly<Record<string, string>>;
  /** Refuse at or below this share of the budget. */
  readonly remainingRatioMin: number;
  /** Refuse above this burn rate over the window; absent leaves it to the page tiers. */
  readonly burnMax?: { readonly burnRate: number; readonly windowMs: number };
}

export interface GateVerdict {
  readonly isAllowed: boolean;
  /** Why not, a sentence each; empty where it is allowed. */
  readonly reasons: readonly string[];
  readonly checked: readonly string[];
}

export function decideGate(answer: SlosJson, options: GateOptions): GateVerdict {
  const reasons: string[] = [];
  if (answer.is_stale) {
    reasons.push(`The status is stale: evaluated at ${answer.evaluated_at ?? 'no time yet'}.`);
  }
  const known = new Set(answer.slos.map((each) => each.name));
  for (const name of [...options.names, ...Object.keys(options.revisions)]) {
    if (!known.has(name)) reasons.push(`${name}: there is no such SLO.`);
  }
  const chosen = answer.slos.filter((slo) => isChosen(slo, options));
  if (chosen.length === 0) reasons.push('No SLO is chosen by the names and labels given.');
  for (const slo of chosen) {
    for (const reason of refusals(slo, options)) reasons.push(`${slo.name}: ${reason}`);
  }
  return { isAllowed: reasons.length === 0, reasons, checked: chosen.map((each) => each.name) };
}

function isChosen(slo: SloJson, { names, labels }: GateOptions): boolean {
  const isNamed = names.length === 0 || names.includes(slo.name);
  return isNamed && Object.entries(labels).every(([key, value]) => slo.labels[key] === value);
}

function refusals(slo: SloJson, options: GateOptions): string[] {
  if (slo.state === 'no_data' || !slo.budget) return [`no data. ${slo.reason}`];
  const found: string[] = [];
  const wanted = options.revisions[slo.name];
  if (wanted !== undefined && wanted !== slo.revision) {
    found.push(`measured by definition ${slo.revision}, not by ${wanted}.`);
  }
  const remaining = slo.budget.remaining_ratio;
  if (slo.state === 'exhausted' || remaining <= options.remainingRatioMin) {
    const least = `more than ${percent(options.remainingRatioMin)} must`;
    found.push(`${percent(remaining)} of the error budget remains, ${least}.`);
  }
  const pages = slo.tiers.filter((tier) => tier.is_burning && tier.severity === 'page');
  if (pages.length > 0) found.push(`${pages.map((tier) => tier.name).join(', ')} burns now.`);
  if (options.burnMax) {
    const { burnRate, windowMs } = options.burnMax;
    const row = slo.burn_rates.find((each) => each.window_seconds * 1_000 === windowMs);
    const window = formatDuration(windowMs);
    if (!row || row.valid_count === null) {
      const windows = slo.burn_rates.map((each) => formatDuration(each.window_seconds * 1_000));
      found.push(
        row
          ? `no data over ${window}.`
          : `no burn rate over ${window} is known, only over ${windows.join(', ')}.`,
      );
    } else if (row.burn_rate > burnRate) {
      found.push(`burn rate ${row.burn_rate} over ${window}, at most ${burnRate} is allowed.`);
    }
  }
  return found;
}

function percent(ratio: number): string {
  return `${Number((100 * ratio).toFixed(2))} %`;
}
