/** Figures of an SLO as PromQL, made of the same signals that the service counts with. */
import type { Indicator, Slo } from '../slo/index.ts';
import { countSignals } from '../slo/index.ts';
import { toPromQL } from '../telemetry/index.ts';
import type { Signal } from '../telemetry/index.ts';
import type { Query, SloCourse } from './dashboard.ts';

/**
 * `sli`: good / valid events. `budget_remaining`: 1 − error ratio / (1 − objective) over the SLO's window, below 0 when overspent.
 * `burn_rate`: error ratio / (1 − objective) over a window.
 */
export type SloFigure = SloCourse['figure'];

/** The query of a figure over `windowMs`. Without a valid event it answers NaN, without a series nothing. */
export function sloQuery(slo: Slo, figure: SloFigure, windowMs: number): Query {
  const { goodRatio, errorRatio, signals, part } = ratios(slo.indicator, windowMs);
  const budget = slo.objective.budgetRatio.text;
  const course = { figure, part, budgetRatio: slo.objective.budgetRatio.value };
  switch (figure) {
    case 'sli':
      return { promql: goodRatio, signals, slo: course };
    case 'budget_remaining':
      return { promql: `1 - (${errorRatio}) / ${budget}`, signals, slo: course };
    case 'burn_rate':
      break;
  }
  return { promql: `(${errorRatio}) / ${budget}`, signals, slo: course };
}

function ratios(indicator: Indicator, windowMs: number) {
  if (indicator.kind === 'slices') {
    const { counted, valid } = countSignals(indicator, windowMs);
    const goodRatio = `${toPromQL(counted)} / ${toPromQL(valid)}`;
    const part = 'good' as const;
    return { goodRatio, errorRatio: `1 - ${goodRatio}`, signals: [counted, valid], part };
  }
  const common = { by: [], windowMs };
  const signal: Signal =
    indicator.kind === 'ratio'
      ? { kind: 'ratio', part: indicator.counted, whole: indicator.valid, ...common }
      : {
          kind: 'shareAtOrBelow',
          histogram: indicator.histogram,
          bound: indicator.bound,
          ...common,
        };
  const share = toPromQL(signal);
  const isBad = indicator.kind === 'ratio' && indicator.part === 'bad';
  return {
    goodRatio: isBad ? `1 - ${share}` : share,
    errorRatio: isBad ? share : `1 - ${share}`,
    signals: [signal],
    part: isBad ? ('bad' as const) : ('good' as const),
  };
}
