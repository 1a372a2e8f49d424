/** What fires and what is about to: each with its figure, its budget, its playbook in place, and what can be done about it. */
import type { AlertsJson, IncidentJson, SilenceJson } from '../../alerts/index.ts';
import type { SloJson } from '../../slo/index.ts';
import { incidentForms, domId, silencesTable } from './alert-forms.ts';
import type { Reader } from './alert-forms.ts';
import { figure, instant, percent } from './figures.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { playbookHtml } from './playbook.ts';
import { exhaustionText } from './slo-card.ts';
import { valueText } from './units.ts';

export interface AlertsNow {
  readonly alerts: AlertsJson;
  readonly open: readonly IncidentJson[];
  readonly silences: readonly SilenceJson[];
  readonly reader: Reader;
  /** Whether the service may be broken on purpose here. */
  readonly hasGameDays: boolean;
  /** Whether the evaluator is too far behind to be believed is in `alerts`. */
  readonly slos: readonly SloJson[];
  readonly playbook: (path: string) => string | undefined;
}

/** Pages before tickets; of the same route the newest first. */
export function loudestFirst(incidents: readonly IncidentJson[]): readonly IncidentJson[] {
  return incidents.toSorted(
    (a, b) =>
      Number(b.route === 'page') - Number(a.route === 'page') ||
      Date.parse(b.fired_at) - Date.parse(a.fired_at),
  );
}

export function alertsNow(model: AlertsNow): Html {
  const { alerts, open, silences, reader, hasGameDays } = model;
  const pending = pendingOf(alerts);
  const [loudest] = loudestFirst(open);
  return html`<section aria-labelledby="alerts">
    <h2 id="alerts">Alerts</h2>
    ${alerts.is_stale && html`<p class="empty">Alerts are not evaluated just now, so nothing here is news${alerts.failure === null ? '' : html`: ${alerts.failure}`}.</p>`}
    ${open.length + pending.length === 0 && html`<p class="soft">Nothing fires and nothing is pending. ${figure(alerts.count, String)} policies are watched; <a href="/console/incidents">what fired before</a>.</p>`}
    ${loudestFirst(open).map((incident) => firing(model, incident, incident === loudest))}
    ${pending.map(
      (each) =>
        html`<article class="card alert" aria-label="Pending: ${each.title}">
          <h3>${each.title}</h3>
          <p>
            <span class="badge warning"><span aria-hidden="true">…</span> pending</span> since
            ${instant(each.since)}; fires where it holds for ${each.forSeconds} s. ${each.summary}
          </p>
        </article>`,
    )}
    ${
      silences.length > 0 &&
      html`<h3 id="silences">Silenced</h3>
        ${silencesTable(silences, reader)}`
    }
    ${hasGameDays && html`<p class="soft">To see an alert come and go on purpose: <a href="/console/game-day">game day</a>.</p>`}
  </section>`;
}

function firing(model: AlertsNow, incident: IncidentJson, isLoudest: boolean): Html {
  const { alerts, slos, playbook, reader } = model;
  const slo = slos.find(({ name }) => name === incident.slo);
  const path = incident.playbook ?? '';
  const text = playbook(path);
  const id = domId(incident.id);
  const isPage = incident.route === 'page';
  return html`<article
    class="card alert ${isPage ? 'bad' : 'warning'}"
    id="incident-${id}"
    aria-labelledby="title-${id}"
  >
    <h3 id="title-${id}">
      <a href="/console/incidents/${encodeURIComponent(incident.id)}">${titleOf(incident)}</a>
    </h3>
    <p>
      <span class="badge ${isPage ? 'bad' : 'warning'}"
        ><span aria-hidden="true">${isPage ? '▲' : '▷'}</span> ${incident.route},
        ${incident.severity}</span
      >
      since ${instant(incident.started_at)}. ${incident.user_impact ?? ''}
      ${conditionText(alerts, incident)}
    </p>
    ${standing(incident)}
    ${slo && html`<p>Budget left: ${figure(slo.budget?.remaining_ratio, (value) => percent(value, 1))}. ${exhaustionText(slo)}</p>`}
    <details
      class="playbook"
      id="playbook-${id}"
      ${isLoudest && incident.acknowledged === null ? html` open` : ''}
    >
      <summary>What to do</summary>
      ${text === undefined ? html`<p>Its playbook is missing: <code>${path}</code>.</p>` : playbookHtml(text)}
    </details>
    ${incidentForms(incident, reader, 'now')}
  </article>`;
}

/** Policy and group: `Oldest message is old, flights-ingest`. */
export function titleOf({ title, policy, labels }: IncidentJson): string {
  return [title ?? policy, ...Object.values(labels)].join(', ');
}

/** Who looks at it, and why nobody hears of it. */
export function standing({ acknowledged, muted }: IncidentJson): Html {
  return html`${acknowledged && html`<p>Acknowledged by ${acknowledged.by} at ${instant(acknowledged.at)}${acknowledged.note === null ? '' : html`: ${acknowledged.note}`}.</p>`}
  ${muted && html`<p>Nobody is told (${muted.kind}): ${muted.reason}.</p>`}`;
}

/** The figure now beside its bound: `Now 2.1 %, alerts above 1.44 %.` */
export function conditionText(
  { alerts }: AlertsJson,
  { policy, rung, value }: IncidentJson,
): Html | undefined {
  const condition = alerts
    .find((each) => each.policy === policy)
    ?.rungs.find((each) => each.rung === rung)?.condition;
  if (!condition || condition.kind === 'absent') return undefined;
  const unit = condition.unit;
  const [what, bound, side] =
    condition.kind === 'burn'
      ? ['Error ratio', condition.threshold_ratio, 'above']
      : ['Now', condition.bound, condition.comparison];
  return html`${what} ${figure(value, (each) => valueText(unit, each))}, alerts ${side}
  ${figure(bound, (each) => valueText(unit, each))}.`;
}

/** Rungs whose condition holds and has not held for long enough, of policies that do not fire. */
function pendingOf({ alerts }: AlertsJson) {
  return alerts
    .filter(({ state }) => state === 'pending')
    .flatMap(({ title, rungs }) =>
      rungs.flatMap(({ active, summary, for_seconds: forSeconds }) =>
        active
          .filter(({ phase }) => phase === 'pending')
          .map(({ labels, since }) => ({
            title: [title, ...Object.values(labels)].join(', '),
            since,
            summary,
            forSeconds,
          })),
      ),
    );
}
