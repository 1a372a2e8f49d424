/** No identity: everyone may do everything, on loopback or where that was said twice. */
import { AppError } from '../../runtime/index.ts';
import type { AuthMethod } from './method.ts';
import { ROLES } from './principal.ts';
import type { Principal } from './principal.ts';

export const ANYONE: Principal = { id: 'anyone', roles: ROLES, isPush: true };

const LOOPBACK_ADDRESS = /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/;
/** A page in a browser reaches loopback under a name of its own, and could then read the answers. */
const LOOPBACK_HOST = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d+)?$/i;

export interface NoneOptions {
  /** What the API binds to. */
  readonly host: string;
  /** Said beside the mode itself: whoever reaches the port may read, publish and operate. */
  readonly isOpenToAll: boolean;
}

/** @throws AppError `invalid_config` where the port can be reached from elsewhere and that was not said. */
export function noneMethod({ host, isOpenToAll }: NoneOptions): AuthMethod {
  if (!isOpenToAll && !LOOPBACK_ADDRESS.test(host)) {
    throw new AppError(
      'invalid_config',
      `AUTH_MODE: none expects HIGHWATER_HOST on loopback, such as 127.0.0.1; got ${host}. Choose iap, oidc or api-key; where everyone who reaches the port may do everything, say AUTH_OPEN_TO_ALL=yes too.`,
    );
  }
  const anyone = Promise.resolve(ANYONE);
  return {
    mode: 'none',
    identify({ headers }) {
      if (isOpenToAll || headers.host === undefined || LOOPBACK_HOST.test(headers.host)) {
        return anyone;
      }
      return Promise.reject(
        new AppError(
          'forbidden',
          'Without identities this service answers under the names of loopback alone, such as 127.0.0.1 or localhost.',
        ),
      );
    },
  };
}
