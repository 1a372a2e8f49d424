/** An access token of the application default credentials, such as the account that a Cloud Run service runs as. */
import { GoogleAuth } from 'google-auth-library';

/** Source: scopes of Google Cloud; the role, not the scope, narrows what the token may do. */
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** The library keeps the token until it is about to end. Rejects where there are no credentials. */
export function googleToken(): () => Promise<string> {
  const auth = new GoogleAuth({ scopes: SCOPE });
  return async () => {
    const token = await auth.getAccessToken();
    if (!token) throw new Error('Google’s credentials gave no access token');
    return token;
  };
}
