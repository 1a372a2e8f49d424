/** A stand-in of Google's token exchange, and credentials that go there: as a workflow has them that proves itself without a key. */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '../helpers/highwater-process.ts';

export interface GoogleAccount {
  /** To be put into GOOGLE_APPLICATION_CREDENTIALS. */
  readonly file: string;
  readonly tokens: readonly string[];
  close(): Promise<void>;
}

/** Credentials whose requests `quotaProject` pays for. */
export async function startGoogleAccount(quotaProject: string): Promise<GoogleAccount> {
  const tokens: string[] = [];
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const token = `ya29.exchanged-${tokens.length + 1}`;
      tokens.push(token);
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          access_token: token,
          issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
          token_type: 'Bearer',
          expires_in: 3_600,
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = temporaryFolder();
  const subject = join(folder.path, 'subject-token');
  writeFileSync(subject, 'proof-of-the-workflow');
  const file = join(folder.path, 'credentials.json');
  writeFileSync(
    file,
    JSON.stringify({
      type: 'external_account',
      audience:
        '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/a/providers/b',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/token`,
      credential_source: { file: subject },
      quota_project_id: quotaProject,
    }),
  );
  return {
    file,
    tokens,
    close: () =>
      new Promise<void>((resolve) => {
        folder.remove();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
