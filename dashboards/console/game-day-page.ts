/** A game day: break the service on purpose, watch the right alert come and go, and what each drill came to. */
import { DRILL_NAMES } from '../../alerts/index.ts';
import type { DrillJson, GameDayJson } from '../../alerts/index.ts';
import type { Reader } from './alert-forms.ts';
import { duration, figure, instant } from './figures.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { scrollTable } from './scroll-table.ts';

export interface GameDayModel {
  readonly gameDay: GameDayJson;
  readonly reader: Reader;
}

const ABOUT: Readonly<Record<DrillJson['drill'], string>> = {
  latency: 'Requests are slow, until the alert on mean latency fires.',
  errors: 'Requests fail, until the alert on the error ratio fires.',
  backlog: 'A subscription is stuck, until the alert on the oldest message fires.',
  freshness: 'Ingest stops, until data are late: a quarter of an hour or more.',
};
const OUTCOMES: Readonly<Record<NonNullable<DrillJson['outcome']>, string>> = {
  passed: 'fired and cleared',
  not_quiet: 'its alert fired before the fault, and did not end',
  not_detected: 'no alert fired in time',
  not_cleared: 'the alert did not end in time',
  stopped: 'stopped',
  failed: 'failed',
};
const PHASES: Readonly<Record<Exclude<DrillJson['phase'], 'over'>, string>> = {
  planned: 'planned',
  quiet: 'waits until all is quiet',
  firing: 'broken; waits for the alert',
  clearing: 'mended; waits for the end of the alert',
};

export function gameDayPage({ gameDay, reader }: GameDayModel): Html {
  return html`<h1>Game day</h1>
    <p>
      Breaks this service on purpose, one fault after the other, waits for the alert that has to
      notice, mends it, and waits for the end of the alert. Real figures and real budgets are spent,
      and
      ${gameDay.channels.length === 0 ? 'no channel is set up, so only the log is told' : html`these channels are told as in earnest: ${gameDay.channels.join(', ')}`}.
    </p>
    ${controls(gameDay, reader)}
    ${gameDay.failure !== null && html`<p class="empty">It broke off: ${gameDay.failure}.</p>`}
    ${gameDay.drills.length > 0 && drillsTable(gameDay)}`;
}

function controls({ state }: GameDayJson, { mayOperate }: Reader): Html {
  if (!mayOperate) return html`<p class="soft">To run one you need the role operator.</p>`;
  if (state === 'running') {
    return html`<form method="post" action="/console/game-day/stop">
      <p>A game day is under way. Stopping it removes the fault at once.</p>
      <button>Stop</button>
    </form>`;
  }
  const boxes = DRILL_NAMES.map(
    (name) =>
      html`<p>
        <input
          type="checkbox"
          id="drill-${name}"
          name="drills"
          value="${name}"
          ${name === 'latency' ? html` checked` : ''}
        />
        <label class="tick" for="drill-${name}"><strong>${name}</strong> ${ABOUT[name]}</label>
      </p>`,
  );
  return html`<form method="post" action="/console/game-day/start">
    <fieldset>
      <legend>Drills</legend>
      ${boxes}
    </fieldset>
    <button>Start</button>
  </form>`;
}

function drillsTable({ started_at: startedAt, drills }: GameDayJson): Html {
  return html`<h2>Drills since ${instant(startedAt ?? '')}</h2>
    ${scrollTable('Table of drills', ['Drill', 'State', 'Alert', 'To detect', 'To clear', 'Also fired'], drills.map(drillRow))}`;
}

function drillRow(drill: DrillJson): Html {
  const { phase, outcome, incident, policy, expected } = drill;
  const state = phase === 'over' ? OUTCOMES[outcome ?? 'failed'] : PHASES[phase];
  const waiting = drill.waiting_for;
  return html`<tr>
    <th scope="row">${drill.drill}</th>
    <td>${state}${waiting !== null && html`<br /><span class="soft">${waiting}</span>`}</td>
    <td>
      ${incident === null ? (policy ?? expected.join(' or ')) : html`<a href="/console/incidents/${encodeURIComponent(incident)}">${policy}</a>`}
    </td>
    <td>${drill.seconds_to_detect !== null && figure(drill.seconds_to_detect, duration)}</td>
    <td>${drill.seconds_to_clear !== null && figure(drill.seconds_to_clear, duration)}</td>
    <td>${drill.also_fired.join(', ')}</td>
  </tr>`;
}
