/** A notification as a mail: what to do is on the first screen of a phone, and the mails of an incident are one thread. */
import { createHash } from 'node:crypto';
import { emailHtml } from './email-html.ts';
import type { Notification } from './notification.ts';
import { PLAYBOOK_CHARS_MAX } from './notification.ts';
import { cut, durationWords, oneLine, utcWords } from './notification-words.ts';
import { headline, pageFacts, pageLinks, stateWords } from './page-facts.ts';

export interface EmailMessage {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The same for every repeat: many servers and clients drop the second. */
  readonly messageId: string;
  /** Of the incident's first mail; absent in that one. */
  readonly inReplyTo?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Past this, a mail says by itself that it is late. */
const LATE_MS = 5 * 60_000;
/** Of a subject, so that it is not cut by a phone before its end. */
const TITLE_CHARS_MAX = 120;
const LABEL_CHARS = 14;

/**
 * `domain` is that of the sender. The subject stays the same but for `Re:`, since mail clients thread by subject as well as by
 * header; what changed is said by the first line, which they show beside it.
 */
export function emailMessage(
  notification: Notification,
  { domain, nowMs }: { readonly domain: string; readonly nowMs: number },
): EmailMessage {
  const { sequence, title, policy, source, isTest } = notification;
  const subject = `[Highwater${isTest === true ? ' TEST' : ''}] ${cut(oneLine(title), TITLE_CHARS_MAX)} (${oneLine(policy)}, ${oneLine(source)})`;
  const first = messageId(notification, 0, domain);
  const isFirst = sequence === 0;
  const note = lateNote(notification, nowMs);
  return {
    subject: isFirst ? subject : `Re: ${subject}`,
    text: emailText(notification, note),
    html: emailHtml(notification, note),
    messageId: isFirst ? first : messageId(notification, sequence, domain),
    ...(isFirst ? {} : { inReplyTo: first }),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'X-Highwater-State': notification.state,
      'X-Highwater-Severity': notification.severity,
      'X-Highwater-Policy': oneLine(cut(policy, TITLE_CHARS_MAX)),
      ...(notification.route === 'page' && notification.state !== 'resolved'
        ? { Importance: 'high', 'X-Priority': '1' }
        : {}),
    },
  };
}

function emailText(notification: Notification, note: string | undefined): string {
  const { playbookText } = notification;
  const lines = [
    `${stateWords(notification)}. ${headline(notification)}`,
    ...(note === undefined ? [] : ['', note]),
    '',
    ...pageFacts(notification).map(({ label, text }) => row(label, text)),
    '',
    ...pageLinks(notification.links).map(({ label, url }) => row(label, url)),
    ...(playbookText === undefined || notification.state === 'resolved'
      ? []
      : ['', '-'.repeat(60), '', cut(playbookText.trim(), PLAYBOOK_CHARS_MAX)]),
    '',
    '-- ',
    `Incident ${oneLine(notification.incidentId)}, notification ${notification.sequence}`,
  ];
  return `${lines.join('\n').replaceAll(/\n{3,}/g, '\n\n')}\n`;
}

function row(label: string, text: string): string {
  return `${label.padEnd(LABEL_CHARS)}${text}`;
}

function lateNote({ atMs }: Notification, nowMs: number): string | undefined {
  const lateMs = nowMs - atMs;
  if (lateMs < LATE_MS) return undefined;
  return `This mail is ${durationWords(lateMs)} late: it is about ${utcWords(atMs)} and could not be sent before ${utcWords(nowMs)}.`;
}

/** Hashed, as an incident's id may hold what a header may not. */
function messageId({ incidentId, source }: Notification, sequence: number, domain: string): string {
  const hash = createHash('sha256').update(`${source}\n${incidentId}`).digest('hex').slice(0, 32);
  return `<highwater-${hash}-${sequence}@${domain}>`;
}
