/** Headers of requests to Google's Telemetry API: a fresh token of the application default credentials each time. */
import type { Clock, RequestHeaders } from '../runtime/index.ts';
import { CLOUD_PLATFORM, googleCredentials } from './google-credentials.ts';

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
  const authorize = googleCredentials(CLOUD_PLATFORM, clock);
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
