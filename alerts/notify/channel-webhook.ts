/** Any HTTP receiver: our JSON, signed as Standard Webhooks has it. */
import type { Clock } from '../../runtime/index.ts';
import type { Channel } from './channel.ts';
import { hider } from './hidden-secrets.ts';
import { post } from './http-post.ts';
import { webhookBody, webhookSignature } from './webhook-body.ts';

export interface WebhookOptions {
  /** A secret as a whole: many receivers put a token into path or query. */
  readonly url: string;
  /** `whsec_` and base64. */
  readonly secret: string;
  readonly clock: Clock;
}

export function webhookChannel({ url, secret, clock }: WebhookOptions): Channel {
  const { pathname, search } = new URL(url);
  const hide = hider([url, secret, secret.replace(/^whsec_/, ''), `${pathname}${search}`, search]);
  return {
    id: 'webhook',
    kind: 'webhook',
    send(notification, signal) {
      const body = webhookBody(notification);
      const headers = webhookSignature(notification, body, secret, clock.nowMs());
      return post({ url, headers, body, clock, signal, hide, isTaken: () => true });
    },
  };
}
