/** Application default credentials as headers, for what asks Google's APIs by itself. */
import { GoogleAuth } from 'google-auth-library';
import type { Authorize, Clock, RequestHeaders } from '../runtime/index.ts';

/** Source: scopes of the Cloud Monitoring API. */
export const MONITORING_READ = 'https://www.googleapis.com/auth/monitoring.read';
/** Source: scopes of Google Cloud; the role, not the scope, narrows what a token may do. */
export const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform';
/** On Google Cloud the library waits for its metadata server for ever, and everybody after it waits with it. */
const TOKEN_TIMEOUT_MS = 5_000;

/**
 * The library keeps a token until it is about to end. Headers that were refused, and a token that did not come in time, are
 * forgotten, so that the next ones come from where tokens come from. Rejects where there are no credentials.
 */
export function googleCredentials(scope: string, clock: Clock): Authorize {
  let auth = new GoogleAuth({ scopes: scope });
  let given: RequestHeaders | undefined;
  const forget = () => {
    auth = new GoogleAuth({ scopes: scope });
    given = undefined;
  };
  return async (refused) => {
    // Several that ask at once are refused at once: the first of them forgets.
    if (refused && refused['authorization'] === given?.['authorization']) forget();
    const asked = auth;
    const headers = await inTime(clock, headersOf(asked), () => {
      if (auth === asked) forget();
    });
    given = Object.fromEntries(headers.entries());
    return given;
  };
}

/** The bare token, such as that of the account that a Cloud Run service runs as. Rejects where there are no credentials. */
export function googleToken(clock: Clock): () => Promise<string> {
  const authorize = googleCredentials(CLOUD_PLATFORM, clock);
  return async () => {
    const token = /^Bearer (.+)$/.exec((await authorize())['authorization'] ?? '')?.[1];
    if (token === undefined) throw new Error('Google’s credentials gave no access token');
    return token;
  };
}

async function headersOf(auth: GoogleAuth): Promise<Headers> {
  return (await auth.getClient()).getRequestHeaders();
}

function inTime<T>(clock: Clock, promise: Promise<T>, onLate: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(
      TOKEN_TIMEOUT_MS,
      () => {
        onLate();
        reject(new Error(`no token within ${TOKEN_TIMEOUT_MS} ms`));
      },
      true,
    );
    promise.then(resolve, reject).finally(() => timer.cancel());
  });
}
