/** What goes wrong on the way to an API and back. */
import type { ServerResponse } from 'node:http';

export type Fault =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection ends without a word, or within the answer. */
  | { readonly kind: 'cut' }
  | { readonly kind: 'cut-short'; readonly body: string }
  /** No word at all, until the asker gives up. */
  | { readonly kind: 'silent' };

export function sendFault(response: ServerResponse, fault: Fault): void {
  switch (fault.kind) {
    case 'answer':
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      response.end(fault.body);
      return;
    case 'cut':
      response.socket?.destroy();
      return;
    case 'cut-short':
      response.writeHead(200, { 'content-length': String(2 * fault.body.length) });
      response.write(fault.body, () => response.socket?.destroy());
      return;
    case 'silent':
  }
}

/** As Google's APIs refuse. Source: https://cloud.google.com/apis/design/errors. */
export function refusal(
  status: number,
  message: string,
  reason?: string,
  headers: Readonly<Record<string, string>> = {},
): Fault {
  const details = reason
    ? [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com' }]
    : [];
  const body = JSON.stringify({ error: { code: status, message, status: 'SAID', details } });
  return { kind: 'answer', status, body, headers };
}
