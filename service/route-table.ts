/** The one table of all routes: what each answers, and what it needs of its caller. */
import type { Request } from 'express';
import { PanelReader } from '../dashboards/index.ts';
import { AppError } from '../runtime/index.ts';
import { bodyReader } from './body.ts';
import type { ServiceDeps } from './deps.ts';
import { consoleRoutes } from './console/console.ts';
import { docsPage } from './docs-page.ts';
import { openApiDocument } from './openapi.ts';
import { readQuery, shorten } from './parameters.ts';
import { negotiate, sendWhole } from './respond.ts';
import type { Handler, Route, RouteOperation, RouteTable } from './route.ts';
import {
  acknowledgeIncident,
  listAlerts,
  listEvidence,
  listIncidents,
  oneIncident,
} from './routes/alerts.ts';
import { listDashboards, oneDashboard } from './routes/dashboards.ts';
import { listEvents, oneEvent } from './routes/events.ts';
import { healthz, readyz } from './routes/health.ts';
import { publishEvents } from './routes/publish.ts';
import { receivePush } from './routes/push.ts';
import { listQuarantine } from './routes/quarantine.ts';
import { replayQuarantined } from './routes/replay.ts';
import {
  listSlos,
  oneSlo,
  sloBreakdown,
  sloBurnDown,
  sloHistory,
  sloWhatIf,
} from './routes/slos.ts';
import { addSilence, endSilence, listSilences } from './routes/silences.ts';
import { oneTrace } from './routes/traces.ts';
import { listStreams, oneStream, welcome } from './routes/streams.ts';
import { listWindows } from './routes/windows.ts';
import { WhatIf } from './what-if.ts';
import { streamResource } from './stream-resource.ts';
import type { StreamResource } from './stream-resource.ts';

/** Pub/Sub's largest message, in base64, with its attributes. */
const PUSH_BODY_BYTES_MAX = 14 * 2 ** 20;

/** @throws AppError `invalid_definition` where a stream cannot be served. */
export function routeTable(deps: ServiceDeps): RouteTable {
  const resources = deps.streams.map((each) => streamResource(each, deps.warehouse, deps.clock));
  const byName = new Map(resources.map((each) => [each.stream.name, each]));
  const body = () => bodyReader(deps.limits.bodyBytesMax);
  const known = (handle: (resource: StreamResource, ...rest: Parameters<Handler>) => unknown) =>
    (async (request, response) => {
      await handle(namedStream(byName, request), request, response);
    }) satisfies Handler;

  const panels = panelReader(deps);
  const whatIf = openWhatIf(deps);
  const routes: RouteTable = {
    '/': reads((request, response) => welcome(deps, request, response)),
    '/v1/streams': queries((...each) => listStreams(deps, resources, ...each)),
    '/v1/streams/:stream': queries(known((...each) => oneStream(deps, ...each))),
    '/v1/streams/:stream/events': {
      ...queries(known((...each) => listEvents(deps, ...each))),
      post: {
        needs: 'publisher',
        lane: 'publish',
        before: body(),
        handle: known((...each) => publishEvents(deps, ...each)),
      },
    },
    '/v1/streams/:stream/events/:id': queries(known((...each) => oneEvent(deps, ...each))),
    '/v1/streams/:stream/windows': queries(known((...each) => listWindows(deps, ...each))),
    '/v1/streams/:stream/quarantine': queries(known((...each) => listQuarantine(deps, ...each))),
    '/v1/streams/:stream/quarantine/replay': {
      post: {
        needs: 'operator',
        lane: 'publish',
        before: body(),
        handle: known((...each) => replayQuarantined(deps, ...each)),
      },
    },
    ...pushRoutes(deps, known),
    ...sloRoutes(deps, whatIf),
    ...alertRoutes(deps),
    ...dashboardRoutes(panels),
    ...(deps.traces ? { '/v1/traces/:trace': reads((...each) => oneTrace(deps, ...each)) } : {}),
    '/console': {
      mount: {
        needs: 'reader',
        posts: 'operator',
        handle: consoleRoutes(deps, resources, { panels, whatIf }),
      },
    },
    '/healthz': { get: { needs: 'nothing', handle: healthz } },
    '/readyz': { get: { needs: 'nothing', handle: readyz(deps) } },
  };
  return { ...routes, ...documentRoutes(routes, deps, resources) };
}

function reads(handle: Handler): Route {
  return { get: { needs: 'reader', handle } };
}

/** Reads that ask the warehouse. */
function queries(handle: Handler): Route {
  return { get: { needs: 'reader', lane: 'read', handle } };
}

function pushRoutes(
  { push, limits }: ServiceDeps,
  known: (handle: (resource: StreamResource, ...rest: Parameters<Handler>) => unknown) => Handler,
): RouteTable {
  if (!push) return {};
  return {
    '/v1/streams/:stream/push': {
      post: {
        needs: 'push',
        lane: 'push',
        // Ten MB of message are a third more in base64.
        before: bodyReader(Math.max(limits.bodyBytesMax, PUSH_BODY_BYTES_MAX)),
        handle: known((...each) => receivePush(push, ...each)),
      },
    },
  };
}

function openWhatIf({ slos, alerts, signals, clock }: ServiceDeps): WhatIf | undefined {
  return slos && alerts && signals && new WhatIf({ slos, alerts, signals, clock });
}

function sloRoutes(deps: ServiceDeps, whatIf: WhatIf | undefined): RouteTable {
  const { slos } = deps;
  if (!slos) return {};
  return {
    '/v1/slos': reads((...each) => listSlos(deps, slos, ...each)),
    '/v1/slos/:slo': reads((...each) => oneSlo(slos, ...each)),
    '/v1/slos/:slo/history': reads((...each) => sloHistory(deps, slos, ...each)),
    '/v1/slos/:slo/burn-down': reads((...each) => sloBurnDown(slos, ...each)),
    '/v1/slos/:slo/breakdown': reads((...each) => sloBreakdown(slos, ...each)),
    ...(whatIf
      ? { '/v1/slos/:slo/what-if': reads((...each) => sloWhatIf(slos, whatIf, ...each)) }
      : {}),
  };
}

function alertRoutes(deps: ServiceDeps): RouteTable {
  const { alerts, limits } = deps;
  if (!alerts) return {};
  const operates = (handle: Handler): RouteOperation => ({
    needs: 'operator',
    before: bodyReader(limits.bodyBytesMax),
    handle,
  });
  return {
    '/v1/alerts': reads((...each) => listAlerts(deps, alerts, ...each)),
    '/v1/incidents': reads((...each) => listIncidents(alerts, ...each)),
    '/v1/incidents/:incident': reads((...each) => oneIncident(alerts, ...each)),
    '/v1/incidents/:incident/evidence': reads((...each) => listEvidence(deps, alerts, ...each)),
    '/v1/incidents/:incident/acknowledge': {
      post: operates((...each) => acknowledgeIncident(alerts, ...each)),
    },
    '/v1/silences': {
      ...reads((...each) => listSilences(alerts, ...each)),
      post: operates((...each) => addSilence(deps, alerts, ...each)),
    },
    '/v1/silences/:silence/end': { post: operates((...each) => endSilence(alerts, ...each)) },
  };
}

function panelReader({ dashboards, signals, clock }: ServiceDeps): PanelReader | undefined {
  return dashboards && signals && new PanelReader({ dashboards, reader: signals, clock });
}

function dashboardRoutes(panels: PanelReader | undefined): RouteTable {
  if (!panels) return {};
  return {
    '/v1/dashboards': reads((...each) => listDashboards(panels, ...each)),
    '/v1/dashboards/:dashboard': reads((...each) => oneDashboard(panels, ...each)),
  };
}

/** The documents describe all other routes and themselves. */
function documentRoutes(
  others: RouteTable,
  deps: ServiceDeps,
  resources: readonly StreamResource[],
): RouteTable {
  const own = {
    '/openapi.json': reads((request, response) => {
      negotiate(request, response, ['json']);
      readQuery(request.url, []);
      sendWhole(request, response, 'json', documentText);
    }),
    '/docs': reads((request, response) => {
      negotiate(request, response, ['html']);
      readQuery(request.url, []);
      response.setHeader('Content-Security-Policy', docs.contentSecurityPolicy);
      sendWhole(request, response, 'html', docs.html);
    }),
  };
  const document = openApiDocument(resources, deps, { ...others, ...own });
  const documentText = JSON.stringify(document);
  const docs = docsPage(document);
  return own;
}

function namedStream(
  byName: ReadonlyMap<string, StreamResource>,
  request: Request,
): StreamResource {
  const name = String(request.params['stream']);
  const resource = byName.get(name);
  if (resource) return resource;
  const names = [...byName.keys()].join(', ') || 'none';
  throw new AppError('not_found', `There is no stream ${shorten(name)}; there are: ${names}.`);
}
