/** Figures of an SLO as PromQL, made of the same signals that the service counts with. */
import type { Indicator, Slo } from '../slo/index.ts';
import { countSignals } from '../slo/index.ts';
import { toPromQL } from '../telemetry/index.ts';
import type { Signal } from '../telemetry/index.ts';
import type { Query } from './dashboard.ts';

/**
 * `sli`: good / valid events. `budget_remaining`: 1 − error ratio / (1 − objective) over the SLO's window, below 0 when overspent.
 * `burn_rate`: error ratio / (1 − objective) over a window.
 */
export type SloFigure = 'sli' | 'budget_remaining' | 'burn_rate';

/** The query of a figure over `windowMs`. Without a valid event it answers NaN, without a series nothing. */
export function sloQuery(slo: Slo, figure: SloFigure, windowMs: number): Query {
  const { goodRatio, errorRatio, signals } = ratios(slo.indicator, windowMs);
  const budget = slo.objective.budgetRatio.text;
  switch (figure) {
    case 'sli':
      return { promql: goodRatio, signals };
    case 'budget_remaining':
      return { promql: `1 - (${errorRatio}) / ${budget}`, signals };
    case 'burn_rate':
      break;
  }
  return { promql: `(${errorRatio}) / ${budget}`, signals };
}

function ratios(indicator: Indicator, windowMs: number) {
  if (indicator.kind === 'slices') {
    const { counted, valid } = countSignals(indicator, windowMs);
    const goodRatio = `${toPromQL(counted)} / ${toPromQL(valid)}`;
    return { goodRatio, errorRatio: `1 - ${goodRatio}`, signals: [counted, valid] };
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
  };
}
