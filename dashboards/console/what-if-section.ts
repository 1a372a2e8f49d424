/** What another objective would have meant, as a part of an SLO's page: a form that needs no script, and two columns. */
import type { WhatIfJson } from '../../alerts/backtest/index.ts';
import type { BurnDownJson, SloJson } from '../../slo/index.ts';
import { burnDownChart } from './burn-down-chart.ts';
import { count, duration, figure, instant, percent } from './figures.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { scrollTable } from './scroll-table.ts';

/** What the reader asked, and the answer or why there is none. */
export interface WhatIfAsked {
  readonly target: string;
  readonly answer: WhatIfJson | undefined;
  readonly problem: string | undefined;
}

const ALERTS_SHOWN = 20;

export function whatIfSection(
  slo: SloJson,
  burnDown: BurnDownJson | undefined,
  asked: WhatIfAsked | undefined,
): Html {
  return html`<section aria-labelledby="what-if">
    <h2 id="what-if">What if the target were another?</h2>
    <form method="get" action="/console/slos/${slo.name}#what-if" class="inline">
      <label for="target">Target, in percent</label>
      <input
        id="target"
        name="target"
        type="number"
        min="1"
        max="99.9999"
        step="any"
        required
        value="${asked?.target ?? String(slo.objective_percent)}"
      />
      <button>Try it on the recorded past</button>
    </form>
    ${asked?.problem !== undefined && html`<p class="empty">${asked.problem}</p>`}
    ${asked?.answer && answerHtml(slo, burnDown, asked.answer)}
  </section>`;
}

function answerHtml(slo: SloJson, burnDown: BurnDownJson | undefined, answer: WhatIfJson): Html {
  const { current, proposed } = answer;
  const row = (name: string, of: (side: WhatIfJson['current']) => Html) =>
    html`<tr>
      <th scope="row">${name}</th>
      <td>${of(current)}</td>
      <td>${of(proposed)}</td>
    </tr>`;
  return html`<table>
      <thead>
        <tr>
          <th scope="col"><span class="visually-hidden">Figure</span></th>
          <th scope="col">As it is, ${current.objective_percent} %</th>
          <th scope="col">With ${proposed.objective_percent} %</th>
        </tr>
      </thead>
      <tbody>
        ${row(`Bad events allowed in ${slo.window}`, (side) => figure(side.allowed_count, count))}
        ${row('Budget left', (side) => figure(side.remaining_ratio, (value) => percent(value, 1)))}
        ${row('Pages', (side) => figure(side.page_count, count))}
        ${row('Tickets', (side) => figure(side.ticket_count, count))}
        ${row('Middle time until a page', (side) => figure(side.median_seconds_to_detect, duration))}
      </tbody>
    </table>
    <p class="soft">
      Budget over ${slo.window}; pages and tickets as its burn-rate tiers would have told them from
      ${instant(answer.from)} to ${instant(answer.to)}, by steps of
      ${duration(answer.step_seconds)}. Nothing is changed by trying; the objective stands in
      <code>slo/*.yaml</code>, and <code>npx highwater alerts backtest</code> tries whole policies.
    </p>
    ${
      burnDown &&
      html`<h3>Budget with ${proposed.objective_percent} %</h3>
        ${burnDownChart(rescaled(burnDown, slo.budget_ratio, proposed), { width: 900, height: 220, hasAxes: true })}`
    }
    ${proposed.alerts.length > 0 && alertsTable(proposed)}`;
}

/** The same bad events set against another allowance. */
function rescaled(
  burnDown: BurnDownJson,
  budgetRatio: number,
  { budget_ratio: other }: WhatIfJson['proposed'],
): BurnDownJson {
  const points = burnDown.points.map((point) => ({
    ...point,
    remaining_ratio: 1 - ((1 - point.remaining_ratio) * budgetRatio) / other,
  }));
  return { ...burnDown, points };
}

function alertsTable({ alerts, objective_percent: target }: WhatIfJson['proposed']): Html {
  const rows = alerts.slice(-ALERTS_SHOWN).map(
    (each) =>
      html`<tr>
        <th scope="row">${instant(each.fired_at)}</th>
        <td>${each.route}, ${each.severity}</td>
        <td>${each.resolved_at === null ? 'not over' : instant(each.resolved_at)}</td>
        <td>${figure(each.budget_spent_ratio, (value) => percent(value, 1))}</td>
      </tr>`,
  );
  return scrollTable(
    `Alerts with ${target} %`,
    ['Fired', 'As', 'Resolved', 'Budget gone when told'],
    rows,
  );
}
