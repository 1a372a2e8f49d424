/** The state of the service in one line: what on-call wants to know within five seconds. */
import type { IncidentJson } from '../../alerts/index.ts';
import type { SloJson, SlosJson } from '../../slo/index.ts';

export type VerdictLevel = 'good' | 'warning' | 'bad' | 'unknown';

export interface Verdict {
  readonly level: VerdictLevel;
  readonly headline: string;
  readonly detail: string;
}

/**
 * Users are affected where a page-worthy burn goes on; nothing is said of users where nothing is measured. What pages without an
 * SLO is said as loudly. `open` are incidents, the loudest first.
 */
export function verdictOf(evaluation: SlosJson, open: readonly IncidentJson[] = []): Verdict {
  const verdict = sloVerdict(evaluation);
  const pages = open.filter(({ route, muted }) => route === 'page' && !muted);
  const [page] = pages;
  if (!page || verdict.level === 'bad' || verdict.level === 'unknown') return verdict;
  const title = page.title ?? page.policy;
  return {
    level: 'bad',
    headline:
      pages.length === 1 ? `An alert pages: ${title}` : `${pages.length} alerts page: ${title}, …`,
    detail: `${page.user_impact ?? ''} ${verdict.headline}.`.trim(),
  };
}

function sloVerdict(evaluation: SlosJson): Verdict {
  const { slos } = evaluation;
  if (evaluation.evaluated_at === null) {
    return {
      level: 'unknown',
      headline: 'Nothing is measured yet',
      detail: evaluation.failure ?? 'The first evaluation is under way; this page renews itself.',
    };
  }
  if (evaluation.is_stale) {
    return {
      level: 'unknown',
      headline: 'These figures are old: do not act on them',
      detail: `The last evaluation that worked was at ${evaluation.evaluated_at}. ${evaluation.failure ?? ''}`,
    };
  }
  const paging = slos.filter((slo) => isBurning(slo, 'page'));
  if (paging[0]) {
    return {
      level: 'bad',
      headline:
        paging.length === 1
          ? `Users are affected: ${paging[0].title} is missed`
          : `Users are affected: ${paging.length} objectives are missed`,
      detail: paging.map((slo) => slo.user_impact).join(' '),
    };
  }
  const blind = slos.filter((slo) => slo.state === 'no_data');
  if (blind.length > 0) {
    return {
      level: 'warning',
      headline: `${blind.length} of ${slos.length} objectives cannot be judged`,
      detail: blind.map((slo) => `${slo.title}: ${slo.reason}`).join(' '),
    };
  }
  const spent = slos.filter((slo) => slo.state === 'exhausted');
  const burning = slos.filter((slo) => slo.state === 'burning');
  if (spent.length + burning.length > 0) {
    return {
      level: 'warning',
      headline: spent[0]
        ? `Users are served now, but the budget of ${spent.map((slo) => slo.title).join(', ')} is spent`
        : 'Users are served, but a budget burns too fast',
      detail: [...spent, ...burning].map((slo) => `${slo.title}: ${slo.reason}`).join(' '),
    };
  }
  const unsure = slos.filter((slo) => isUnsure(slo));
  const holding = slos.length - unsure.length;
  return {
    level: 'good',
    headline: `Users are served: ${unsure.length === 0 ? `all ${slos.length} objectives hold` : `${holding} of ${slos.length} objectives hold`}`,
    detail:
      unsure.length > 0
        ? `Too few events to judge: ${unsure.map((slo) => slo.title).join(', ')}.`
        : leastBudget(slos),
  };
}

/** Missed so far, by fewer events than would count: a single slow request of three is no outage. */
export function isUnsure(slo: SloJson): boolean {
  return slo.state === 'no_traffic' || (slo.budget?.remaining_ratio ?? 1) < 0;
}

function isBurning(slo: SloJson, severity: string): boolean {
  return slo.tiers.some((tier) => tier.is_burning && tier.severity === severity);
}

function leastBudget(slos: readonly SloJson[]): string {
  const lowest = slos.toSorted((a, b) => left(a) - left(b))[0];
  return lowest ? `The least budget is left of "${lowest.title}".` : 'No objective is defined.';
}

function left(slo: SloJson): number {
  return slo.budget?.remaining_ratio ?? 1;
}
