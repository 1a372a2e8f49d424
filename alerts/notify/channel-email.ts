/** One recipient's mails by SMTP: a channel each, so that a refusal of one address repeats nothing to the others. */
import { createTransport } from 'nodemailer';
import { messageOf } from '../../runtime/index.ts';
import type { Clock } from '../../runtime/index.ts';
import type { Channel, SendResult } from './channel.ts';
import { emailMessage } from './email-message.ts';
import { hider } from './hidden-secrets.ts';
import type { Notification } from './notification.ts';
import { parseSmtpUrl } from './smtp-url.ts';

export interface EmailOptions {
  /** `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465` (TLS from the start). */
  readonly smtpUrl: string;
  /** `required`: nothing is said before the connection is encrypted. `off`: never encrypted, for a relay on this machine. */
  readonly tls: 'required' | 'off';
  /** `alerts@example.com` or `Highwater <alerts@example.com>`. */
  readonly from: string;
  /** All of them stand in the mail's To. */
  readonly to: readonly string[];
  readonly clock: Clock;
  /** Trusted beside the usual ones, in PEM. */
  readonly ca?: string;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** Of silence; a server that scans a mail takes its time after the last byte. */
const SOCKET_TIMEOUT_MS = 30_000;
/** Of all of it: six commands that each take nearly the time of silence are no working server. */
const SEND_TIMEOUT_MS = 60_000;
/** What the server says of the mail or its recipient; all else it says is of us, and may be mended while we wait. */
const OF_THE_MAIL: readonly string[] = ['EENVELOPE', 'EMESSAGE'];

/** A channel for each of `to`. */
export function emailChannels(options: EmailOptions): readonly Channel[] {
  const { url, secrets } = parseSmtpUrl(options.smtpUrl);
  const hide = hider(secrets);
  const sender = addressOf(options.from);
  return options.to.map((recipient) => ({
    id: `email:${addressOf(recipient)}`,
    kind: 'email',
    send: (notification, signal) =>
      sendMail(
        { ...options, server: url, sender, recipient: addressOf(recipient), hide },
        notification,
        signal,
      ),
  }));
}

/** `kim@example.com` of `Kim <kim@example.com>`. */
export function addressOf(text: string): string {
  return (/<([^<>]+)>\s*$/.exec(text)?.[1] ?? text).trim();
}

interface Sending extends EmailOptions {
  readonly server: ReturnType<typeof parseSmtpUrl>['url'];
  readonly sender: string;
  readonly recipient: string;
  readonly hide: (text: string) => string;
}

async function sendMail(
  { server, tls, ca, from, to, sender, recipient, clock, hide }: Sending,
  notification: Notification,
  signal: AbortSignal,
): Promise<SendResult> {
  const timeout = new AbortController();
  const timer = clock.setTimer(SEND_TIMEOUT_MS, () => timeout.abort(), true);
  const transport = createTransport({
    ...server,
    requireTLS: tls === 'required',
    ignoreTLS: tls === 'off',
    ...(ca === undefined ? {} : { tls: { ca } }),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    dnsTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = sender.slice(sender.lastIndexOf('@') + 1);
  const { inReplyTo, ...message } = emailMessage(notification, { domain, nowMs: clock.nowMs() });
  try {
    const { response } = await transport.sendMail({
      ...message,
      ...(inReplyTo === undefined ? {} : { inReplyTo, references: [inReplyTo] }),
      from,
      to: [...to],
      envelope: { from: sender, to: [recipient] },
      signal: AbortSignal.any([signal, timeout.signal]),
    });
    return { outcome: 'delivered', detail: hide(response) };
  } catch (error) {
    if (signal.aborted) return { outcome: 'retry', reason: 'stopped while it was being sent' };
    if (timeout.signal.aborted) {
      return { outcome: 'retry', reason: `not taken within ${SEND_TIMEOUT_MS / 1_000} s` };
    }
    return { outcome: isForGood(error) ? 'refused' : 'retry', reason: hide(messageOf(error)) };
  } finally {
    timer.cancel();
    transport.close();
  }
}

/** Whether the server refused this mail with a 5xx; a refused login or a broken connection is not of the mail. */
function isForGood(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || !('permanent' in error)) return false;
  return error.permanent === true && OF_THE_MAIL.includes(String(error.code));
}
