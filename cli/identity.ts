/** Identity of the API's callers as the configuration says. */
import { join } from 'node:path';
import { systemClock } from '../runtime/index.ts';
import type { Config } from '../runtime/index.ts';
import type { Identity } from '../service/index.ts';
import { openIdentity, RequestLimits } from '../service/index.ts';
import type { Context } from './process.ts';

/** @throws AppError `invalid_config`, such as for no identity on an address that is not loopback. */
export function openConfiguredIdentity({ config, logger }: Context): Promise<Identity> {
  return openIdentity({
    modes: config.AUTH_MODE,
    host: config.HIGHWATER_HOST,
    isOpenToAll: config.AUTH_OPEN_TO_ALL === 'yes',
    iap: { audiences: config.AUTH_IAP_AUDIENCE, keysUrl: config.AUTH_IAP_KEYS_URL },
    oidc: { audiences: config.AUTH_OIDC_AUDIENCE, keysUrl: config.AUTH_OIDC_KEYS_URL },
    ...(config.INGEST_INTAKE === 'push' && !config.AUTH_MODE.includes('none')
      ? {
          push: {
            issuer: { audiences: config.AUTH_PUSH_AUDIENCE, keysUrl: config.AUTH_OIDC_KEYS_URL },
            account: config.AUTH_PUSH_ACCOUNT,
          },
        }
      : {}),
    keysFile: apiKeysFile(config),
    grants: {
      reader: config.AUTH_READERS.map(lower),
      publisher: config.AUTH_PUBLISHERS.map(lower),
      operator: config.AUTH_OPERATORS.map(lower),
    },
    clock: systemClock,
    logger: logger.child({ component: 'identity' }),
  });
}

/** Limits by caller, where callers are known: without identities, everyone is the same one. */
export function openRequestLimits({ config }: Context): { readonly requestLimits?: RequestLimits } {
  if (config.AUTH_MODE.includes('none')) return {};
  const hops = config.API_PROXY_HOPS;
  const isCloudRun = process.env['K_SERVICE'] !== undefined;
  const requestLimits = new RequestLimits({
    requestsPerMinute: config.API_REQUESTS_PER_MINUTE,
    requestsPerDay: config.API_REQUESTS_PER_DAY,
    proxyHops: hops === 'auto' ? Number(isCloudRun) : Number(hops),
  });
  return { requestLimits };
}

/** Where the hashes of the API keys are. */
export function apiKeysFile(config: Config): string {
  return config.AUTH_KEYS_FILE || join(config.HIGHWATER_DATA_DIR, 'api-keys.json');
}

function lower(address: string): string {
  return address.toLowerCase();
}
