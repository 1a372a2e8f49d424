/** One way in which a caller proves who they are. */
import type { IncomingMessage } from 'node:http';
import type { Principal } from './principal.ts';

export const AUTH_MODES = ['none', 'iap', 'oidc', 'api-key'] as const;
export type AuthMode = (typeof AUTH_MODES)[number];

export interface AuthMethod {
  readonly mode: AuthMode;
  /**
   * `undefined` where the request carries no credential of this kind.
   * @throws AppError `unauthenticated` for one that is not valid.
   */
  identify(request: IncomingMessage): Promise<Principal> | undefined;
}

/** The credential of `Authorization: Bearer`. */
export function bearerOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
}

/** A header that was sent once. */
export function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
