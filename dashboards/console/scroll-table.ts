/** A table that scrolls by itself where the page is too narrow for it, reachable by keyboard and named for screen readers. */
import { html } from './html.ts';
import type { Html, HtmlValue } from './html.ts';

/** `heads` are the columns' titles; `rows` are `tr`. */
export function scrollTable(
  label: string,
  heads: readonly HtmlValue[],
  rows: readonly Html[],
): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">
    <table>
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}
