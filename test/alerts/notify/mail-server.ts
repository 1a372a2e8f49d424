/** A real SMTP server (of another project) with STARTTLS and AUTH, whose mails are parsed, and which refuses on demand. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { simpleParser } from 'mailparser';
import type { ParsedMail } from 'mailparser';
import { SMTPServer } from 'smtp-server';

export const USER = 'alerts';
/** With what a URL has to encode. */
export const PASSWORD = 'p@ss/w:rd%1';

/** Where a mail is refused or the connection dropped. `afterData`: taken, and the answer is lost. */
export type MailFault =
  | { readonly at: 'recipient' | 'data'; readonly code: number; readonly text: string }
  | { readonly at: 'drop_on_connect' | 'drop_before_data' | 'drop_after_data' };

export interface ReceivedMail {
  readonly recipient: string;
  readonly isEncrypted: boolean;
  readonly mail: ParsedMail;
}

export interface MailServer {
  readonly port: number;
  /** Trust this to trust its certificate. */
  readonly ca: string;
  readonly mails: readonly ReceivedMail[];
  /** Faults of the next mails, one each; then all is taken. */
  failNext(...faults: readonly MailFault[]): void;
  /** Asked for each recipient before the queue. */
  onRecipient: ((recipient: string) => MailFault | undefined) | undefined;
  smtpUrl(options?: { readonly password?: string; readonly scheme?: 'smtp' | 'smtps' }): string;
  close(): Promise<void>;
}

export interface MailServerOptions {
  /** TLS from the first byte. */
  readonly isImplicitTls?: boolean;
  readonly isStartTlsOffered?: boolean;
}

export async function startMailServer(options: MailServerOptions = {}): Promise<MailServer> {
  const { isImplicitTls = false, isStartTlsOffered = true } = options;
  const { key, cert } = certificate();
  const mails: ReceivedMail[] = [];
  const queue: MailFault[] = [];
  const dropping = new Set<string>();
  /** By the client's port, which the session knows; the library keeps the socket to itself. */
  const sockets = new Map<number, Socket>();

  const faultFor = (recipient: string) => server.onRecipient?.(recipient) ?? queue.shift();
  const smtp = new SMTPServer({
    key,
    cert,
    secure: isImplicitTls,
    hideSTARTTLS: !isStartTlsOffered,
    disabledCommands: isStartTlsOffered ? [] : ['STARTTLS'],
    authOptional: !isStartTlsOffered,
    allowInsecureAuth: false,
    authMethods: ['PLAIN', 'LOGIN'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onAuth(auth, _session, done) {
      if (auth.username === USER && auth.password === PASSWORD) return done(null, { user: USER });
      // A server may well repeat what it was given.
      const repeated = Buffer.from(`\u0000${auth.username}\u0000${auth.password}`).toString(
        'base64',
      );
      return done(
        Object.assign(new Error(`Wrong login ${auth.username}:${auth.password} ${repeated}`), {
          responseCode: 535,
        }),
      );
    },
    onConnect(_session, done) {
      if (queue[0]?.at === 'drop_on_connect') {
        queue.shift();
        return done(Object.assign(new Error('Too busy'), { responseCode: 421 }));
      }
      return done();
    },
    onRcptTo({ address }, session, done) {
      const fault = faultFor(address);
      if (fault?.at === 'recipient') {
        return done(Object.assign(new Error(fault.text), { responseCode: fault.code }));
      }
      if (fault?.at === 'drop_before_data') return void sockets.get(session.remotePort)?.destroy();
      if (fault?.at === 'drop_after_data') dropping.add(session.id);
      if (fault?.at === 'data') queue.unshift(fault);
      return done();
    },
    onData(stream, session, done) {
      const taken = (mail: ParsedMail) => {
        const fault = queue[0];
        if (fault?.at === 'data') {
          queue.shift();
          return done(Object.assign(new Error(fault.text), { responseCode: fault.code }));
        }
        for (const { address } of session.envelope.rcptTo) {
          mails.push({ recipient: address, isEncrypted: session.secure, mail });
        }
        if (dropping.delete(session.id)) return void sockets.get(session.remotePort)?.destroy();
        return done();
      };
      // A client that leaves in the middle has sent nothing.
      void simpleParser(stream as Readable).then(taken, (error: Error) => done(error));
    },
  });
  smtp.on('error', () => {});
  smtp.server.on('connection', (socket: Socket) => {
    if (socket.remotePort !== undefined) sockets.set(socket.remotePort, socket);
  });
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
  const address = smtp.server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const server: MailServer = {
    port,
    ca: cert,
    mails,
    onRecipient: undefined,
    failNext: (...faults) => void queue.push(...faults),
    smtpUrl: ({ password = PASSWORD, scheme = isImplicitTls ? 'smtps' : 'smtp' } = {}) =>
      `${scheme}://${USER}:${encodeURIComponent(password)}@127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        smtp.close(() => resolve());
      }),
  };
  return server;
}

/** `test`, or where openssl is missing and this is not CI, a skipped one that says how to get it. */
export function mailTest(title: string, run: (t: ExecutionContext) => Promise<void>): void {
  if (hasOpenssl() || process.env['CI'] === 'true') test(title, run);
  else
    test.skip(`${title} (openssl was not found: install it, such as apt-get install openssl)`, run);
}

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

let made: { readonly key: string; readonly cert: string } | undefined;

/** Self-signed, for loopback. */
function certificate(): { readonly key: string; readonly cert: string } {
  if (made) return made;
  const folder = mkdtempSync(join(tmpdir(), 'highwater-cert-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout ${key} -out ${cert}`;
  try {
    execFileSync('openssl', words.split(' '), { stdio: 'pipe' });
    made = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    return made;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
