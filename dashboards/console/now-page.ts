/** Now: whether users are served, how much budget is left, what is wrong and what to do about it. */
import type { BurnDownJson, SloJson, SlosJson } from '../../slo/index.ts';
import { alertsNow, loudestFirst } from './alerts-now.ts';
import type { AlertsNow } from './alerts-now.ts';
import { duration, figure, count, instant } from './figures.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { playbookHtml } from './playbook.ts';
import { sloCard } from './slo-card.ts';
import { verdictOf } from './verdict.ts';
import { scrollTable } from './scroll-table.ts';

/** A stream as `/v1/streams/{stream}` has it, as far as it is shown here. */
export interface StreamNow {
  readonly name: string;
  readonly newest_event_time: string | null;
  readonly data_age_seconds: number | null;
  readonly row_count: number | null;
  readonly quarantine_count: number;
  readonly backlog: {
    readonly undelivered_count: number;
    readonly oldest_unacked_message_age_seconds: number;
  } | null;
}

export interface NowModel {
  readonly evaluation: SlosJson;
  readonly burnDowns: ReadonlyMap<string, BurnDownJson>;
  readonly streams: readonly StreamNow[];
  /** Absent where this process evaluates no alerts. */
  readonly alerts?: Omit<AlertsNow, 'playbook' | 'slos'>;
  /** Text of a playbook by its path; `undefined` where there is none. */
  readonly playbook: (path: string) => string | undefined;
}

export function nowPage(model: NowModel): Html {
  const { evaluation, burnDowns, streams, alerts, playbook } = model;
  const verdict = verdictOf(evaluation, loudestFirst(alerts?.open ?? []));
  const cards = gravestFirst(evaluation.slos).map((slo) => sloCard(slo, burnDowns.get(slo.name)));
  return html`<section class="verdict ${verdict.level}" aria-labelledby="verdict">
      <h1 id="verdict">${verdict.headline}</h1>
      <p>${verdict.detail}</p>
      <p class="soft">
        Evaluated ${instant(evaluation.evaluated_at)}, every
        ${figure(evaluation.interval_seconds, duration)}.
      </p>
    </section>
    ${alerts && alertsNow({ ...alerts, slos: evaluation.slos, playbook })} ${whatToDo(model)}
    <section aria-labelledby="objectives">
      <h2 id="objectives">Objectives</h2>
      ${cards.length > 0 ? html`<div class="cards">${cards}</div>` : html`<p class="empty">No SLO is evaluated yet. Definitions are the YAML files of <code>slo/</code>; check them with <code>npx highwater slo lint</code>.</p>`}
    </section>
    <section aria-labelledby="freshness">
      <h2 id="freshness">Freshness by stream</h2>
      ${freshnessTable(streams)}
    </section>`;
}

export function freshnessTable(streams: readonly StreamNow[]): Html {
  if (streams.length === 0)
    return html`<p class="empty">
      No stream is defined: add a YAML file to <code>streams/</code>.
    </p>`;
  const rows = streams.map(
    (stream) =>
      html`<tr>
        <th scope="row"><a href="/console/streams/${stream.name}">${stream.name}</a></th>
        <td>
          ${stream.newest_event_time === null ? html`<span class="soft">no event yet</span>` : instant(stream.newest_event_time)}
        </td>
        <td>
          ${stream.data_age_seconds === null ? '' : figure(stream.data_age_seconds, duration)}
        </td>
        <td>
          ${stream.backlog ? figure(stream.backlog.undelivered_count, count) : html`<span class="soft">not known here</span>`}
        </td>
        <td>
          ${stream.backlog && figure(stream.backlog.oldest_unacked_message_age_seconds, duration)}
        </td>
        <td>${figure(stream.row_count, count)}</td>
        <td>${figure(stream.quarantine_count, count)}</td>
      </tr>`,
  );
  return scrollTable(
    'Table of streams',
    ['Stream', 'Newest event', 'Age', 'Waiting', 'Oldest waits', 'Rows', 'Quarantined'],
    rows,
  );
}

/** The playbooks of what is wrong and no alert shows yet, opened in place. */
function whatToDo({ evaluation, playbook, alerts }: NowModel): Html | undefined {
  const alerted = new Set(alerts?.open.map((each) => each.playbook));
  const wrong = evaluation.slos.filter((slo) => isWrong(slo) && !alerted.has(slo.playbook));
  const shown = [...new Map(wrong.map((slo) => [slo.playbook, slo])).values()];
  if (shown.length === 0) return undefined;
  const items = shown.map((slo) => {
    const text = playbook(slo.playbook);
    return html`<details class="playbook" id="playbook-${slo.name}">
      <summary>${slo.title}: what to do</summary>
      ${text === undefined ? html`<p>Its playbook is missing: <code>${slo.playbook}</code>.</p>` : playbookHtml(text)}
    </details>`;
  });
  return html`<section aria-labelledby="todo">
    <h2 id="todo">What to do</h2>
    ${items}
  </section>`;
}

function isWrong(slo: SloJson): boolean {
  return slo.state === 'burning' || slo.state === 'exhausted' || slo.state === 'no_data';
}

const GRAVITY: readonly SloJson['state'][] = [
  'burning',
  'exhausted',
  'no_data',
  'young',
  'ok',
  'no_traffic',
];

/** What is wrong first; among equals the least budget. */
function gravestFirst(slos: readonly SloJson[]): readonly SloJson[] {
  return slos.toSorted(
    (a, b) =>
      GRAVITY.indexOf(a.state) - GRAVITY.indexOf(b.state) ||
      (a.budget?.remaining_ratio ?? 1) - (b.budget?.remaining_ratio ?? 1),
  );
}
