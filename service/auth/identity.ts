/** Who is asking: the configured methods, the first that a request has a credential for. */
import type { IncomingMessage } from 'node:http';
import { AppError } from '../../runtime/index.ts';
import type { AuthMethod, AuthMode } from './method.ts';
import type { Principal } from './principal.ts';

export interface Identity {
  readonly modes: readonly AuthMode[];
  /**
   * A credential that is not valid is refused, even where another one beside it would do.
   * @throws AppError `unauthenticated`, `identity_unavailable`, and `forbidden` for a name that is no loopback's.
   */
  identify(request: IncomingMessage): Promise<Principal>;
}

export function identityOf(methods: readonly [AuthMethod, ...AuthMethod[]]): Identity {
  const modes = methods.map(({ mode }) => mode);
  return {
    modes,
    identify(request) {
      for (const method of methods) {
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
