/** What people do about alerts, as forms that need no script: acknowledge, silence, end a silence. */
import type { IncidentJson, SilenceJson } from '../../alerts/index.ts';
import { instant } from './figures.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { scrollTable } from './scroll-table.ts';

/** Who reads the page, and what they may do. */
export interface Reader {
  /** Whether they have the role `operator`. */
  readonly mayOperate: boolean;
  /** Their name as it will stand in the record; absent without identities, where a name is asked for. */
  readonly name: string | undefined;
}

/** Where a form leads back to. */
export type FormOrigin = 'incident' | 'now';

export const SILENCE_LENGTHS = ['30m', '1h', '2h', '8h', '1d', '7d'] as const;
/** As the API's own bodies have them. */
const [NAME_CHARS_MAX, NOTE_CHARS_MAX] = [100, 500];

export function incidentForms(incident: IncidentJson, reader: Reader, origin: FormOrigin): Html {
  if (incident.state !== 'open') return html``;
  if (!reader.mayOperate) {
    return html`<p class="soft">To acknowledge or silence it you need the role operator.</p>`;
  }
  const at = `/console/incidents/${encodeURIComponent(incident.id)}`;
  const id = domId(incident.id);
  return html`<div class="forms">
    <details id="ack-${id}">
      <summary>${incident.acknowledged ? 'Acknowledge again' : 'Acknowledge'}</summary>
      <form method="post" action="${at}/acknowledge">
        <input type="hidden" name="back" value="${origin}" />
        ${nameField(reader, `ack-${id}`)}
        <p>
          <label for="ack-${id}-note">Note, for those who come after</label>
          <input id="ack-${id}-note" name="note" maxlength="${NOTE_CHARS_MAX}" />
        </p>
        <button>Acknowledge</button>
      </form>
    </details>
    <details id="silence-${id}">
      <summary>Silence</summary>
      <form method="post" action="${at}/silence">
        <input type="hidden" name="back" value="${origin}" />
        ${nameField(reader, `silence-${id}`)}
        <p>
          <label for="silence-${id}-reason">Why</label>
          <input id="silence-${id}-reason" name="reason" maxlength="${NOTE_CHARS_MAX}" required />
        </p>
        <p>
          <label for="silence-${id}-for">For how long</label>
          <select id="silence-${id}-for" name="for">
            ${SILENCE_LENGTHS.map((each) => html`<option value="${each}" ${each === '2h' ? html` selected` : ''}>${each}</option>`)}
          </select>
        </p>
        <p class="soft">Nobody is told meanwhile; figures and states go on.</p>
        <button>Silence</button>
      </form>
    </details>
  </div>`;
}

/** Silences in force, each with its end. */
export function silencesTable(silences: readonly SilenceJson[], reader: Reader): Html {
  const rows = silences.map(
    (each) =>
      html`<tr>
        <th scope="row">
          ${each.matchers.map(({ label, op, value }) => html`<code>${label}${op}${value}</code> `)}
        </th>
        <td>${each.reason}</td>
        <td>${each.by}</td>
        <td>${instant(each.ends_at)}</td>
        <td>
          ${reader.mayOperate && html`<form method="post" action="/console/silences/${encodeURIComponent(each.id)}/end"><button aria-label="End the silence ${each.reason}">End</button></form>`}
        </td>
      </tr>`,
  );
  return scrollTable(
    'Silences in force',
    ['What', 'Why', 'By', 'Until', html`<span class="visually-hidden">End it</span>`],
    rows,
  );
}

/** An id of an incident as one of an element: letters, digits and dashes. */
export function domId(id: string): string {
  return id.replace(/[^\w-]+/g, '-');
}

function nameField({ name }: Reader, prefix: string): Html {
  if (name !== undefined) return html`<p class="soft">As ${name}.</p>`;
  return html`<p>
    <label for="${prefix}-by">Your name</label>
    <input
      id="${prefix}-by"
      name="by"
      maxlength="${NAME_CHARS_MAX}"
      required
      autocomplete="nickname"
    />
  </p>`;
}
