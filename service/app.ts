/** The whole API as one Express app: every route in one table, nothing listening. */
import { randomUUID } from 'node:crypto';
import express from 'express';
import type { Express, NextFunction, Request, RequestHandler, Response } from 'express';
import { AppError } from '../runtime/index.ts';
import type { LogFields } from '../runtime/index.ts';
import { bodyReader } from './body.ts';
import { consoleRoutes } from './console/console.ts';
import type { ServiceDeps } from './deps.ts';
import { docsPage } from './docs-page.ts';
import { faultGate } from './fault-gate.ts';
import { openApiDocument } from './openapi.ts';
import { readQuery, shorten } from './parameters.ts';
import { problemHandler, ServiceError } from './problem.ts';
import { isCanaryRequest, requestTelemetry } from './request-telemetry.ts';
import { negotiate, sendWhole } from './respond.ts';
import { acknowledgeIncident, listAlerts, listIncidents, oneIncident } from './routes/alerts.ts';
import { listEvents, oneEvent } from './routes/events.ts';
import { healthz, readyz } from './routes/health.ts';
import { publishEvents } from './routes/publish.ts';
import { listQuarantine } from './routes/quarantine.ts';
import { replayQuarantined } from './routes/replay.ts';
import { listSlos, oneSlo, sloBreakdown, sloBurnDown, sloHistory } from './routes/slos.ts';
import { addSilence, endSilence, listSilences } from './routes/silences.ts';
import { listStreams, oneStream, welcome } from './routes/streams.ts';
import { listWindows } from './routes/windows.ts';
import { streamResource } from './stream-resource.ts';
import type { StreamResource } from './stream-resource.ts';

type Handler = (request: Request, response: Response) => void | Promise<void>;

interface Route {
  readonly get?: Handler;
  readonly post?: readonly [RequestHandler, Handler];
}

/** Longest target shown in a log line. */
const LOGGED_URL_LENGTH_MAX = 2_000;
const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** @throws AppError `invalid_definition` where a stream cannot be served. */
export function createApp(deps: ServiceDeps): Express {
  const resources = deps.streams.map((each) => streamResource(each, deps.warehouse, deps.clock));
  const byName = new Map(resources.map((each) => [each.stream.name, each]));
  const document = openApiDocument(resources, deps);
  const documentText = JSON.stringify(document);
  const docs = docsPage(document);
  const known = (handler: (resource: StreamResource, ...rest: Parameters<Handler>) => unknown) =>
    (async (request, response) => {
      await handler(namedStream(byName, request), request, response);
    }) satisfies Handler;

  const routes: Readonly<Record<string, Route>> = {
    '/': { get: (request, response) => welcome(deps, request, response) },
    '/v1/streams': { get: (request, response) => listStreams(deps, resources, request, response) },
    '/v1/streams/:stream': { get: known((...each) => oneStream(deps, ...each)) },
    '/v1/streams/:stream/events': {
      get: known((...each) => listEvents(deps, ...each)),
      post: [
        bodyReader(deps.limits.bodyBytesMax),
        known((...each) => publishEvents(deps, ...each)),
      ],
    },
    '/v1/streams/:stream/events/:id': { get: known((...each) => oneEvent(deps, ...each)) },
    '/v1/streams/:stream/windows': { get: known((...each) => listWindows(deps, ...each)) },
    '/v1/streams/:stream/quarantine': { get: known((...each) => listQuarantine(deps, ...each)) },
    '/v1/streams/:stream/quarantine/replay': {
      post: [
        bodyReader(deps.limits.bodyBytesMax),
        known((...each) => replayQuarantined(deps, ...each)),
      ],
    },
    ...sloRoutes(deps),
    ...alertRoutes(deps),
    '/healthz': { get: healthz },
    '/readyz': { get: readyz(deps) },
    '/openapi.json': {
      get(request, response) {
        negotiate(request, response, ['json']);
        readQuery(request.url, []);
        sendWhole(request, response, 'json', documentText);
      },
    },
    '/docs': {
      get(request, response) {
        negotiate(request, response, ['html']);
        readQuery(request.url, []);
        response.setHeader('Content-Security-Policy', docs.contentSecurityPolicy);
        sendWhole(request, response, 'html', docs.html);
      },
    },
  };

  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', false);
  app.enable('case sensitive routing');
  // Before the measurement and the injected faults: an on-call engineer's pages are no users' requests, and work in a game day.
  app.use('/console', opening(deps), consoleRoutes(deps, resources));
  if (deps.metrics) {
    const served = Object.entries(routes).map(([path, { get, post }]) => ({
      path,
      methods: [...(get ? (['GET'] as const) : []), ...(post ? (['POST'] as const) : [])],
    }));
    app.use(requestTelemetry({ ...deps, metrics: deps.metrics, routes: served }));
  }
  app.use(opening(deps));
  // Behind the match, so that what it fails and delays is measured under its own route.
  const gate = deps.faults ? [faultGate(deps.faults, deps.clock)] : [];
  for (const [path, { get, post }] of Object.entries(routes)) {
    const route = app.route(path);
    if (get) route.get(...gate, get);
    if (post) route.post(...gate, ...post);
    route.all(
      otherMethods(
        [...(get ? ['GET', 'HEAD'] : []), 'OPTIONS', ...(post ? ['POST'] : [])].join(', '),
      ),
    );
  }
  app.use((request: Request) => {
    throw new AppError(
      'not_found',
      `There is nothing at ${shorten(request.path)}; /docs lists what there is.`,
    );
  });
  app.use(problemHandler(deps.logger));
  return app;
}

function sloRoutes(deps: ServiceDeps): Readonly<Record<string, Route>> {
  const { slos } = deps;
  if (!slos) return {};
  return {
    '/v1/slos': { get: (...each) => listSlos(deps, slos, ...each) },
    '/v1/slos/:slo': { get: (...each) => oneSlo(slos, ...each) },
    '/v1/slos/:slo/history': { get: (...each) => sloHistory(deps, slos, ...each) },
    '/v1/slos/:slo/burn-down': { get: (...each) => sloBurnDown(slos, ...each) },
    '/v1/slos/:slo/breakdown': { get: (...each) => sloBreakdown(slos, ...each) },
  };
}

function alertRoutes(deps: ServiceDeps): Readonly<Record<string, Route>> {
  const { alerts } = deps;
  if (!alerts) return {};
  const body = () => bodyReader(deps.limits.bodyBytesMax);
  return {
    '/v1/alerts': { get: (...each) => listAlerts(deps, alerts, ...each) },
    '/v1/incidents': { get: (...each) => listIncidents(alerts, ...each) },
    '/v1/incidents/:incident': { get: (...each) => oneIncident(alerts, ...each) },
    '/v1/incidents/:incident/acknowledge': {
      post: [body(), (...each) => acknowledgeIncident(alerts, ...each)],
    },
    '/v1/silences': {
      get: (...each) => listSilences(alerts, ...each),
      post: [body(), (...each) => addSilence(deps, alerts, ...each)],
    },
    '/v1/silences/:silence/end': { post: [body(), (...each) => endSilence(alerts, ...each)] },
  };
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

/** What every answer has: a request id, headers for browsers, a log line once it is over. */
function opening({ clock, logger }: ServiceDeps): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const startedAtMs = clock.monotonicMs();
    const given = request.headers['x-request-id'];
    const requestId = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    response.locals['requestId'] = requestId;
    response.setHeader('X-Request-Id', requestId);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    const { method, originalUrl } = request;
    response.once('close', () => {
      const route = request.route as { path?: unknown } | undefined;
      const isProbe =
        route?.path === '/healthz' || route?.path === '/readyz' || isCanaryRequest(request);
      const durationMs = Math.round((clock.monotonicMs() - startedAtMs) * 1_000) / 1_000;
      logger[isProbe ? 'debug' : 'info']('http_request', {
        message: `${method} ${originalUrl.slice(0, LOGGED_URL_LENGTH_MAX)} ${response.statusCode}`,
        httpRequest: {
          requestMethod: method,
          requestUrl: originalUrl.slice(0, LOGGED_URL_LENGTH_MAX),
          status: response.statusCode,
          latency: `${(durationMs / 1_000).toFixed(6)}s`,
        },
        route: typeof route?.path === 'string' ? route.path : null,
        durationMs,
        requestId,
        isAborted: !response.writableFinished,
        ...(response.locals['logFields'] as LogFields | undefined),
      });
    });
    if (request.path.includes('%')) checkEncoding(request.path);
    next();
  };
}

function checkEncoding(path: string): void {
  try {
    decodeURIComponent(path);
  } catch (error) {
    throw new AppError(
      'invalid_argument',
      'The path has a percent sign that begins no UTF-8 character.',
      { cause: error },
    );
  }
}

function otherMethods(allow: string): RequestHandler {
  return (request, response) => {
    if (request.method === 'OPTIONS') {
      response.setHeader('Allow', allow);
      response.statusCode = 204;
      response.end();
      return;
    }
    throw new ServiceError(
      'method_not_allowed',
      `${request.method} is not possible here; expected one of ${allow}.`,
      { headers: { Allow: allow } },
    );
  };
}
