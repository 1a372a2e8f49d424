/** An issuer of tokens with keys of its own, which serves them as Google does; it can rotate them, fail and count. */
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { JWK, JWTPayload } from 'jose';
import { listenOn } from '../../../runtime/index.ts';

export type Algorithm = 'ES256' | 'RS256';

export interface Key {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

export interface Issuer {
  readonly keysUrl: string;
  /** Keys served from now on. */
  publish(...keys: readonly Key[]): void;
  /** Answers 500 from now on. */
  fail(isFailing: boolean): void;
  fetchCount(): number;
  close(): Promise<void>;
}

export async function newKey(alg: Algorithm, kid: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
  return { kid, alg, privateKey, publicKey, jwk };
}

export async function startIssuer(...first: readonly Key[]): Promise<Issuer> {
  let keys = first;
  let isDown = false;
  let fetchCount = 0;
  const server = createServer((_request, response) => {
    fetchCount += 1;
    response.writeHead(isDown ? 500 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
  });
  const port = await listenOn(server, { host: '127.0.0.1', port: 0 }, 'none');
  return {
    keysUrl: `http://127.0.0.1:${port}/keys`,
    publish(...next) {
      keys = next;
    },
    fail(isFailing) {
      isDown = isFailing;
    },
    fetchCount: () => fetchCount,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A token of `key`; `header` may lie about it. */
export function sign(
  key: Pick<Key, 'kid' | 'alg' | 'privateKey'>,
  claims: JWTPayload,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header })
    .sign(key.privateKey);
}
