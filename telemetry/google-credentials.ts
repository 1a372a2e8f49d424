/** Application default credentials as headers, for what asks Google's APIs by itself. */
import { GoogleAuth } from 'google-auth-library';
import type { Authorize, RequestHeaders } from '../runtime/index.ts';

/** Source: scopes of the Cloud Monitoring API. */
export const MONITORING_READ = 'https://www.googleapis.com/auth/monitoring.read';

/**
 * The library keeps a token until it is about to end. Headers that were refused are forgotten, so that the next ones come from
 * where tokens come from. Rejects where there are no credentials.
 */
export function googleCredentials(scope: string): Authorize {
  let auth = new GoogleAuth({ scopes: scope });
  let given: RequestHeaders | undefined;
  return async (refused) => {
    // Several that ask at once are refused at once: the first of them forgets.
    if (refused && refused['authorization'] === given?.['authorization']) {
      auth = new GoogleAuth({ scopes: scope });
    }
    const headers = await (await auth.getClient()).getRequestHeaders();
    given = Object.fromEntries(headers.entries());
    return given;
  };
}
