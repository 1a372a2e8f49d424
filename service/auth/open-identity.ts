/** The configured methods of identity, opened. */
import type { Clock, Logger } from '../../runtime/index.ts';
import { apiKeyMethod } from './api-key-file.ts';
import type { Grants } from './grants.ts';
import { identityOf } from './identity.ts';
import type { Identity } from './identity.ts';
import { KeySet } from './key-set.ts';
import type { AuthMethod, AuthMode } from './method.ts';
import { GOOGLE_TOKENS, IAP_TOKENS, iapMethod, oidcMethod, pushMethod } from './method-google.ts';
import { noneMethod } from './method-none.ts';
import type { NoneOptions } from './method-none.ts';

/** Where an issuer's keys are, and for whom its tokens must be. */
export interface IssuerOptions {
  readonly audiences: readonly string[];
  readonly keysUrl: string;
}

export interface IdentityOptions extends NoneOptions {
  /** Asked in this order. */
  readonly modes: readonly [AuthMode, ...AuthMode[]];
  readonly iap: IssuerOptions;
  readonly oidc: IssuerOptions;
  /** Of the tokens of a push subscription, and the service account that they must name; absent: the modes decide. */
  readonly push?: { readonly issuer: IssuerOptions; readonly account: string };
  readonly keysFile: string;
  readonly grants: Grants;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** @throws AppError `invalid_config` for a mode that cannot be had. */
export async function openIdentity(options: IdentityOptions): Promise<Identity> {
  const [first, ...rest] = options.modes;
  const others = await Promise.all(rest.map((mode) => OPEN[mode](options)));
  const { push } = options;
  const pushed =
    push &&
    pushMethod({
      account: push.account,
      rules: { ...rulesOf(push.issuer, options), ...GOOGLE_TOKENS },
    });
  return identityOf([await OPEN[first](options), ...others], pushed);
}

/** What `npm start` has: everyone who reaches loopback may do everything. */
export const openToLoopback: Identity = identityOf([
  noneMethod({ host: '127.0.0.1', isOpenToAll: false }),
]);

const OPEN: Readonly<Record<AuthMode, (options: IdentityOptions) => Promise<AuthMethod>>> = {
  none: async (options) => noneMethod(options),
  iap: async ({ iap, ...options }) =>
    iapMethod({ ...options, rules: { ...rulesOf(iap, options), ...IAP_TOKENS } }),
  oidc: async ({ oidc, ...options }) =>
    oidcMethod({ ...options, rules: { ...rulesOf(oidc, options), ...GOOGLE_TOKENS } }),
  'api-key': ({ keysFile, ...options }) => apiKeyMethod({ ...options, path: keysFile }),
};

function rulesOf(
  { audiences, keysUrl }: IssuerOptions,
  { clock, logger }: Pick<IdentityOptions, 'clock' | 'logger'>,
) {
  return { audiences, clock, keys: new KeySet({ url: keysUrl, clock, logger }) };
}
