/** The internal port: `/metrics` in Prometheus text or OpenMetrics, and what else operators may ask of a process. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenOn, messageOf } from '../runtime/index.ts';
import type { Logger } from '../runtime/index.ts';
import { CONTENT_TYPES, formatFor, metricsText } from './prometheus-text.ts';
import type { MetricFamily } from './sample.ts';

/** Answers a request under its path. */
export type InternalRoute = (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void> | void;

export interface MetricsServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly families: () => Promise<readonly MetricFamily[]>;
  /** Further paths, such as `/faults`. */
  readonly routes?: Readonly<Record<string, InternalRoute>>;
  readonly logger: Logger;
}

export interface MetricsServer {
  readonly port: number;
  readonly url: string;
  /** A further path, of a part that is opened later. */
  addRoute(path: string, route: InternalRoute): void;
  close(): Promise<void>;
}

/** @throws AppError `address_in_use` that names the port and METRICS_PORT */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { host, families, logger } = options;
  const routes: Record<string, InternalRoute> = {
    '/metrics': (request, response) => sendMetrics(families, request, response),
    ...options.routes,
  };
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (!route) {
      sendText(
        response,
        404,
        `There is nothing here; there are: ${Object.keys(routes).join(', ')}`,
      );
      return;
    }
    Promise.resolve()
      .then(() => route(request, response))
      .catch((error: unknown) => {
        logger.error('internal_request_failed', { error, path });
        if (response.headersSent) response.destroy();
        else sendText(response, 500, messageOf(error));
      });
  });
  const port = await listenOn(server, { host, port: options.port }, 'METRICS_PORT');
  return {
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    addRoute(path, route) {
      routes[path] = route;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function sendMetrics(
  families: MetricsServerOptions['families'],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    sendText(response, 405, 'Expected GET.');
    return;
  }
  const format = formatFor(request.headers.accept);
  const text = metricsText(await families(), format);
  response.writeHead(200, { 'content-type': CONTENT_TYPES[format], vary: 'accept' });
  response.end(request.method === 'HEAD' ? undefined : text);
}

/** A short answer of the internal port. */
export function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}
