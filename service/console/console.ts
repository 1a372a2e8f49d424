/** The console's pages: each made of what the API answers, so that every figure on it is the API's. */
import express from 'express';
import type { Request, RequestHandler, Response } from 'express';
import {
  html,
  loadAssets,
  nowPage,
  pageHtml,
  sloPage,
  streamPage,
  streamsPage,
} from '../../dashboards/index.ts';
import type { Asset, ConsolePage, Html, StreamModel } from '../../dashboards/index.ts';
import { AppError, isAppError, messageOf } from '../../runtime/index.ts';
import { breakdownJson, burnDownJson, evaluationJson, statusJson } from '../../slo/index.ts';
import type { BurnDownJson } from '../../slo/index.ts';
import type { ServiceDeps } from '../deps.ts';
import { jsonPage } from '../list.ts';
import type { List } from '../list.ts';
import { shorten } from '../parameters.ts';
import { STATUS_OF } from '../problem.ts';
import { negotiate, sendWhole } from '../respond.ts';
import { eventsList } from '../routes/events.ts';
import { quarantineList } from '../routes/quarantine.ts';
import { streamBody } from '../routes/streams.ts';
import { windowsList } from '../routes/windows.ts';
import type { StreamResource } from '../stream-resource.ts';
import { LiveFeed } from './live-feed.ts';

/** Everything from this service, nothing inline, no frame around it. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/** Assets' addresses change with their content. */
const ASSET_CACHE = 'public, max-age=31536000, immutable';
const ROWS_SHOWN = 20;

interface Page {
  readonly title: string;
  readonly page: ConsolePage | undefined;
  readonly main: Html;
}

/** Routes under `/console`. */
export function consoleRoutes(
  deps: ServiceDeps,
  resources: readonly StreamResource[],
): RequestHandler {
  const { slos, clock, version, projectId } = deps;
  const assets = loadAssets();
  const urls = Object.fromEntries(
    Object.entries(assets).map(([name, { url }]) => [name, url]),
  ) as Record<keyof typeof assets, string>;
  const feed = new LiveFeed({ clock, version: () => String(slos?.latest.lastSuccessAtMs ?? 0) });
  const router = express.Router({ caseSensitive: true });

  const page = (path: string, make: (request: Request) => Promise<Page>) =>
    router.get(path, (request: Request, response: Response) => {
      negotiate(request, response, ['html']);
      response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
      return make(request)
        .catch((error: unknown) => failurePage(deps, response, error))
        .then(({ main, ...frame }) => {
          const text = pageHtml({ ...frame, assets: urls, version, projectId }, main);
          if (response.statusCode === 200) sendWhole(request, response, 'html', text);
          else response.type('html').send(text);
        });
    });

  page('/', async () => ({ title: 'Now', page: 'now', main: await now(deps, resources) }));
  page('/slos/:slo', async ({ params }) => oneSlo(deps, String(params['slo'])));
  page('/streams', async () => ({
    title: 'Streams',
    page: 'streams',
    main: streamsPage(await Promise.all(resources.map((each) => streamBody(deps, each)))),
  }));
  page('/streams/:stream', async ({ params }) => {
    const name = String(params['stream']);
    const resource = resources.find(({ stream }) => stream.name === name);
    if (!resource) throw new AppError('not_found', `There is no stream ${shorten(name)}.`);
    const main = streamPage(await streamModel(deps, resource));
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

async function now(deps: ServiceDeps, resources: readonly StreamResource[]): Promise<Html> {
  const { slos, clock } = deps;
  const evaluation = evaluationJson(slos?.latest ?? NOT_EVALUATED, clock.nowMs());
  const [streams, burnDowns] = await Promise.all([
    Promise.all(resources.map((each) => streamBody(deps, each))),
    Promise.all(evaluation.slos.map(({ name }) => burnDownOf(deps, name))),
  ]);
  const known = burnDowns.filter((each) => each !== undefined);
  return nowPage({
    evaluation,
    streams,
    burnDowns: new Map(known.map((each) => [each.slo, each])),
    playbook: deps.playbook ?? (() => undefined),
  });
}

const NOT_EVALUATED = {
  lastSuccessAtMs: undefined,
  durationMs: 0,
  intervalMs: 0,
  statuses: [],
  failure: 'This process evaluates no SLO.',
};

async function oneSlo(deps: ServiceDeps, name: string): Promise<Page> {
  const { slos } = deps;
  const slo = slos?.slos.find((each) => each.name === name);
  if (!slos || !slo) throw new AppError('not_found', `There is no SLO ${shorten(name)}.`);
  const status = slos.latest.statuses.find((each) => each.slo.name === name);
  if (!status) {
    throw new AppError(
      'metrics_unavailable',
      `${slo.title} is not evaluated yet: ${slos.latest.failure ?? 'the first evaluation is under way'}.`,
    );
  }
  const [burnDown, breakdown] = await Promise.all([
    burnDownOf(deps, name),
    slos.breakdown(name)?.then(
      (answer) => breakdownJson(name, answer),
      () => undefined,
    ),
  ]);
  const playbook = deps.playbook ?? (() => undefined);
  const main = sloPage({ slo: statusJson(status), burnDown, breakdown, playbook });
  return { title: slo.title, page: undefined, main };
}

/** A picture that cannot be drawn leaves the page's figures standing. */
async function burnDownOf(
  { slos, logger }: ServiceDeps,
  name: string,
): Promise<BurnDownJson | undefined> {
  try {
    const answer = await slos?.burnDown(name);
    return answer && burnDownJson(name, answer);
  } catch (error) {
    logger.warn('burn_down_unavailable', { slo: name, error: messageOf(error) });
    return undefined;
  }
}

async function streamModel(deps: ServiceDeps, resource: StreamResource): Promise<StreamModel> {
  const { warehouse } = deps;
  const { stream: definition } = resource;
  const { windows } = definition;
  const url = `/?limit=${ROWS_SHOWN}`;
  const [stream, windowsAnswer, quarantine, events] = await Promise.all([
    streamBody(deps, resource),
    windows ? windowsList(deps, resource, url, 'json').then(itemsOf) : null,
    itemsOf(quarantineList(warehouse, definition, url, 'json')),
    itemsOf(eventsList(warehouse, resource, url, 'json')),
  ]);
  return {
    stream,
    columns: definition.columns.map(({ name }) => name),
    groupBy: windows?.groupBy ?? [],
    measures: windows?.measures.map(({ name }) => name) ?? [],
    windows: windowsAnswer,
    quarantine: quarantine.quarantine,
    events: events.events,
  };
}

/** The answer of the list's route, as a reader of the API has it. */
async function itemsOf<T, P>(list: List<T, P>) {
  return JSON.parse((await jsonPage(list, '')).body);
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
