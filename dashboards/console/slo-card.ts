/** One SLO at a glance: what is promised, what is so, what is left of the budget and how fast it goes. */
import type { BurnDownJson, SloJson } from '../../slo/index.ts';
import { burnDownChart } from './burn-down-chart.ts';
import { burn, count, duration, figure, percent, windowText } from './figures.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { isUnsure } from './verdict.ts';
import { scrollTable } from './scroll-table.ts';

/** Words of a state, and how grave it is; the mark tells them apart without colour. */
const STATES: Readonly<Record<SloJson['state'], { level: string; mark: string; word: string }>> = {
  ok: { level: 'good', mark: '✓', word: 'within budget' },
  young: { level: 'good', mark: '✓', word: 'within budget, young' },
  burning: { level: 'bad', mark: '▲', word: 'burning' },
  exhausted: { level: 'bad', mark: '✕', word: 'budget spent' },
  no_data: { level: 'unknown', mark: '?', word: 'no data' },
  no_traffic: { level: 'unknown', mark: '–', word: 'no traffic' },
};

const TOO_FEW = { level: 'unknown', mark: '?', word: 'too few events to judge' };

export function stateBadge(slo: SloJson): Html {
  const isShown = slo.state === 'ok' || slo.state === 'young';
  const { level, mark, word } = isShown && isUnsure(slo) ? TOO_FEW : STATES[slo.state];
  return html`<span class="badge ${level}"><span aria-hidden="true">${mark}</span> ${word}</span>`;
}

export function sloCard(slo: SloJson, burnDown: BurnDownJson | undefined): Html {
  return html`<article class="card" id="slo-${slo.name}" aria-labelledby="title-${slo.name}">
    <h3 id="title-${slo.name}"><a href="/console/slos/${slo.name}">${slo.title}</a></h3>
    <p>${stateBadge(slo)} <span class="soft">${slo.reason}</span></p>
    <dl class="figures">
      <div>
        <dt>SLI</dt>
        <dd class="big">${figure(slo.sli_ratio, sliPercent(slo))}</dd>
      </div>
      <div>
        <dt>Target</dt>
        <dd class="big">${figure(slo.objective_percent, (value) => `${value} %`)}</dd>
      </div>
      <div>
        <dt>Budget left</dt>
        <dd class="big">${figure(slo.budget?.remaining_ratio, (value) => percent(value, 1))}</dd>
      </div>
    </dl>
    ${burnDown && burnDownChart(burnDown, { width: 320, height: 48, hasAxes: false })}
    ${burnTable(slo)}
    <p>${exhaustionText(slo)}</p>
  </article>`;
}

/** Burn rates of each tier's two windows beside the factor that both have to pass. */
export function burnTable(slo: SloJson): Html {
  const rates = new Map(slo.burn_rates.map((each) => [each.window_seconds, each]));
  const rows = slo.tiers.map((tier) => {
    const [long, short] = [
      rates.get(tier.long_window_seconds),
      rates.get(tier.short_window_seconds),
    ];
    const lower = Math.min(long?.burn_rate ?? 0, short?.burn_rate ?? 0);
    return html`<tr${tier.is_burning ? html` class="bad"` : ''}>
<th scope="row">${tier.severity} <span class="soft">${windowText(tier.long_window_seconds)} and ${windowText(tier.short_window_seconds)}</span></th>
<td>${figure(long?.burn_rate, burn)}</td><td>${figure(short?.burn_rate, burn)}</td><td>${figure(tier.factor, burn)}</td>
<td>${burnBar(lower, tier.factor, tier.is_guarded)}</td>
<td>${tier.is_burning ? 'burning' : tier.is_guarded ? 'too few events' : 'quiet'}</td></tr>`;
  });
  return scrollTable(
    `Burn rates of ${slo.title}`,
    [
      'Tier',
      'Long',
      'Short',
      'Alerts at',
      html`<span class="visually-hidden">Share of the threshold</span>`,
      'State',
    ],
    rows,
  );
}

/** When the budget is gone if it goes on so. */
export function exhaustionText(slo: SloJson): Html {
  const { forecast } = slo;
  if (!forecast) return html`<span class="soft">No forecast: nothing is counted yet.</span>`;
  const basis = windowText(forecast.basis_window_seconds);
  const rate = slo.burn_rates.find((each) => each.window_seconds === forecast.basis_window_seconds);
  const seconds = rate?.exhaustion_seconds ?? null;
  if (seconds === null) {
    return html`<span class="soft"
      >At the pace of the last ${basis} the budget is not used up.</span
    >`;
  }
  return seconds <= 0
    ? html`The budget is used up.`
    : html`Used up in ${figure(seconds, duration)} at the pace of the last ${basis}.`;
}

/** As many decimals as tell it from the objective, two more. */
export function sliPercent(slo: SloJson): (ratio: number) => string {
  const decimals = (String(slo.objective_percent).split('.')[1] ?? '').length + 2;
  return (ratio) => percent(ratio, decimals);
}

export function badOfValid(slo: SloJson): Html {
  const { bad_count, valid_count } = slo.counted;
  return html`${figure(bad_count, count)} bad of ${figure(valid_count, count)}`;
}

/** The lower of the two burn rates as a share of the threshold: full is where it alerts. */
function burnBar(rate: number, factor: number, isGuarded: boolean): Html {
  const share = Math.max(0, Math.min(1, factor > 0 ? rate / factor : 0));
  const level = isGuarded ? 'unknown' : share >= 1 ? 'bad' : share >= 0.5 ? 'warning' : 'good';
  return html`<svg class="bar ${level}" viewBox="0 0 60 8" aria-hidden="true">
    <rect class="track" width="60" height="8" rx="2" />
    <rect class="fill" width="${Math.round(share * 600) / 10}" height="8" rx="2" />
  </svg>`;
}
