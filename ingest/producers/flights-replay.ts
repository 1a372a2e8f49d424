/** A small local API in AviationStack's shape that replays real flights, for use without the internet. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../runtime/index.ts';
import { AppError, messageOf } from '../../runtime/index.ts';
import type { ReplayedFlights } from './replayed-flights.ts';
import { loadReplayedFlights } from './replayed-flights.ts';

/** What may go wrong with an answer, for tests: `hang` never answers, `garbage` is success without JSON. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string }
  | { readonly kind: 'hang' }
  | { readonly kind: 'garbage' };

export interface FlightsReplayOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly clock: Clock;
  /** Asked for as `access_key` where given. */
  readonly accessKey?: string;
  /** Asked at each request, for tests alone. */
  readonly faults?: () => Fault | undefined;
}

export interface FlightsReplay {
  /** Base for `FLIGHTS_API_URL`. */
  readonly url: string;
  close(): Promise<void>;
}

/** As AviationStack's: 100 unless asked for less. */
const PAGE_RECORDS_MAX = 100;

/**
 * Serves `GET /v1/flights?access_key&limit&offset`. `replayed-flights.ts` says what of it is real.
 * @throws AppError `not_found` without the data package, `address_in_use` where the port is taken.
 */
export async function startFlightsReplay(options: FlightsReplayOptions): Promise<FlightsReplay> {
  const flights = await loadReplayedFlights();
  const server = createServer((request, response) => answer(options, flights, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code === 'EADDRINUSE' ? 'address_in_use' : 'internal';
      const where = `${options.host}:${options.port}`;
      reject(
        new AppError(code, `The flights replay cannot listen on ${where}: ${messageOf(error)}`, {
          cause: error,
        }),
      );
    });
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(
  { accessKey, clock, faults }: FlightsReplayOptions,
  flights: ReplayedFlights,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const fault = faults?.();
  if (fault) return misbehave(fault, response);
  // The target is only taken apart, never followed; what is not a URL is not a route.
  const url = URL.parse(request.url ?? '/', 'http://replay.invalid');
  if (url?.pathname !== '/v1/flights') {
    return refuse(response, 404, 'invalid_api_function', 'This API function does not exist.');
  }
  if (request.method !== 'GET') {
    return refuse(response, 405, 'method_not_allowed', 'Expected GET.');
  }
  const query = url.searchParams;
  if (accessKey !== undefined && query.get('access_key') !== accessKey) {
    const isMissing = !query.get('access_key');
    const code = isMissing ? 'missing_access_key' : 'invalid_access_key';
    return refuse(response, 401, code, 'You have not supplied a valid API access key.');
  }
  const limit = wholeNumber(query.get('limit'), PAGE_RECORDS_MAX);
  const offset = wholeNumber(query.get('offset'), 0);
  if (limit === undefined || limit < 1 || offset === undefined) {
    const message = `Expected limit from 1 to ${PAGE_RECORDS_MAX} and offset from 0.`;
    return refuse(response, 422, 'validation_error', message);
  }
  const all = flights(clock.nowMs());
  const data = all.slice(offset, offset + Math.min(limit, PAGE_RECORDS_MAX));
  const pagination = {
    limit: Math.min(limit, PAGE_RECORDS_MAX),
    offset,
    count: data.length,
    total: all.length,
  };
  send(response, 200, JSON.stringify({ pagination, data }));
}

function misbehave(fault: Fault, response: ServerResponse): void {
  switch (fault.kind) {
    case 'hang':
      return;
    case 'garbage':
      return send(response, 200, '<html>We are sorry');
    case 'status':
      if (fault.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter);
      return refuse(response, fault.status, 'fault', 'A fault that was asked for.');
  }
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  send(response, status, JSON.stringify({ error: { code, message } }));
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(body);
}

function wholeNumber(text: string | null, fallback: number): number | undefined {
  if (text === null) return fallback;
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
