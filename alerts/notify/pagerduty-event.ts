/**
 * A notification as an event of PagerDuty's Events API v2.
 * Source: PagerDuty developer documentation, Events API v2, "Send an Alert Event" and its overview.
 */
import { createHash } from 'node:crypto';
import type { Notification } from './notification.ts';
import { PLAYBOOK_CHARS_MAX } from './notification.ts';
import { cut } from './notification-words.ts';
import { headline, pageFacts, pageLinks, stateWords } from './page-facts.ts';

export interface PagerDutyEvent {
  readonly routing_key: string;
  readonly event_action: 'trigger' | 'acknowledge' | 'resolve';
  readonly dedup_key: string;
  readonly payload?: PagerDutyPayload;
  readonly links?: readonly { readonly href: string; readonly text: string }[];
  readonly client?: string;
  readonly client_url?: string;
}

export interface PagerDutyPayload {
  readonly summary: string;
  readonly source: string;
  readonly severity: 'critical' | 'error' | 'warning' | 'info';
  readonly timestamp: string;
  readonly component?: string;
  readonly group: string;
  readonly class: string;
  readonly custom_details: Readonly<Record<string, string>>;
}

/** Source: as above. */
export const SUMMARY_CHARS_MAX = 1_024;
export const DEDUP_KEY_CHARS_MAX = 255;
/**
 * PagerDuty's 512 KB, taken as 1,000 bytes each. Nothing here comes near: 8 facts of 2,000 characters, a playbook of 8,192,
 * a summary of 1,024, names of 4 × 255 and 4 links of 2,083 are 34,600 characters, of 6 bytes at most where all are escaped.
 */
export const EVENT_BYTES_MAX = 512_000;
const NAME_CHARS_MAX = 255;

/**
 * The event. A higher severity is a trigger with the same key: the open alert takes it and no second one is opened. A trigger that
 * is sent twice while the alert is open changes nothing, which is what makes a repeat after a crash harmless.
 */
export function pagerDutyEvent(notification: Notification, routingKey: string): PagerDutyEvent {
  const key = { routing_key: routingKey, dedup_key: dedupKey(notification) };
  switch (notification.state) {
    case 'triggered':
    case 'severity_raised':
      return { ...key, event_action: 'trigger', ...triggerParts(notification) };
    case 'acknowledged':
      return { ...key, event_action: 'acknowledge' };
    case 'resolved':
      return { ...key, event_action: 'resolve' };
    default:
      return notification.state satisfies never;
  }
}

/** `source/incident`; an end that would be too long is a hash of all of it. */
export function dedupKey({
  source,
  incidentId,
}: Pick<Notification, 'source' | 'incidentId'>): string {
  const whole = `${source}/${incidentId}`;
  if (whole.length <= DEDUP_KEY_CHARS_MAX && whole.isWellFormed()) return whole;
  const hash = createHash('sha256').update(whole).digest('hex');
  return `${cut(whole, DEDUP_KEY_CHARS_MAX - hash.length - 1)}/${hash}`;
}

function triggerParts(notification: Notification) {
  const { source, severity, policy, top, atMs, playbookText } = notification;
  const links = pageLinks(notification.links);
  const dashboard = links.find(({ label }) => label === 'Dashboard');
  const facts = Object.fromEntries(pageFacts(notification).map(({ label, text }) => [label, text]));
  const details =
    playbookText === undefined
      ? facts
      : { ...facts, Playbook: cut(playbookText, PLAYBOOK_CHARS_MAX) };
  return {
    payload: {
      summary: cut(headline(notification), SUMMARY_CHARS_MAX),
      source: cut(source, NAME_CHARS_MAX) || 'highwater',
      severity,
      timestamp: new Date(atMs).toISOString(),
      ...(top && { component: cut(top.name, NAME_CHARS_MAX) }),
      group: 'highwater',
      class: cut(policy, NAME_CHARS_MAX),
      custom_details: { State: stateWords(notification), ...details },
    },
    links: links.map(({ label, url }) => ({ href: url, text: label })),
    client: 'Highwater',
    ...(dashboard && { client_url: dashboard.url }),
  };
}
