/** One trace: its spans in time, from the first to the last, with what each says of itself. */
import type { SpanJson, TraceJson } from '../../telemetry/index.ts';
import { count, figure, instant } from './figures.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { scrollTable } from './scroll-table.ts';
import { valueText } from './units.ts';

export interface TraceModel {
  readonly trace: TraceJson;
  /** Other traces that a span belongs with, as far as they are kept. */
  readonly keptTraces: ReadonlySet<string>;
}

const BAR_WIDTH = 200;
const BAR_HEIGHT = 12;
/** A span that took no time at all is still seen. */
const BAR_MIN = 2;
/** Deeper ones stand at this depth. */
const DEPTH_MAX = 12;

export function tracePage({ trace, keptTraces }: TraceModel): Html {
  const rows = inOrder(trace.spans).map(({ span, depth }) =>
    spanRow(span, depth, trace, keptTraces),
  );
  const [first] = trace.spans;
  return html`<h1>${first?.name ?? 'A trace'}</h1>
    <dl class="figures wide">
      <div>
        <dt>Began</dt>
        <dd>${instant(trace.started_at)}</dd>
      </div>
      <div>
        <dt>Took</dt>
        <dd class="big">${figure(trace.duration_seconds, secondsText)}</dd>
      </div>
      <div>
        <dt>Spans</dt>
        <dd>${figure(trace.spans.length, count)}</dd>
      </div>
      <div>
        <dt>Failed</dt>
        <dd>${trace.is_failed ? 'yes' : 'no'}</dd>
      </div>
    </dl>
    <section aria-labelledby="spans">
      <h2 id="spans">Spans</h2>
      ${scrollTable('Table of spans', ['Span', 'Begins after', 'Took', 'In time', 'Says'], rows)}
    </section>
    <p class="soft">
      Trace <code>${trace.trace}</code>, as far as it was made and kept by this process ·
      <a href="/v1/traces/${trace.trace}">As JSON</a>
    </p>`;
}

function spanRow(
  span: SpanJson,
  depth: number,
  trace: TraceJson,
  keptTraces: ReadonlySet<string>,
): Html {
  const says = Object.entries(span.attributes).map(
    ([name, value]) => html`<li><code>${name}</code> ${String(value)}</li>`,
  );
  const linked = [...new Set(span.links.map((link) => link.trace))]
    .filter((id) => id !== trace.trace)
    .map((id) =>
      keptTraces.has(id)
        ? html`<li>belongs with <a href="/console/traces/${id}">${id.slice(0, 8)}…</a></li>`
        : html`<li>belongs with ${id.slice(0, 8)}…, not kept here</li>`,
    );
  return html`<tr>
    <th scope="row">
      ${depth > 0 ? html`<span class="soft" aria-hidden="true">${'· '.repeat(depth)}</span>` : ''}${span.name}
      ${span.is_failed ? html`<span class="badge bad"><span aria-hidden="true">✕</span> failed${span.status === null ? '' : `: ${span.status}`}</span>` : ''}
    </th>
    <td>${figure(span.starts_after_seconds, secondsText)}</td>
    <td>${figure(span.duration_seconds, secondsText)}</td>
    <td>${spanBar(span, trace.duration_seconds)}</td>
    <td>
      <ul class="plain">
        <li class="soft">${span.role}</li>
        ${says} ${linked}
      </ul>
    </td>
  </tr>`;
}

function spanBar(span: SpanJson, wholeSeconds: number): Html {
  const scale = wholeSeconds > 0 ? BAR_WIDTH / wholeSeconds : 0;
  const width = Math.max(BAR_MIN, span.duration_seconds * scale);
  const x = Math.min(span.starts_after_seconds * scale, BAR_WIDTH - width);
  return html`<svg
    class="span-bar ${span.is_failed ? 'bad' : ''}"
    viewBox="0 0 ${BAR_WIDTH} ${BAR_HEIGHT}"
    width="${BAR_WIDTH}"
    height="${BAR_HEIGHT}"
    aria-hidden="true"
  >
    <rect class="track" x="0" y="5" width="${BAR_WIDTH}" height="2" />
    <rect class="fill" x="${round(x)}" y="1" width="${round(width)}" height="10" rx="2" />
  </svg>`;
}

/** Each span below its parent, siblings by their begin; whose parent is not here stands at the left. */
function inOrder(spans: readonly SpanJson[]): readonly { span: SpanJson; depth: number }[] {
  const known = new Set(spans.map(({ span }) => span));
  const below = Map.groupBy(spans, ({ parent }) =>
    parent !== null && known.has(parent) ? parent : null,
  );
  const seen = new Set<string>();
  const from = (parent: string | null, depth: number): { span: SpanJson; depth: number }[] =>
    (below.get(parent) ?? []).flatMap((span) => {
      if (seen.has(span.span)) return [];
      seen.add(span.span);
      return [{ span, depth }, ...from(span.span, Math.min(depth + 1, DEPTH_MAX))];
    });
  return from(null, 0);
}

function secondsText(value: number): string {
  return valueText('seconds', value);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
