/** A dashboard's panels, as Cloud Monitoring shows them: the same titles, order and thresholds, from the metrics read here. */
import type { IncidentJson } from '../../alerts/index.ts';
import type { DashboardJson, PanelJson, RangeName } from '../panel-json.ts';
import { domId } from './alert-forms.ts';
import { figure, instant } from './figures.ts';
import { heatmapChart } from './heatmap-chart.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { incidentsTable } from './incident-page.ts';
import { playbookHtml } from './playbook.ts';
import { newestValue, seriesChart } from './series-chart.ts';
import type { ChartLine } from './series-chart.ts';
import { valueText } from './units.ts';

/** A quarter of a row: its pictures have larger texts. */
const NARROW_COLUMNS = 12;

export interface PanelsModel {
  readonly answer: DashboardJson;
  readonly dashboards: readonly { readonly name: string; readonly title: string }[];
  readonly ranges: readonly RangeName[];
  /** For the list of those that are open; absent where no alerts are evaluated. */
  readonly open?: readonly IncidentJson[];
}

export function panelsPage(model: PanelsModel): Html {
  const { answer, dashboards, ranges } = model;
  const links = dashboards.map(({ name, title }) =>
    choice(`/console/panels/${name}?range=${answer.range}`, title, name === answer.dashboard),
  );
  const spans = ranges.map((range) =>
    choice(`/console/panels/${answer.dashboard}?range=${range}`, range, range === answer.range),
  );
  return html`<h1>${answer.title}</h1>
    <nav class="choice" aria-label="Dashboards">
      <ul>
        ${links}
      </ul>
    </nav>
    <nav class="choice" aria-label="Range">
      <ul>
        ${spans}
      </ul>
    </nav>
    <p class="soft">${instant(answer.from)} to ${instant(answer.to)}; times in pictures are UTC.</p>
    ${answer.sections.map((section, index) => sectionHtml(model, section, index))}`;
}

function choice(href: string, text: string, isChosen: boolean): Html {
  return html`<li>
    <a href="${href}" ${isChosen ? html` aria-current="true"` : ''}>${text}</a>
  </li>`;
}

function sectionHtml(
  model: PanelsModel,
  { title, note, panels }: DashboardJson['sections'][number],
  index: number,
): Html {
  const items = panels.map(
    (panel, at) =>
      html`<article class="panel card w${panel.width}" aria-labelledby="p-${index}-${at}">
        <h3 id="p-${index}-${at}">${panel.title}</h3>
        ${panelBody(model, panel, `plot-${index}-${at}`)}
      </article>`,
  );
  return html`<section aria-label="${title ?? 'First look'}">
    ${title !== null && html`<h2>${title}</h2>`}
    ${note !== null && html`<p class="soft">${note}</p>`}
    ${title === null && html`<h2 class="visually-hidden">First look</h2>`}
    <div class="panels">${items}</div>
  </section>`;
}

/** Panels of a dashboard that show a stream, with the lines of that stream alone. */
export function streamPanels(answer: DashboardJson, stream: string): Html | undefined {
  const panels = answer.sections
    .flatMap((section) => section.panels)
    .map((panel) => ({
      ...panel,
      lines: panel.lines.filter(({ labels }) => labels['stream'] === stream),
    }))
    .filter(({ kind, lines }) => kind === 'chart' && lines.length > 0);
  if (panels.length === 0) return undefined;
  const items = panels.map(
    (panel, at) =>
      html`<article class="panel card w16" aria-labelledby="s-${at}">
        <h3 id="s-${at}">${panel.title}</h3>
        ${pictureOf(answer, panel, `stream-plot-${at}`)}
      </article>`,
  );
  return html`<div class="panels">${items}</div>`;
}

function panelBody({ answer, open }: PanelsModel, panel: PanelJson, id: string): Html {
  const { kind, text, problem, lines, metrics } = panel;
  if (kind === 'text') return html`<div class="playbook">${playbookHtml(text ?? '')}</div>`;
  if (kind === 'logs') {
    return html`<p>
      In the logs that the service writes, one JSON event a line; in Cloud Logging by
      <code>${text}</code>.
    </p>`;
  }
  if (kind === 'incidents') {
    return open && open.length > 0
      ? incidentsTable(open)
      : html`<p class="soft">
          ${open ? 'Nothing is open.' : 'This process evaluates no alerts.'}
          <a href="/console/incidents">What fired before</a>.
        </p>`;
  }
  if (problem !== null) {
    return html`<p class="empty">
      It cannot be read: ${problem} Whether the source of metrics answers is in
      <a href="/v1/slos">/v1/slos</a> under <code>failure</code>.
    </p>`;
  }
  if (lines.every(({ points }) => points.length === 0)) {
    return html`<p class="empty">
      No sample in ${answer.range}. Either nothing of it happened yet, or the part that measures it
      does not run: ${metrics.map((each) => html`<code>${each}</code> `)}
    </p>`;
  }
  return html`${pictureOf(answer, panel, id)}
  ${panel.dropped_count > 0 && html`<p class="soft">${panel.dropped_count} lines with smaller values are left out.</p>`}`;
}

function pictureOf(answer: DashboardJson, panel: PanelJson, id: string): Html {
  const { title, unit, is_stacked: isStacked } = panel;
  const lines: readonly ChartLine[] = panel.lines.map(({ name, points }) => ({
    name,
    points: points.map(([at, value]) => ({ at: new Date(at * 1_000).toISOString(), value })),
  }));
  const { from, to, step_seconds: stepSeconds } = answer;
  const thresholds = panel.thresholds.map(({ value, label }) => ({
    value,
    label: label ?? valueText(unit ?? 'count', value),
  }));
  const chart = {
    id: domId(id),
    title,
    unit: unit ?? 'count',
    from,
    to,
    stepSeconds,
    lines,
    thresholds,
    isStacked,
    size: panel.width <= NARROW_COLUMNS ? 'small' : 'large',
  } as const;
  if (panel.kind === 'heatmap') return heatmapChart(chart, panel.lines);
  if (panel.kind === 'chart') return seriesChart(chart);
  if (panel.kind === 'table') return linesTable(chart.lines, to, panel);
  const newest = lines[0] ? newestValue(lines[0], to, stepSeconds) : null;
  const tone = newest === null ? '' : toneOf(panel, newest);
  return html`<p class="big ${tone}">${figure(newest, (value) => valueText(chart.unit, value))}</p>
    ${seriesChart({ ...chart, size: 'spark' })}`;
}

/** The gravest bound that the value is beyond. */
function toneOf({ thresholds }: PanelJson, value: number): string {
  const passed = thresholds.filter(({ value: bound, side }) =>
    side === 'below' ? value < bound : value > bound,
  );
  if (passed.some(({ tone }) => tone === 'danger')) return 'bad-text';
  return passed.length > 0 ? 'warning-text' : '';
}

function linesTable(lines: readonly ChartLine[], to: string, panel: PanelJson): Html {
  const rows = lines.map((line) => {
    const last = line.points.findLast(({ value }) => value !== null);
    return html`<tr>
      <th scope="row">${line.name}</th>
      <td>${figure(last?.value, (value) => valueText(panel.unit ?? 'count', value))}</td>
      <td>${instant(last?.at ?? to)}</td>
    </tr>`;
  });
  return html`<table>
    <thead>
      <tr>
        <th scope="col">Of</th>
        <th scope="col">Value</th>
        <th scope="col">At</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}
