/** A TCP proxy that can be cut: what lies behind it is then as out of reach as in an outage, and keeps its state. */
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { z } from 'zod';
import { Http2Requests } from './http2-requests.ts';

export interface TcpProxy {
  readonly port: number;
  /** Breaks every connection, mid-request or not, and refuses new ones until `mend`. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export interface TcpProxyOptions {
  /**
   * Ends the requests of a broken HTTP/2 connection towards the server in good order; the client sees no difference. For servers
   * that go on serving a stream whose client has gone.
   */
  readonly endsRequests?: boolean;
}

const addressSchema = z.object({ port: z.number() });

/** Listens on a free loopback port and passes bytes on to `targetPort`. */
export async function startTcpProxy(
  targetPort: number,
  { endsRequests = false }: TcpProxyOptions = {},
): Promise<TcpProxy> {
  const nears = new Set<Socket>();
  const fars = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(targetPort, '127.0.0.1');
    const requests = endsRequests ? new Http2Requests() : undefined;
    nears.add(near);
    fars.add(far);
    near.on('data', (chunk: Buffer) => {
      if (!far.write(requests ? requests.pass(chunk) : chunk)) near.pause();
    });
    far.on('drain', () => near.resume());
    far.on('data', (chunk: Buffer) => {
      if (!near.write(chunk)) far.pause();
    });
    near.on('drain', () => far.resume());
    // Either end that fails or closes takes the other with it; 'close' follows every error.
    near.on('error', () => undefined);
    far.on('error', () => undefined);
    near.once('close', () => {
      nears.delete(near);
      far.resume();
      if (requests) far.end(requests.endAll());
      else far.destroy();
    });
    far.once('close', () => {
      fars.delete(far);
      near.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: addressSchema.parse(server.address()).port,
    cut() {
      isCut = true;
      destroyAll(nears);
    },
    mend() {
      isCut = false;
    },
    close() {
      destroyAll(nears);
      destroyAll(fars);
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function destroyAll(sockets: Iterable<Socket>): void {
  for (const socket of sockets) socket.destroy();
}
