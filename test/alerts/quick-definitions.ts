/** The shipped policies and SLOs with windows as short as can be, for tests that live through real time. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** What is asked and how loud it is stays as shipped; only times are shorter. */
export interface QuickTimes {
  /** Of every policy's window. */
  readonly window: string;
  /** Of `for`, where a policy has one. */
  readonly for: string;
  readonly keepFiringFor: string;
  /** Time between two evaluations. */
  readonly interval: string;
  /** Age of a message that is too old. */
  readonly backlogAge: string;
  /** Of the one tier of every SLO, in whole minutes. */
  readonly long: string;
  readonly short: string;
  /** Of that tier: how many times too fast the budget goes. */
  readonly factor: number;
}

export const QUICK: QuickTimes = {
  window: '15s',
  for: '2s',
  keepFiringFor: '4s',
  interval: '1s',
  backlogAge: '4s',
  long: '2m',
  short: '1m',
  factor: 14.4,
};

interface PolicyText {
  name: string;
  condition: { window: string; above?: string | number };
  for?: string;
  keep_firing_for?: string;
}
interface SloText {
  tiers: unknown;
  indicator: { slices?: { at_most: string } };
}

/** The settings that name the files, written into `folder`. */
export function writeQuickDefinitions(
  folder: string,
  policies: readonly string[],
  sloFiles: readonly string[] = ['api.yaml'],
  times: QuickTimes = QUICK,
): { readonly HIGHWATER_ALERT_POLICIES: string; readonly HIGHWATER_SLO_DIR: string } {
  const sloDir = join(folder, 'slo');
  mkdirSync(sloDir, { recursive: true });
  for (const name of sloFiles) writeFileSync(join(sloDir, name), quickSlos(name, times));
  const path = join(folder, 'policies.yaml');
  writeFileSync(path, quickPolicies(policies, times));
  return { HIGHWATER_ALERT_POLICIES: path, HIGHWATER_SLO_DIR: sloDir };
}

/** JSON is YAML. */
function quickPolicies(names: readonly string[], times: QuickTimes): string {
  const file = parse(readFileSync('alerts/policies.yaml', 'utf8')) as { policies: PolicyText[] };
  const policies = file.policies.filter(({ name }) => names.includes(name));
  if (policies.length < names.length) throw new Error(`expected policies ${names.join(', ')}`);
  for (const policy of policies) {
    policy.condition.window = times.window;
    if (policy.for !== undefined) policy.for = times.for;
    policy.keep_firing_for = times.keepFiringFor;
    if (policy.name === 'backlog-age') policy.condition.above = times.backlogAge;
  }
  const burnRate = { for: '0s', keep_firing_for: times.keepFiringFor, no_data_for: '15m' };
  return JSON.stringify({ ...file, interval: times.interval, burn_rate: burnRate, policies });
}

/** One tier; of thirty days, two minutes are a 21,600th part. */
function quickSlos(name: string, { long, short, factor, backlogAge }: QuickTimes): string {
  const file = parse(readFileSync(join('slo', name), 'utf8')) as { slos: SloText[] };
  const budget = `${((factor * Number.parseInt(long, 10) * 100) / (30 * 1_440)).toFixed(6)}%`;
  for (const slo of file.slos) {
    slo.tiers = [{ name: 'page-quick', severity: 'page', budget, long, short }];
    const { slices } = slo.indicator;
    if (slices) slices.at_most = backlogAge;
  }
  return JSON.stringify(file);
}
