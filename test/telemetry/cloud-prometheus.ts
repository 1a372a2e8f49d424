/** A stand-in of Cloud Monitoring's Prometheus API: answers every query with what a test says, and goes wrong as told. */
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sendFault } from '../terraform/google-apis/fault.ts';
import type { Fault } from '../terraform/google-apis/fault.ts';

export interface CloudQuestion {
  /** `POST /v1/projects/…/query`. */
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly form: Readonly<Record<string, string>>;
}

export interface CloudPrometheus {
  readonly url: string;
  readonly questions: readonly CloudQuestion[];
  /** `data` of the answers. */
  data: unknown;
  /** The same by query and path (`query`, `query_range`), where they differ. */
  dataOf: ((query: string, path: string) => unknown) | undefined;
  takesToken: (token: string) => boolean;
  /** What the questions get in place of an answer, in order. */
  faults: Fault[];
  close(): Promise<void>;
}

export async function startCloudPrometheus(): Promise<CloudPrometheus> {
  const questions: CloudQuestion[] = [];
  const state = {
    data: { resultType: 'vector', result: [] } as unknown,
    dataOf: undefined as CloudPrometheus['dataOf'],
    takesToken: (token: string) => token !== '',
    faults: [] as Fault[],
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { headers } = request;
      const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
      questions.push({ line: `${request.method} ${request.url}`, headers, form });
      const path = request.url?.split('/').at(-1) ?? '';
      const fault = state.faults.shift();
      if (fault) return sendFault(response, fault);
      const [, token = ''] = /^Bearer (.+)$/.exec(headers.authorization ?? '') ?? [];
      const isKnown = state.takesToken(token);
      response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(
          isKnown
            ? { status: 'success', data: state.dataOf?.(form['query'] ?? '', path) ?? state.data }
            : {
                error: {
                  code: 401,
                  message: 'Request had invalid authentication credentials.',
                  status: 'UNAUTHENTICATED',
                },
              },
        ),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    questions,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}
