/** The whole API as one Express app: every route in one table, nothing listening. */
import { randomUUID } from 'node:crypto';
import express from 'express';
import type { Express, NextFunction, Request, RequestHandler, Response } from 'express';
import { AppError } from '../runtime/index.ts';
import type { LogFields } from '../runtime/index.ts';
import { accessGate, nothingAt, principalOf } from './auth/access-gate.ts';
import type { ServiceDeps } from './deps.ts';
import { faultGate } from './fault-gate.ts';
import { inLane, openLanes } from './overload/lanes.ts';
import type { Lanes } from './overload/lanes.ts';
import { problemHandler, ServiceError } from './problem.ts';
import { isCanaryRequest, requestTelemetry } from './request-telemetry.ts';
import { isMounted, methodsOf } from './route.ts';
import type { RouteOperation } from './route.ts';
import { routeTable } from './route-table.ts';

/** Longest target shown in a log line. */
const LOGGED_URL_LENGTH_MAX = 2_000;
const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** @throws AppError `invalid_definition` where a stream cannot be served. */
export function createApp(deps: ServiceDeps): Express {
  const table = routeTable(deps);
  const lanes = openLanes(deps);
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', false);
  app.enable('case sensitive routing');
  if (deps.metrics) {
    const routes = Object.entries(table).map(([path, route]) => ({
      path,
      methods: methodsOf(route),
    }));
    const measure = requestTelemetry({ ...deps, metrics: deps.metrics, routes });
    app.use((request, response, next) => {
      if (isMounted(table, request.path)) next();
      else void measure(request, response, next);
    });
  }
  app.use(opening(deps));
  app.use(accessGate(table, deps));
  // Before the injected faults, as beside the measurement: an on-call engineer's pages are no users' requests, and work in a
  // game day.
  for (const [path, { mount }] of Object.entries(table)) if (mount) app.use(path, mount.handle);
  // Behind the match, so that what it fails and delays is measured under its own route.
  const faults = deps.faults ? [faultGate(deps.faults, deps.clock)] : [];
  for (const [path, { get, post, mount }] of Object.entries(table)) {
    if (mount) continue;
    const route = app.route(path);
    if (get) route.get(...faults, ...handlersOf(get, lanes));
    if (post) route.post(...faults, ...handlersOf(post, lanes));
    route.all(
      otherMethods(
        [...(get ? ['GET', 'HEAD'] : []), 'OPTIONS', ...(post ? ['POST'] : [])].join(', '),
      ),
    );
  }
  // What a mounted router leaves; all else is refused at the gate.
  app.use((request: Request) => {
    throw nothingAt(request.path);
  });
  app.use(problemHandler(deps.logger));
  return app;
}

function handlersOf({ before, handle, lane }: RouteOperation, lanes: Lanes): RequestHandler[] {
  const handler = lane ? inLane(lanes, lane, handle) : handle;
  return before ? [before, handler] : [handler];
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
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    // Browsers heed it over HTTPS alone, which on Google Cloud is the only way here.
    response.setHeader('Strict-Transport-Security', 'max-age=31536000');
    const { method, originalUrl } = request;
    response.once('close', () => {
      const route = request.route as { path?: unknown } | undefined;
      const isProbe =
        route?.path === '/healthz' || route?.path === '/readyz' || isCanaryRequest(request);
      const principal = principalOf(response);
      const refusedFor: unknown = response.locals['refusedFor'];
      const durationMs = Math.round((clock.monotonicMs() - startedAtMs) * 1_000) / 1_000;
      const isQuiet = isProbe || response.locals['isShed'] === true;
      logger[isQuiet ? 'debug' : 'info']('http_request', {
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
        ...(principal ? { principal: principal.id } : {}),
        ...(refusedFor === undefined ? {} : { refusedFor }),
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
