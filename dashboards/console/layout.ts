/** What every page of the console has: head, navigation, and one live region that the script renews. */
import type { AssetUrls } from './assets.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';

/** Pages of the navigation, in its order. */
const PAGES = [
  ['now', 'Now', '/console'],
  ['incidents', 'Incidents', '/console/incidents'],
  ['panels', 'Panels', '/console/panels'],
  ['streams', 'Streams', '/console/streams'],
] as const;

export type ConsolePage = (typeof PAGES)[number][0];

export interface PageFrame {
  readonly title: string;
  readonly page: ConsolePage | undefined;
  readonly assets: AssetUrls;
  readonly version: string;
  readonly projectId: string;
}

/** A whole page. */
export function pageHtml(frame: PageFrame, main: Html): string {
  const { title, assets, version, projectId } = frame;
  const links = PAGES.map(
    ([page, name, href]) =>
      html`<li>
        <a href="${href}" ${page === frame.page ? html` aria-current="page"` : ''}>${name}</a>
      </li>`,
  );
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Highwater</title>
        <link rel="icon" href="${assets.icon}" type="image/svg+xml" />
        <link rel="stylesheet" href="${assets.style}" />
        <script src="${assets.morph}" defer></script>
        <script src="${assets.script}" type="module"></script>
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header>
          <a class="brand" href="/console">Highwater</a>
          <nav aria-label="Console">
            <ul>
              ${links}
            </ul>
          </nav>
          <p id="connection" role="status" data-state="off">As of opening</p>
        </header>
        <main id="main" tabindex="-1">${main}</main>
        <footer>
          <p>
            ${projectId} · version ${version} · <a href="/docs">API</a> ·
            <a href="/v1/slos">SLOs as JSON</a>
          </p>
        </footer>
      </body>
    </html> `.toString();
}
