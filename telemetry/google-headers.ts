/** Headers of requests to Google's Telemetry API: a fresh token of the application default credentials each time. */
import { GoogleAuth } from 'google-auth-library';

/** Source: scopes of the Telemetry API; the role, not the scope, narrows what the token may do. */
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/**
 * The library keeps the token until it is about to end. Exporters ask that this never rejects: without credentials the
 * request goes out bare, is refused, and counts as failed.
 */
export function googleHeaders(
  onError: (error: unknown) => void,
): () => Promise<Record<string, string>> {
  const auth = new GoogleAuth({ scopes: SCOPE });
  return async () => {
    try {
      const headers = await (await auth.getClient()).getRequestHeaders();
      return Object.fromEntries(headers.entries());
    } catch (error) {
      onError(error);
      return {};
    }
  };
}
