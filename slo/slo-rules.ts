/** What must hold between the parts of one SLO, beyond the shape of each. */
import { formatDuration } from '../runtime/index.ts';
import type { Path } from '../runtime/index.ts';
import { SHIPPED_TIERS } from './burn-rate-tier.ts';
import type { TierDraft } from './burn-rate-tier.ts';
import type { SloFile } from './slo-schema.ts';

export type Report = (path: Path, message: string) => void;

/** Parts that passed their own schema; what depends on an absent one goes unchecked. */
export type SloDraft = Partial<SloFile>;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Longest window: a year and a day; a backend that looks back less is told by lint. */
const WINDOW_MS_MAX = 366 * DAY_MS;

export function checkSlo(draft: SloDraft, report: Report): void {
  const { window } = draft;
  if (window !== undefined && (window < 60 * MINUTE_MS || window > WINDOW_MS_MAX)) {
    report(['window'], 'expected a duration from 1h to 366d, such as 30d');
  }
  if (window !== undefined && window % MINUTE_MS !== 0) {
    report(['window'], 'expected whole minutes, such as 30d');
  }
  checkIndicator(draft, report);
  for (const [index, tier] of (draft.tiers ?? []).entries()) {
    const at = ['tiers', index];
    const found = tierDraft(tier);
    if (!found) {
      const names = SHIPPED_TIERS.map((each) => each.name).join(', ');
      report(at, `expected one of ${names}, or a tier of your own`);
      continue;
    }
    const twin = draft.tiers?.slice(0, index).some((each) => tierDraft(each)?.name === found.name);
    if (twin) report(at, 'expected each tier once');
    checkTier(found, window, (message) => report(at, message));
  }
}

/** A tier as written, or the shipped one of that name; `undefined` where there is none. */
export function tierDraft(tier: SloFile['tiers'][number]): TierDraft | undefined {
  if (typeof tier === 'string') return SHIPPED_TIERS.find((each) => each.name === tier);
  return {
    name: tier.name,
    severity: tier.severity,
    budgetPercentText: tier.budget,
    longWindowMs: tier.long,
    shortWindowMs: tier.short,
  };
}

function checkTier(
  { longWindowMs, shortWindowMs }: TierDraft,
  windowMs: number | undefined,
  report: (message: string) => void,
): void {
  if (shortWindowMs < MINUTE_MS || shortWindowMs % MINUTE_MS !== 0) {
    report('expected a short window of whole minutes, such as short: 5m');
  }
  if (longWindowMs <= shortWindowMs || longWindowMs % MINUTE_MS !== 0) {
    const example = formatDuration(12 * shortWindowMs);
    report(
      `expected a long window of whole minutes, longer than the short one, such as ${example}`,
    );
  }
  if (windowMs !== undefined && longWindowMs > windowMs) {
    const window = formatDuration(windowMs);
    report(`expected a long window (${formatDuration(longWindowMs)}) within the SLO's ${window}`);
  }
}

function checkIndicator({ indicator, budgeting }: SloDraft, report: Report): void {
  if (!indicator) return;
  const kinds = Object.entries(indicator).filter(([, value]) => value !== undefined);
  if (kinds.length !== 1) {
    report(['indicator'], 'expected exactly one of ratio, at_or_below, slices');
  }
  const { ratio, slices } = indicator;
  if (ratio && (ratio.good === undefined) === (ratio.bad === undefined)) {
    report(['indicator', 'ratio'], 'expected exactly one of good and bad, beside valid');
  }
  if (
    slices &&
    (slices.slice % MINUTE_MS !== 0 || slices.slice === 0 || DAY_MS % slices.slice !== 0)
  ) {
    report(
      ['indicator', 'slices', 'slice'],
      'expected whole minutes that divide a day evenly, such as 1m',
    );
  }
  const fits = slices ? 'timeslices' : 'occurrences';
  if (budgeting !== undefined && kinds.length === 1 && budgeting !== fits) {
    report(['budgeting'], `expected ${fits}, which is what ${kinds[0]?.[0]} counts`);
  }
}
