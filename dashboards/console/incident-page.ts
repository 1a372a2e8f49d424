/** Incidents: the list, and one of them from the first sign to its end, with what it rests on, who was told and what it cost. */
import type {
  DeliveryJson,
  EvidenceJson,
  ExampleJson,
  IncidentJson,
  TransitionJson,
} from '../../alerts/index.ts';
import { incidentForms, domId } from './alert-forms.ts';
import type { Reader } from './alert-forms.ts';
import { standing, titleOf } from './alerts-now.ts';
import { count, duration, figure, instant, percent } from './figures.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { playbookHtml } from './playbook.ts';
import { seriesChart } from './series-chart.ts';
import { valueText } from './units.ts';
import { scrollTable } from './scroll-table.ts';

export type WholeIncident = IncidentJson & {
  readonly timeline: readonly TransitionJson[];
  readonly notifications: readonly DeliveryJson[];
  readonly examples: readonly ExampleJson[];
};

export interface IncidentModel {
  readonly incident: WholeIncident;
  /** Absent where it cannot be read now. */
  readonly evidence: EvidenceJson | undefined;
  readonly playbook: (path: string) => string | undefined;
  readonly reader: Reader;
  readonly nowMs: number;
}

/** What a reader of the list asked for. */
export type IncidentFilter = 'all' | 'open' | 'resolved';

export function incidentsPage(incidents: readonly IncidentJson[], filter: IncidentFilter): Html {
  const links = (['all', 'open', 'resolved'] as const).map(
    (each) =>
      html`<li>
        <a
          href="/console/incidents${each === 'all' ? '' : `?state=${each}`}"
          ${each === filter ? html` aria-current="true"` : ''}
          >${each}</a
        >
      </li>`,
  );
  return html`<h1>Incidents</h1>
    <nav class="choice" aria-label="Which incidents">
      <ul>
        ${links}
      </ul>
    </nav>
    ${incidents.length === 0 ? html`<p class="empty">${filter === 'open' ? 'Nothing is open.' : 'Nothing fired yet.'} What is watched, and by which figures, is in <a href="/v1/alerts">/v1/alerts</a>.</p>` : incidentsTable(incidents)}`;
}

export function incidentsTable(
  incidents: readonly IncidentJson[],
  cost?: ReadonlyMap<string, EvidenceJson['budget']>,
): Html {
  const rows = incidents.map((each) => {
    const spent = cost?.get(each.id);
    return html`<tr>
      <th scope="row">
        <a href="/console/incidents/${encodeURIComponent(each.id)}">${titleOf(each)}</a>
      </th>
      <td>${stateBadge(each)}</td>
      <td>${instant(each.fired_at)}</td>
      <td>
        ${each.resolved_at === null ? 'still open' : duration(secondsBetween(each.fired_at, each.resolved_at))}
      </td>
      ${
        cost &&
        html`<td>${figure(spent?.bad_count, count)}</td>
          <td>${figure(spent?.budget_spent_ratio, (ratio) => percent(ratio, 1))}</td>`
      }
    </tr>`;
  });
  return scrollTable(
    'Table of incidents',
    ['Incident', 'State', 'Fired', 'Lasted', ...(cost ? ['Bad events', 'Of the budget'] : [])],
    rows,
  );
}

export function incidentPage(model: IncidentModel): Html {
  const { incident, evidence, playbook, reader } = model;
  const path = incident.playbook ?? '';
  const text = playbook(path);
  const link = `/console/incidents/${encodeURIComponent(incident.id)}`;
  return html`<h1>${titleOf(incident)}</h1>
    <p>${stateBadge(incident)} ${incident.user_impact ?? ''}</p>
    ${standing(incident)} ${incidentForms(incident, reader, 'incident')} ${factsList(model)}
    <section aria-labelledby="signal">
      <h2 id="signal">The signal behind it</h2>
      ${evidenceChart(incident, evidence)} ${examplesList(incident.examples)}
    </section>
    <section aria-labelledby="timeline">
      <h2 id="timeline">Timeline</h2>
      <ol class="timeline">
        ${timelineOf(incident).map(({ at, text: what }) => html`<li>${instant(at)} ${what}</li>`)}
      </ol>
    </section>
    <section aria-labelledby="playbook">
      <h2 id="playbook">Playbook</h2>
      <div class="playbook">
        ${text === undefined ? html`<p>It is missing: <code>${path}</code>.</p>` : playbookHtml(text)}
      </div>
    </section>
    <section aria-labelledby="share">
      <h2 id="share">For the review</h2>
      <p>
        <a href="${link}">Permanent link</a> · <a href="${link}/review.md">As Markdown</a> ·
        <a href="${incident.links.self}">As JSON</a>
      </p>
    </section>`;
}

/** What happened, in order: the first sign, each change, each notification. */
export function timelineOf(
  incident: WholeIncident,
): readonly { readonly at: string; readonly text: string }[] {
  const { timeline, notifications, acknowledged } = incident;
  const entries = [
    { at: incident.started_at, text: 'The condition begins to hold: pending.' },
    ...timeline.map((each) => ({ at: each.at, text: changeText(each) })),
    ...notifications.map((each) => ({
      at: each.finished_at ?? each.created_at,
      text: notificationText(each),
    })),
    ...(acknowledged
      ? [
          {
            at: acknowledged.at,
            text: `Acknowledged by ${acknowledged.by}${acknowledged.note === null ? '' : `: ${acknowledged.note}`}.`,
          },
        ]
      : []),
  ];
  return entries.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

function changeText({
  change,
  rung,
  severity,
  route,
  muted_by: mutedBy,
  is_told: isTold,
}: TransitionJson): string {
  const loudness = `${route ?? ''}, ${severity ?? ''}`;
  const told = isTold ? ' Receivers are told.' : '';
  switch (change) {
    case 'firing':
      return `Firing: ${rung}, ${loudness}.${told}`;
    case 'raised':
      return `Louder: ${rung}, ${loudness}.${told}`;
    case 'joined':
      return `${rung} fires as well.`;
    case 'left':
      return `${rung} fires no more.`;
    case 'muted':
      return `Receivers are told nothing from here on: ${mutedBy ?? ''}.`;
    case 'unmuted':
      return `Receivers are told again.${told}`;
    case 'resolved':
      return `Resolved: nothing of it fires any more.${told}`;
    case 'pending':
    case 'cancelled':
      break;
  }
  return `${rung}: ${change}.`;
}

const DELIVERY_WORDS: Readonly<Record<DeliveryJson['state'], string>> = {
  pending: 'is on its way',
  delivered: 'was delivered',
  refused: 'was refused',
  given_up: 'was given up',
  dropped: 'was dropped, for too much waited',
};

function notificationText({
  channel,
  state,
  attempt_count: tries,
  last_error: error,
}: DeliveryJson): string {
  const times = tries > 1 ? ` after ${tries} tries` : '';
  return `The notification to ${channel} ${DELIVERY_WORDS[state]}${times}${error === null || state === 'delivered' ? '' : ` (${error})`}.`;
}

function factsList({ incident, evidence, nowMs }: IncidentModel): Html {
  const endAt = incident.resolved_at ?? new Date(nowMs).toISOString();
  const sent = incident.notifications.filter(({ state }) => state === 'delivered').length;
  return html`<dl class="figures wide">
    <div>
      <dt>Fired</dt>
      <dd>${instant(incident.fired_at)}</dd>
    </div>
    <div>
      <dt>Resolved</dt>
      <dd>${incident.resolved_at === null ? 'still open' : instant(incident.resolved_at)}</dd>
    </div>
    <div>
      <dt>${incident.resolved_at === null ? 'Open for' : 'Lasted'}</dt>
      <dd class="big">${duration(secondsBetween(incident.fired_at, endAt))}</dd>
    </div>
    <div>
      <dt>Budget spent</dt>
      <dd class="big" id="spent">
        ${evidence?.budget ? figure(evidence.budget.budget_spent_ratio, (ratio) => percent(ratio, 1)) : html`<span class="soft">${incident.slo === null ? 'of no SLO' : 'not known'}</span>`}
      </dd>
    </div>
    <div>
      <dt>Bad events</dt>
      <dd>
        ${evidence?.budget ? figure(evidence.budget.bad_count, count) : html`<span class="soft">not counted</span>`}
      </dd>
    </div>
    <div>
      <dt>Notifications delivered</dt>
      <dd>${figure(sent, count)}</dd>
    </div>
    <div>
      <dt>Policy</dt>
      <dd>
        ${incident.slo === null ? incident.policy : html`<a href="/console/slos/${incident.slo}">${incident.policy}</a>`}
      </dd>
    </div>
  </dl>`;
}

function evidenceChart(incident: IncidentJson, evidence: EvidenceJson | undefined): Html {
  if (!evidence) {
    return html`<p class="empty">
      It cannot be read just now, or its policy is defined no more;
      <a href="/v1/alerts">/v1/alerts</a> says what is watched.
    </p>`;
  }
  if (evidence.lines.every(({ points }) => points.length === 0)) {
    return html`<p class="empty">No sample of that time is kept.</p>`;
  }
  const { threshold } = evidence;
  const unit = evidence.unit === 'burn_rate' ? 'times' : evidence.unit;
  return html`<h3>${evidence.title}</h3>
    ${seriesChart({
      id: `signal-${domId(incident.id)}`,
      title: evidence.title,
      unit,
      from: evidence.from,
      to: evidence.to,
      stepSeconds: evidence.step_seconds,
      lines: evidence.lines,
      thresholds: threshold
        ? [
            {
              value: threshold.value,
              label: `alerts ${threshold.bad_when} ${valueText(unit, threshold.value)}`,
            },
          ]
        : [],
      isStacked: false,
    })}
    ${evidence.query !== null && html`<p class="soft">In Prometheus or Cloud Monitoring: <code>${evidence.query}</code></p>`}`;
}

/** Traces of bad events; the newest is the one that pages lead to. */
function examplesList(examples: readonly ExampleJson[]): Html | string {
  if (examples.length === 0) return '';
  const items = examples.toReversed().map(({ trace, at, links }) => {
    const elsewhere = links.page !== null && !links.page.endsWith(`/console/traces/${trace}`);
    return html`<li>
      <a href="/console/traces/${trace}">A trace of it</a> of ${instant(at)}
      ${elsewhere ? html` · <a href="${links.page}">in Cloud Trace</a>` : ''}
    </li>`;
  });
  return html`<ul class="plain examples">
    ${items}
  </ul>`;
}

function stateBadge({ state, route, severity }: IncidentJson): Html {
  if (state === 'resolved')
    return html`<span class="badge good"><span aria-hidden="true">✓</span> resolved</span>`;
  const level = route === 'page' ? 'bad' : 'warning';
  return html`<span class="badge ${level}"
    ><span aria-hidden="true">${route === 'page' ? '▲' : '▷'}</span> open: ${route},
    ${severity}</span
  >`;
}

function secondsBetween(from: string, to: string): number {
  return Math.max(0, (Date.parse(to) - Date.parse(from)) / 1_000);
}
