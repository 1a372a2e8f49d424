/** The console's pages: each made of what the API answers, so that every figure on it is the API's. */
import express from 'express';
import type { Request, RequestHandler, Response } from 'express';
import {
  gameDayPage,
  html,
  incidentMarkdown,
  incidentPage,
  incidentsPage,
  loadAssets,
  nowPage,
  pageHtml,
  panelsPage,
  sloPage,
  streamPage,
  streamsPage,
  tracePage,
} from '../../dashboards/index.ts';
import type { Asset, ConsolePage, Html, PanelReader, Reader } from '../../dashboards/index.ts';
import { gameDayJson } from '../../alerts/index.ts';
import { AppError, isAppError, messageOf } from '../../runtime/index.ts';
import { principalOf } from '../auth/access-gate.ts';
import type { ServiceDeps } from '../deps.ts';
import { choiceParameter, readQuery, shorten } from '../parameters.ts';
import { STATUS_OF } from '../problem.ts';
import { negotiate, sendWhole } from '../respond.ts';
import { streamBody } from '../routes/streams.ts';
import type { StreamResource } from '../stream-resource.ts';
import { alertsOf, incidentModel, incidentsOf, readerOf } from './alert-models.ts';
import { alertForms } from './alert-forms.ts';
import { gameDayForms } from './game-day-forms.ts';
import type { WhatIf } from '../what-if.ts';
import { LiveFeed } from './live-feed.ts';
import { nowModel, panelsModel, sloModel, streamModel, traceModel } from './page-models.ts';

/** Everything from this service, nothing inline, no frame around it. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/** Assets' addresses change with their content. */
const ASSET_CACHE = 'public, max-age=31536000, immutable';
/** `same-origin`, so that its own forms say where they come from. */
const REFERRER_POLICY = 'same-origin';

const stateParameter = choiceParameter(
  'state',
  ['open', 'resolved'],
  'Only incidents that are open, or over.',
);

interface Page {
  readonly title: string;
  readonly page: ConsolePage | undefined;
  readonly main: Html;
}

/** Routes under `/console`. */
export function consoleRoutes(
  deps: ServiceDeps,
  resources: readonly StreamResource[],
  { panels, whatIf }: { panels: PanelReader | undefined; whatIf: WhatIf | undefined },
): RequestHandler {
  const { slos, alerts, gameDays, clock, version, projectId } = deps;
  const assets = loadAssets();
  const urls = Object.fromEntries(
    Object.entries(assets).map(([name, { url }]) => [name, url]),
  ) as Record<keyof typeof assets, string>;
  const evaluated = () => [slos?.latest.lastSuccessAtMs, alerts?.known.lastSuccessAtMs].join();
  const feed = new LiveFeed({ clock, version: evaluated });
  const router = express.Router({ caseSensitive: true });

  const answer = (request: Request, response: Response, made: Promise<Page>) =>
    made
      .catch((error: unknown) => failurePage(deps, response, error))
      .then(({ main, ...frame }) => {
        response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
        response.setHeader('Referrer-Policy', REFERRER_POLICY);
        const text = pageHtml({ ...frame, assets: urls, version, projectId }, main);
        if (response.statusCode === 200) sendWhole(request, response, 'html', text);
        else response.type('html').send(text);
      });
  const page = (path: string, make: (request: Request, reader: Reader) => Promise<Page>) =>
    router.get(path, (request: Request, response: Response) => {
      negotiate(request, response, ['html']);
      return answer(request, response, make(request, readerOf(principalOf(response))));
    });

  page('/', async (_request, reader) => ({
    title: 'Now',
    page: 'now',
    main: nowPage(await nowModel(deps, resources, reader)),
  }));
  page('/slos/:slo', async (request) => {
    const model = await sloModel(deps, whatIf, request);
    return { title: model.slo.title, page: undefined, main: sloPage(model) };
  });
  page('/incidents', async ({ url }) => {
    const filter = readQuery(url, [stateParameter]).get(stateParameter) ?? 'all';
    const main = incidentsPage(incidentsOf(alertsOf(deps), filter), filter);
    return { title: 'Incidents', page: 'incidents', main };
  });
  page('/incidents/:incident', async ({ params }, reader) => {
    const model = await incidentModel(deps, alertsOf(deps), String(params['incident']));
    const main = incidentPage({ ...model, reader });
    return { title: model.incident.title ?? model.incident.policy, page: 'incidents', main };
  });
  router.get('/incidents/:incident/review.md', async ({ params }, response) => {
    const model = await incidentModel(deps, alertsOf(deps), params.incident);
    const name = `incident-${model.incident.policy}-${model.incident.fired_at.slice(0, 10)}.md`;
    response.setHeader('Content-Disposition', `attachment; filename="${name}"`);
    response.type('text/markdown').send(incidentMarkdown(model));
  });
  for (const [path, act] of Object.entries({ ...alertForms(deps), ...gameDayForms(gameDays) })) {
    router.post(path, act.before, (request: Request, response: Response) =>
      act.handle(request, readerOf(principalOf(response))).then(
        (location) => response.redirect(303, location),
        (error: unknown) => answer(request, response, Promise.reject(error)),
      ),
    );
  }
  page('/traces/:trace', async ({ params }) => {
    const model = traceModel(deps, String(params['trace']));
    return { title: 'Trace', page: undefined, main: tracePage(model) };
  });
  page('/game-day', async (_request, reader) => {
    if (!gameDays) {
      throw new AppError(
        'not_found',
        'No game days here: the service has to be started on a laptop with HIGHWATER_FAULTS=allow.',
      );
    }
    const main = gameDayPage({ gameDay: gameDayJson(gameDays.status()), reader });
    return { title: 'Game day', page: undefined, main };
  });
  page('/panels{/:dashboard}', async (request, reader) => {
    const model = await panelsModel(deps, panels, request, reader);
    return { title: model.answer.title, page: 'panels', main: panelsPage(model) };
  });
  page('/streams', async () => ({
    title: 'Streams',
    page: 'streams',
    main: streamsPage(await Promise.all(resources.map((each) => streamBody(deps, each)))),
  }));
  page('/streams/:stream', async ({ params }) => {
    const name = String(params['stream']);
    const resource = resources.find(({ stream }) => stream.name === name);
    if (!resource) throw new AppError('not_found', `There is no stream ${shorten(name)}.`);
    const main = streamPage(await streamModel(deps, panels, resource));
    return { title: name, page: 'streams', main };
  });
  router.get('/live', (_request, response) => feed.add(response));
  for (const asset of Object.values(assets)) {
    router.get(asset.url.slice('/console'.length), (request, response) =>
      sendAsset(asset, request, response),
    );
  }
  return router;
}

/** People read the console: what went wrong is a page, too, with the status that the API would give. */
function failurePage({ logger }: ServiceDeps, response: Response, error: unknown): Page {
  const code = isAppError(error) ? error.code : 'internal';
  response.statusCode = STATUS_OF[code];
  if (response.statusCode >= 500) logger.warn('console_page_failed', { code, error });
  const text = isAppError(error) ? messageOf(error) : 'This page cannot be made; the log says why.';
  return {
    title: 'Not possible',
    page: undefined,
    main: html`<h1>
        ${response.statusCode === 404 ? 'There is no such page' : 'This page cannot be shown just now'}
      </h1>
      <p>${text}</p>
      <p><a href="/console">What is known now</a></p>`,
  };
}

function sendAsset(asset: Asset, request: Request, response: Response): void {
  response.setHeader('Content-Type', asset.mediaType);
  response.setHeader('Cache-Control', ASSET_CACHE);
  response.setHeader('Vary', 'Accept-Encoding');
  const encoding = request.acceptsEncodings('br', 'gzip');
  if (encoding === 'br' || encoding === 'gzip') response.setHeader('Content-Encoding', encoding);
  response.end(encoding === 'br' ? asset.brotli : encoding === 'gzip' ? asset.gzip : asset.body);
}
