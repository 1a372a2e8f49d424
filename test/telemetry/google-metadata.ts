/** A stand-in for the metadata server of Google Cloud: it gives the application default credentials their tokens. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface GoogleMetadata {
  /** Every token that was given out, in order. */
  readonly tokens: readonly string[];
  /** Of the tokens from now on. */
  lifeSeconds: number;
  /** Whether tokens are refused. */
  isRefusing: boolean;
  /** Whether nothing is answered. */
  isSilent: boolean;
  /** Whether the last token is given again, as a server with a cache does. */
  isRepeating: boolean;
  /** Sends another process to it. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const FACTS: Readonly<Record<string, string>> = {
  '/computeMetadata/v1/instance': 'attributes/',
  '/computeMetadata/v1/project/project-id': 'a-project',
  '/computeMetadata/v1/universe/universe-domain': 'googleapis.com',
  '/computeMetadata/v1/instance/region': 'projects/12/regions/europe-north1',
  '/computeMetadata/v1/instance/id': '00bf4bf02d',
};
const TOKEN = /^\/computeMetadata\/v1\/instance\/service-accounts\/default\/token/;

/** Started, and set as this process's metadata server. */
export async function startGoogleMetadata(): Promise<GoogleMetadata> {
  const tokens: string[] = [];
  const state = { lifeSeconds: 3_600, isRefusing: false, isRepeating: false, isSilent: false };
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0]?.replace(/\/$/, '') ?? '';
    if (state.isSilent) return;
    response.setHeader('metadata-flavor', 'Google');
    if (TOKEN.test(path)) {
      if (state.isRefusing) {
        response.writeHead(403).end('refused by the test');
        return;
      }
      const last = state.isRepeating ? tokens.at(-1) : undefined;
      const token = last ?? `ya29.token-${tokens.length + 1}`;
      if (last === undefined) tokens.push(token);
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          access_token: token,
          expires_in: state.lifeSeconds,
          token_type: 'Bearer',
        }),
      );
      return;
    }
    const fact = FACTS[path];
    response.writeHead(fact === undefined ? 404 : 200, { 'content-type': 'application/text' });
    response.end(fact ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const environment = {
    GCE_METADATA_HOST: `127.0.0.1:${port}`,
    METADATA_SERVER_DETECTION: 'assume-present',
  };
  Object.assign(process.env, environment);
  return Object.assign(state, {
    tokens,
    environment,
    close: () =>
      new Promise<void>((resolve) => {
        delete process.env['GCE_METADATA_HOST'];
        process.env['METADATA_SERVER_DETECTION'] = 'none';
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}
