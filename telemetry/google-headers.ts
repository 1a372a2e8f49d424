/** Headers of requests to Google's Telemetry API: a fresh token of the application default credentials each time. */
import type { Clock, RequestHeaders } from '../runtime/index.ts';
import { googleCredentials } from './google-credentials.ts';

/** Source: scopes of the Telemetry API; the role, not the scope, narrows what the token may do. */
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

export interface GoogleHeaders {
  /**
   * Exporters ask that this never rejects: without credentials the request goes out bare, is refused, and counts as
   * failed.
   */
  readonly headers: () => Promise<Record<string, string>>;
  /** The last headers were refused: the next ones have another token. */
  readonly renew: () => void;
}

export function googleHeaders(clock: Clock, onError: (error: unknown) => void): GoogleHeaders {
  const authorize = googleCredentials(SCOPE, clock);
  let given: RequestHeaders | undefined;
  let refused: RequestHeaders | undefined;
  return {
    headers: async () => {
      try {
        given = await authorize(refused);
        return { ...given };
      } catch (error) {
        onError(error);
        return {};
      }
    },
    renew: () => {
      refused = given;
    },
  };
}
