/** All streams, and one of them: how far its data has got, its windows, what was refused, and its latest rows. */
import { count, duration, figure, instant } from './figures.ts';
import { html } from './html.ts';
import type { Html, HtmlValue } from './html.ts';
import type { DashboardJson } from '../panel-json.ts';
import { streamPanels } from './panels-page.ts';
import { freshnessTable } from './now-page.ts';
import type { StreamNow } from './now-page.ts';
import { scrollTable } from './scroll-table.ts';

/** A stream's windows as its API route answers, newest first. */
export interface WindowsAnswer {
  readonly windows: readonly Readonly<Record<string, unknown>>[];
}

/** One refused message as the API answers. */
export interface RefusedMessage {
  readonly quarantine_id: string;
  readonly quarantine_time: string;
  readonly reason_code: string;
  readonly reason: string;
  readonly message_id: string;
  readonly payload: string;
  readonly payload_encoding: string;
  readonly replay_time: string | null;
}

export interface StreamModel {
  /** The dashboard whose panels show throughput and lag; absent where no metrics are read. */
  readonly pipeline?: DashboardJson;
  readonly stream: StreamNow & { readonly description: string };
  readonly columns: readonly string[];
  readonly groupBy: readonly string[];
  readonly measures: readonly string[];
  /** `null` where the stream declares no windows. */
  readonly windows: WindowsAnswer | null;
  readonly quarantine: readonly RefusedMessage[];
  readonly events: readonly Readonly<Record<string, unknown>>[];
}

export function streamsPage(streams: readonly StreamNow[]): Html {
  return html`<h1>Streams</h1>
    ${freshnessTable(streams)}`;
}

export function streamPage(model: StreamModel): Html {
  const { stream } = model;
  const { backlog } = stream;
  return html`<h1>${stream.name}</h1>
    <p>${stream.description}</p>
    <dl class="figures wide">
      <div>
        <dt>Newest event</dt>
        <dd>
          ${stream.newest_event_time === null ? 'none yet' : instant(stream.newest_event_time)}
        </dd>
      </div>
      <div>
        <dt>Its age</dt>
        <dd class="big">${figure(stream.data_age_seconds, duration)}</dd>
      </div>
      <div>
        <dt>Waiting</dt>
        <dd class="big">${figure(backlog?.undelivered_count, count)}</dd>
      </div>
      <div>
        <dt>Oldest waits</dt>
        <dd class="big">${figure(backlog?.oldest_unacked_message_age_seconds, duration)}</dd>
      </div>
      <div>
        <dt>Rows</dt>
        <dd class="big">${figure(stream.row_count, count)}</dd>
      </div>
      <div>
        <dt>Quarantined</dt>
        <dd class="big">${figure(stream.quarantine_count, count)}</dd>
      </div>
    </dl>
    <section aria-labelledby="throughput">
      <h2 id="throughput">Throughput and lag</h2>
      ${throughput(model)}
    </section>
    <section aria-labelledby="windows">
      <h2 id="windows">Windows</h2>
      ${windowsTable(model)}
    </section>
    <section aria-labelledby="quarantine">
      <h2 id="quarantine">Quarantine</h2>
      ${quarantineList(model)}
    </section>
    <section aria-labelledby="rows">
      <h2 id="rows">Latest rows</h2>
      ${rowsTable(model)}
    </section>`;
}

function throughput({ pipeline, stream }: StreamModel): Html {
  if (!pipeline) return html`<p class="soft">This process reads no metrics.</p>`;
  return (
    streamPanels(pipeline, stream.name) ??
    html`<p class="empty">
      Nothing of this stream was measured in ${pipeline.range}. Does an ingester run, and does
      anybody publish to <code>${stream.name}</code>?
    </p>`
  );
}

function windowsTable({ windows, groupBy, measures }: StreamModel): Html {
  if (!windows) return html`<p class="soft">This stream declares no windows.</p>`;
  if (windows.windows.length === 0)
    return html`<p class="empty">No window in the last hour of event time.</p>`;
  const columns = [...groupBy, ...measures];
  const rows = windows.windows.map((each) => {
    const gap = Number(each['gap_before'] ?? 0);
    const marks: HtmlValue[] = [
      each['is_final'] === true
        ? html`<span class="soft">closed</span>`
        : html`<span class="badge unknown">open</span>`,
      each['is_spike'] === true && html` <span class="badge warning">▲ spike</span>`,
      gap > 0 && html` <span class="badge warning">gap of ${gap} before</span>`,
    ];
    return html`<tr>
      <th scope="row">${instant(String(each['window_start_time']))}</th>
      ${columns.map((name) => html`<td>${cell(each[name])}</td>`)}
      <td>${marks}</td>
    </tr>`;
  });
  return scrollTable(
    'Table of windows',
    ['Start', ...columns.map((name) => html`<code>${name}</code>`), 'State'],
    rows,
  );
}

function quarantineList({ quarantine, stream }: StreamModel): Html {
  if (quarantine.length === 0) return html`<p class="soft">Nothing was refused.</p>`;
  const items = quarantine.map(
    (each) =>
      html`<details id="q-${each.quarantine_id}">
        <summary>
          <code>${each.reason_code}</code> ${each.reason}
          <span class="soft"
            >${instant(each.quarantine_time)}${each.replay_time === null ? '' : ', replayed'}</span
          >
        </summary>
        <p>
          Message
          <code>${each.message_id}</code
          >${each.payload_encoding === 'base64' ? ', no text, so in Base64' : ''}
          <button type="button" class="copy" data-copy="payload-${each.quarantine_id}" hidden>
            Copy
          </button>
        </p>
        <pre id="payload-${each.quarantine_id}" tabindex="0">${each.payload}</pre>
      </details>`,
  );
  return html`${items}
    <p class="soft">
      Put back what has been mended: <code>npx highwater quarantine replay ${stream.name}</code>.
    </p>`;
}

function rowsTable({ columns, events }: StreamModel): Html {
  if (events.length === 0)
    return html`<p class="empty">
      No row yet. Publish one: POST to <code>/v1/streams/…/events</code>, see
      <a href="/docs">the API</a>.
    </p>`;
  const rows = events.map(
    (row) =>
      html`<tr>
        ${columns.map((name) => html`<td>${cell(row[name])}</td>`)}
      </tr>`,
  );
  return scrollTable(
    'Table of rows',
    columns.map((name) => html`<code>${name}</code>`),
    rows,
  );
}

/** Longest text of a cell; the whole stands in the API's answer. */
const CELL_LENGTH_MAX = 60;

function cell(value: unknown): HtmlValue {
  if (value === null || value === undefined) return html`<span class="soft">null</span>`;
  if (typeof value === 'number')
    return figure(value, (each) => each.toLocaleString('en-US', { maximumFractionDigits: 3 }));
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > CELL_LENGTH_MAX ? `${text.slice(0, CELL_LENGTH_MAX)}…` : text;
}
