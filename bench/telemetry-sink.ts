/** A receiver of OTLP that takes everything and counts requests: exports cost what they cost with one. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scratch } from './scratch.ts';

export interface TelemetrySink {
  readonly url: string;
  readonly received: { metricsCount: number; tracesCount: number };
}

export async function openSink(scratch: Scratch): Promise<TelemetrySink> {
  const received = { metricsCount: 0, tracesCount: 0 };
  const server = createServer((request, response) => {
    if (request.url === '/v1/traces') received.tracesCount += 1;
    else received.metricsCount += 1;
    request.resume();
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/x-protobuf' });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scratch.defer(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}
