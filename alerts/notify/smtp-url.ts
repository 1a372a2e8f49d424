/** The address of a mail server as one URL, and which parts of it are secret. */

export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte, not by STARTTLS. */
  readonly secure: boolean;
  readonly auth?: { readonly user: string; readonly pass: string };
}

/** Submission by STARTTLS, and with TLS from the start. Source: RFC 6409 and RFC 8314. */
const PORTS = { 'smtp:': 587, 'smtps:': 465 } as const;

/** @throws TypeError where `text` is no such URL; the configuration has been checked before. */
export function parseSmtpUrl(text: string): {
  readonly url: SmtpServer;
  readonly secrets: readonly string[];
} {
  const { protocol, hostname, port, username, password } = new URL(text);
  if (protocol !== 'smtp:' && protocol !== 'smtps:') throw new TypeError('not an SMTP URL');
  const user = decodeURIComponent(username);
  const pass = decodeURIComponent(password);
  return {
    url: {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? PORTS[protocol] : Number(port),
      secure: protocol === 'smtps:',
      ...(user === '' ? {} : { auth: { user, pass } }),
    },
    // The third is what AUTH PLAIN sends, in base64.
    secrets: pass === '' ? [] : [text, pass, `\u0000${user}\u0000${pass}`],
  };
}
