/** The port of a receiver: one try at a time. When to try again is the dispatcher's, which remembers it through a restart. */
import type { Notification } from './notification.ts';

export const CHANNEL_KINDS = ['pagerduty', 'email', 'webhook', 'log'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

/** What became of one try. Reasons are for logs and people; no secret is in them. */
export type SendResult =
  /** The receiver has it. */
  | { readonly outcome: 'delivered'; readonly detail: string }
  /** It may have it or not, and asking again can help. */
  | { readonly outcome: 'retry'; readonly reason: string; readonly retryAfterMs?: number }
  /** It will never take this one. */
  | { readonly outcome: 'refused'; readonly reason: string };

export interface Channel {
  /** Unique and the same after a restart: `pagerduty`, `email:kim@example.com`. */
  readonly id: string;
  readonly kind: ChannelKind;
  /** Does not reject for what a receiver or the network does; returns soon after `signal` aborts. */
  send(notification: Notification, signal: AbortSignal): Promise<SendResult>;
}
