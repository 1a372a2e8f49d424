/** What every request leaves behind: its duration by route and status, bytes, and a server span. */
import type { Request, RequestHandler, Response } from 'express';
import type { Clock } from '../runtime/index.ts';
import {
  CANARY_STREAM,
  markFailed,
  parseTraceparent,
  observedTrace,
  startSpan,
  traceLogFields,
  withSpan,
} from '../telemetry/index.ts';
import type { CounterSeries, HistogramSeries, Metrics } from '../telemetry/index.ts';

/** Paths that no route has. */
const UNMATCHED = 'unmatched';
/** The client left before the answer was whole; nginx's number. It is no server error and no success. */
const CLIENT_LEFT = 499;
/** Failures that a rate must see from the first one on, so their series are there before. */
const AWAITED_STATUSES = { GET: [200, 500, 503, 504], POST: [202, 500, 503, 504] } as const;
const STREAM_PARAMETER = ':stream';
const CANARY_PREFIX = `/v1/streams/${CANARY_STREAM}/`;
/** Their failures are no user's, so their series need not be there before. */
const PROBES: readonly string[] = ['/healthz', '/readyz'];

export interface RequestTelemetryOptions {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly projectId: string;
  /** Path and methods of every route. */
  readonly routes: readonly {
    readonly path: string;
    readonly methods: readonly ('GET' | 'POST')[];
  }[];
}

/**
 * Measures from here to the last byte. The route is the template, never the path; the canary's own stream stands in it by
 * name, so that its requests can be told from users'. An answer that broke off for a fault of ours counts as that fault.
 */
export function requestTelemetry(options: RequestTelemetryOptions): RequestHandler {
  const { metrics, clock, projectId } = options;
  const durations = new Map<string, HistogramSeries>();
  const bytes = new Map<string, CounterSeries>();
  let activeCount = 0;
  metrics.observe('http_server_active_requests', () => [{ labels: {}, value: activeCount }]);

  const duration = (method: string, route: string, status: number): HistogramSeries => {
    const key = `${method} ${status} ${route}`;
    let series = durations.get(key);
    if (!series) {
      series = metrics.histogram('http_server_request_duration_seconds', {
        http_request_method: method,
        http_route: route,
        http_response_status_code: String(status),
      });
      // Where the label limit is reached the facade gives the series `other`; it need not be remembered by each name.
      if (durations.size < SERIES_REMEMBERED_MAX) durations.set(key, series);
    }
    return series;
  };
  const bytesOf = (route: string): CounterSeries => {
    let series = bytes.get(route);
    if (!series) {
      series = metrics.counter('http_server_response_bytes_total', { http_route: route });
      bytes.set(route, series);
    }
    return series;
  };
  for (const { path, methods } of options.routes) {
    bytesOf(path);
    if (PROBES.includes(path)) continue;
    for (const method of methods) {
      for (const status of AWAITED_STATUSES[method]) duration(method, path, status);
    }
  }

  return (request, response, next) => {
    const startedAtMs = clock.monotonicMs();
    const { socket, method } = request;
    const bytesBefore = socket.bytesWritten;
    activeCount += 1;
    const given = request.headers['traceparent'];
    const parent = parseTraceparent(typeof given === 'string' ? given : undefined);
    const span = startSpan(method, { role: 'server', parent: parent ?? 'root' });
    if (span.isRecording()) response.locals['logFields'] = traceLogFields(projectId, span);
    response.once('close', () => {
      activeCount -= 1;
      const route = routeOf(request);
      const status = statusOf(response);
      const seconds = (clock.monotonicMs() - startedAtMs) / 1_000;
      duration(methodOf(method), route, status).observe(
        seconds,
        observedTrace(clock.nowMs(), span),
      );
      const written = socket.bytesWritten - bytesBefore;
      if (written > 0) bytesOf(route).add(written);
      if (!span.isRecording()) return;
      span.updateName(`${method} ${route}`);
      span.setAttribute('http.request.method', method);
      span.setAttribute('http.route', route);
      span.setAttribute('http.response.status_code', status);
      if (status >= 500) markFailed(span, `status ${status}`);
      span.end();
    });
    if (span.isRecording()) withSpan(span, next);
    else next();
  };
}

/** More than the label limits allow series. */
const SERIES_REMEMBERED_MAX = 2_000;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Methods are a client's free choice; those beside the usual ones are one. */
function methodOf(method: string): string {
  return METHODS.includes(method) ? method : 'other';
}

function routeOf(request: Request): string {
  const route = request.route as { path?: unknown } | undefined;
  if (typeof route?.path !== 'string') return UNMATCHED;
  return isCanaryRequest(request)
    ? route.path.replace(STREAM_PARAMETER, CANARY_STREAM)
    : route.path;
}

/** By the path: the parameters are gone once a handler has failed. */
export function isCanaryRequest({ originalUrl }: Request): boolean {
  return originalUrl.startsWith(CANARY_PREFIX);
}

/** The status that was sent, or what the answer would have said had it not broken off. */
function statusOf(response: Response): number {
  const brokeOff: unknown = response.locals['brokeOffStatus'];
  if (typeof brokeOff === 'number') return brokeOff;
  if (response.writableFinished || response.statusCode >= 500) return response.statusCode;
  return CLIENT_LEFT;
}
