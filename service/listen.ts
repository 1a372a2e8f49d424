/** Puts an app on a port, and takes it off again without dropping a request. */
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { Express } from 'express';
import { listenOn } from '../runtime/index.ts';

/** Longer than the 600 s of Google's load balancers, so that they and not we end an idle connection. */
const KEEP_ALIVE_TIMEOUT_MS = 620_000;
/** A connection that moves no byte for this long amid a request is cut: a stalled reader holds a page of rows. */
const STALLED_TIMEOUT_MS = 120_000;
/** Open sockets; about 50 KB each, so some 200 MB at worst. */
const CONNECTIONS_MAX = 4_096;
/** All headers of a request together; a token has two KB at most. */
const HEADER_BYTES_MAX = 16_384;

/** How long a client may take to send; who is slower is answered 408 and cut. */
export interface ReceiveLimits {
  /** For the headers. */
  readonly headersMs: number;
  /** For the whole request: 5 MB at 1.4 Mbit/s. */
  readonly requestMs: number;
  /** Between two looks at who is too slow. */
  readonly checkEveryMs: number;
}

const RECEIVE_LIMITS: ReceiveLimits = { headersMs: 10_000, requestMs: 30_000, checkEveryMs: 1_000 };

export interface Listening {
  readonly port: number;
  /** Stops accepting, lets requests under way finish, then closes every connection; safe to call twice. */
  close(): Promise<void>;
}

/**
 * Listens on `host:port`; port 0 takes a free one.
 * @throws AppError `address_in_use` that names the port and the setting, `invalid_config` for any other refusal.
 */
export async function listen(
  app: Express,
  at: { host: string; port: number },
  receive: ReceiveLimits = RECEIVE_LIMITS,
): Promise<Listening> {
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: receive.headersMs,
      requestTimeout: receive.requestMs,
      connectionsCheckingInterval: receive.checkEveryMs,
    },
    app,
  );
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  server.timeout = STALLED_TIMEOUT_MS;
  server.maxConnections = CONNECTIONS_MAX;

  let closed: Promise<void> | undefined;
  const underWay = new Set<ServerResponse>();
  server.prependListener('request', (_request, response) => {
    underWay.add(response);
    if (closed) response.setHeader('Connection', 'close');
    response.once('close', () => {
      underWay.delete(response);
      if (closed) setImmediate(() => server.closeIdleConnections());
    });
  });

  const close = () =>
    (closed ??= new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const response of underWay) {
        if (!response.headersSent) response.setHeader('Connection', 'close');
      }
      server.closeIdleConnections();
    }));

  const port = await listenOn(server, at, 'PORT');
  return { port, close };
}
