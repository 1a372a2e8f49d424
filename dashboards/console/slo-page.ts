/** One SLO: its burn-down over the window, where its bad events come from, and every figure with what it was made of. */
import type { EvidenceJson, IncidentJson } from '../../alerts/index.ts';
import type { BreakdownJson, BurnDownJson, SloJson } from '../../slo/index.ts';
import { burnDownChart } from './burn-down-chart.ts';
import { burn, count, duration, figure, instant, percent, windowText } from './figures.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { incidentsTable } from './incident-page.ts';
import { playbookHtml } from './playbook.ts';
import { whatIfSection } from './what-if-section.ts';
import type { WhatIfAsked } from './what-if-section.ts';
import { badOfValid, burnTable, exhaustionText, sliPercent, stateBadge } from './slo-card.ts';
import { scrollTable } from './scroll-table.ts';

export interface SloModel {
  readonly slo: SloJson;
  readonly burnDown: BurnDownJson | undefined;
  readonly breakdown: BreakdownJson | undefined;
  readonly playbook: (path: string) => string | undefined;
  /** Absent where nothing was asked; `null` where nothing can be. */
  readonly whatIf?: WhatIfAsked | null;
  /** Of its own policy, newest first; absent where no alerts are evaluated. */
  readonly incidents?: readonly IncidentJson[];
  readonly cost?: ReadonlyMap<string, EvidenceJson['budget']>;
}

export function sloPage(model: SloModel): Html {
  const { slo, burnDown, breakdown, playbook, incidents, cost } = model;
  const text = playbook(slo.playbook);
  return html`<h1>${slo.title}</h1>
    <p>${stateBadge(slo)} ${slo.reason}</p>
    <p>${slo.description} <strong>What users feel when it is missed:</strong> ${slo.user_impact}</p>
    <dl class="figures wide">
      <div>
        <dt>SLI</dt>
        <dd class="big">${figure(slo.sli_ratio, sliPercent(slo))}</dd>
      </div>
      <div>
        <dt>Target over ${slo.window}</dt>
        <dd class="big">${figure(slo.objective_percent, (value) => `${value} %`)}</dd>
      </div>
      <div>
        <dt>Budget left</dt>
        <dd class="big">${figure(slo.budget?.remaining_ratio, (value) => percent(value, 1))}</dd>
      </div>
      <div>
        <dt>Counted</dt>
        <dd>${badOfValid(slo)}</dd>
      </div>
      <div>
        <dt>Bad events allowed</dt>
        <dd>${figure(slo.budget?.allowed_count, count)}</dd>
      </div>
      <div>
        <dt>Budget left as outage</dt>
        <dd>
          ${figure(slo.budget?.remaining_minutes, (minutes) => duration(Math.max(0, minutes * 60)))}
        </dd>
      </div>
      <div>
        <dt>Counted since</dt>
        <dd>${instant(slo.counted.since)}</dd>
      </div>
      <div>
        <dt>Until</dt>
        <dd>${instant(slo.counted.to)}</dd>
      </div>
      <div>
        <dt>Owner</dt>
        <dd>${slo.owner}</dd>
      </div>
    </dl>
    <section aria-labelledby="burn-down">
      <h2 id="burn-down">Error budget</h2>
      ${burnDown ? burnDownChart(burnDown, { width: 900, height: 220, hasAxes: true }) : html`<p class="empty">The budget's course cannot be read just now.</p>`}
      <p>${exhaustionText(slo)}</p>
    </section>
    <section aria-labelledby="burn-rates">
      <h2 id="burn-rates">Burn rates</h2>
      <p class="soft">
        1× uses the budget up exactly at the end of ${slo.window}. A tier alerts where both of its
        windows are above its factor.
      </p>
      ${burnTable(slo)}${windowsTable(slo)}
    </section>
    <section aria-labelledby="where">
      <h2 id="where">Where bad events come from</h2>
      ${breakdownTable(slo, breakdown)}
    </section>
    ${
      incidents &&
      html`<section aria-labelledby="incidents">
        <h2 id="incidents">Incidents and what each cost</h2>
        ${incidents.length === 0 ? html`<p class="soft">None fired of this objective.</p>` : incidentsTable(incidents, cost)}
      </section>`
    }
    ${model.whatIf !== null && whatIfSection(slo, burnDown, model.whatIf)}
    <section aria-labelledby="playbook">
      <h2 id="playbook">Playbook</h2>
      <div class="playbook">
        ${text === undefined ? html`<p>It is missing: <code>${slo.playbook}</code>.</p>` : playbookHtml(text)}
      </div>
    </section>`;
}

function windowsTable(slo: SloJson): Html {
  const rows = slo.burn_rates.map(
    (each) =>
      html`<tr>
        <th scope="row">${windowText(each.window_seconds)}</th>
        <td>${figure(each.bad_count, count)}</td>
        <td>${figure(each.valid_count, count)}</td>
        <td>${figure(each.error_ratio, (ratio) => percent(ratio, 3))}</td>
        <td>${figure(each.burn_rate, burn)}</td>
        <td>${figure(each.budget_spent_ratio, (ratio) => percent(ratio, 1))}</td>
      </tr>`,
  );
  return scrollTable(
    'Table of counts by window',
    ['Window', 'Bad', 'Valid', 'Error ratio', 'Burn rate', 'Of the budget'],
    rows,
  );
}

function breakdownTable(slo: SloJson, breakdown: BreakdownJson | undefined): Html {
  if (!breakdown) return html`<p class="empty">It cannot be read just now.</p>`;
  if (breakdown.label === null) {
    return html`<p class="soft">
      It counts ${slo.budgeting === 'timeslices' ? 'minutes' : 'events'} of one series; there is
      nothing to tell apart.
    </p>`;
  }
  if (breakdown.rows.length === 0) {
    return html`<p class="soft">No bad event in ${windowText(breakdown.window_seconds ?? 0)}.</p>`;
  }
  const rows = breakdown.rows.map(
    (each) =>
      html`<tr>
        <th scope="row"><code>${each.value}</code></th>
        <td>${figure(each.bad_count, count)}</td>
        <td>${figure(each.valid_count, count)}</td>
      </tr>`,
  );
  return html`<table>
    <thead>
      <tr>
        <th scope="col"><code>${breakdown.label}</code></th>
        <th scope="col">Bad</th>
        <th scope="col">Valid</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}
