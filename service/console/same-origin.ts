/**
 * Forms of the console are sent by its own pages alone. A browser adds credentials by itself, IAP's cookie or the way to loopback,
 * to whatever any page makes it send, and says with each request where that page came from; a script that has an API key
 * has no use for forms. So it is asked where a form came from, in every identity mode, and nothing has to be kept or signed.
 */
import type { IncomingMessage } from 'node:http';
import { AppError } from '../../runtime/index.ts';

/**
 * By `Sec-Fetch-Site`, which no page can set; of a browser that does not send it, by `Origin`.
 * @throws AppError `forbidden` where it came from elsewhere, or it is not said from where
 */
export function checkSameOrigin({ headers }: Pick<IncomingMessage, 'headers'>): void {
  const site = headers['sec-fetch-site'];
  const isOwn =
    site === undefined ? hostOf(headers.origin) === headers.host : site === 'same-origin';
  if (isOwn && headers.host !== undefined) return;
  throw new AppError(
    'forbidden',
    'This form was not sent by a page of this console. Open the console and do it there; programs use the API, which /docs describes.',
  );
}

function hostOf(origin: string | undefined): string | undefined {
  return origin !== undefined && URL.canParse(origin) ? new URL(origin).host : undefined;
}
