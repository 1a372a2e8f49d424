/** Who is asking: the configured methods, the first that a request has a credential for. */
import type { IncomingMessage } from 'node:http';
import { AppError } from '../../runtime/index.ts';
import type { AuthMethod, AuthMode } from './method.ts';
import type { Need, Principal } from './principal.ts';

export interface Identity {
  readonly modes: readonly AuthMode[];
  /**
   * A credential that is not valid is refused, even where another one beside it would do.
   * @throws AppError `unauthenticated`, `identity_unavailable`, and `forbidden` for a name that is no loopback's.
   */
  identify(request: IncomingMessage, need?: Need): Promise<Principal>;
}

/** `push` answers for what Pub/Sub itself posts; without it, the methods do. */
export function identityOf(
  methods: readonly [AuthMethod, ...AuthMethod[]],
  push?: AuthMethod,
): Identity {
  const modes = methods.map(({ mode }) => mode);
  return {
    modes,
    identify(request, need) {
      for (const method of need === 'push' && push ? [push] : methods) {
        const principal = method.identify(request);
        if (principal) return principal;
      }
      return Promise.reject(
        new AppError(
          'unauthenticated',
          `Expected a credential: ${modes.map((mode) => EXPECTED[mode]).join(', or ')}.`,
        ),
      );
    },
  };
}

const EXPECTED: Readonly<Record<AuthMode, string>> = {
  none: 'none',
  iap: 'a request that came through Identity-Aware Proxy',
  oidc: 'a Google ID token as Authorization: Bearer',
  'api-key': 'an API key as Authorization: Bearer or X-API-Key',
};
