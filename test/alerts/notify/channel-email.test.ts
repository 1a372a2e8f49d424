/** Mails at a real SMTP server: encrypted, authenticated, parsed by another library, through every refusal. */
import type { ExecutionContext } from 'ava';
import { emailChannels } from '../../../alerts/index.ts';
import { systemClock } from '../../../runtime/index.ts';
import { eventually } from '../../helpers/highwater-process.ts';
import { freePort } from '../../helpers/free-port.ts';
import { mailTest as test, PASSWORD, startMailServer } from './mail-server.ts';
import type { MailFault, MailServer, MailServerOptions } from './mail-server.ts';
import { acknowledged, incidents, page, resolved, ticket } from './notifications.ts';
import { openRig } from './rig.ts';

const NEVER = new AbortController().signal;
const FROM = 'Highwater <alerts@example.com>';
const KIM = 'Kim <kim@example.com>';
const LEE = 'lee@example.com';

async function start(t: ExecutionContext, options?: MailServerOptions): Promise<MailServer> {
  const server = await startMailServer(options);
  t.teardown(() => server.close());
  return server;
}

function channelsTo(server: MailServer, to: readonly string[], smtpUrl = server.smtpUrl()) {
  return emailChannels({
    smtpUrl,
    tls: 'required',
    from: FROM,
    to,
    clock: systemClock,
    ca: server.ca,
  });
}

for (const isImplicitTls of [false, true]) {
  test(`a page arrives encrypted, by ${isImplicitTls ? 'TLS' : 'STARTTLS'}, and reads as it should`, async (t) => {
    const server = await start(t, { isImplicitTls });
    const [channel] = channelsTo(server, [KIM, LEE]);
    t.like(await channel!.send({ ...page, atMs: Date.now() }, NEVER), { outcome: 'delivered' });
    const [received] = server.mails;
    if (!received) {
      t.fail('no mail arrived');
      return;
    }
    const { recipient, isEncrypted, mail } = received;
    t.is(recipient, 'kim@example.com');
    t.true(isEncrypted);
    t.is(mail.subject, '[Highwater] Requests fail (api-availability, highwater-local)');
    t.is(mail.from?.text, '"Highwater" <alerts@example.com>');
    t.is(Array.isArray(mail.to) ? '' : mail.to?.text, '"Kim" <kim@example.com>, lee@example.com');
    t.regex(mail.text ?? '', /^PAGE\. Requests fail: About every eighth request/);
    t.regex(mail.text ?? '', /Worst route +GET \/v1\/streams\/\{stream\}\/events: 812 of 1,003/);
    t.regex(
      mail.text ?? '',
      /1\. What fails, and since when: `highwater slo status api-availability`/,
    );
    t.regex(String(mail.html), /PAGE\. Requests fail<\/div>/);
    t.regex(String(mail.html), /<code[^>]*>highwater slo status api-availability<\/code>/);
    t.is(mail.headers.get('auto-submitted'), 'auto-generated');
    t.is(mail.headers.get('priority'), 'high');
  });
}

test('the mails of an incident are one thread for a client that goes by headers', async (t) => {
  const server = await start(t);
  const [channel] = channelsTo(server, [KIM]);
  for (const each of [page, acknowledged, resolved]) await channel!.send(each, NEVER);
  const [first, second, third] = server.mails.map(({ mail }) => mail);
  t.is(first?.inReplyTo, undefined);
  t.is(second?.inReplyTo, first?.messageId);
  t.deepEqual([third?.references].flat(), [first?.messageId]);
  t.is(third?.subject, `Re: ${first?.subject}`);
  t.regex(second?.text ?? '', /^ACKNOWLEDGED by kim@example.com\. Requests fail/);
  t.regex(third?.text ?? '', /^RESOLVED after 16 min\. Requests fail\. It was: About every/);
});

const CASES: readonly (readonly [string, MailFault, 'retry' | 'refused', RegExp])[] = [
  [
    '450 for the recipient',
    { at: 'recipient', code: 450, text: 'Greylisted' },
    'retry',
    /Greylisted/,
  ],
  [
    '550 for the recipient',
    { at: 'recipient', code: 550, text: 'No such user' },
    'refused',
    /No such user/,
  ],
  ['452 after the mail', { at: 'data', code: 452, text: 'Disk full' }, 'retry', /Disk full/],
  ['554 after the mail', { at: 'data', code: 554, text: 'Spam' }, 'refused', /Spam/],
  ['421 when greeting', { at: 'drop_on_connect' }, 'retry', /Too busy|greeting|closed/],
  [
    'a connection dropped before the mail',
    { at: 'drop_before_data' },
    'retry',
    /closed|reset|ECONNRESET|socket/i,
  ],
];

for (const [name, fault, outcome, reason] of CASES) {
  test(`the server answers with ${name}: ${outcome}`, async (t) => {
    const server = await start(t);
    server.failNext(fault);
    const [channel] = channelsTo(server, [KIM]);
    const result = await channel!.send(page, NEVER);
    t.is(result.outcome, outcome);
    t.regex(result.outcome === 'delivered' ? '' : result.reason, reason);
    t.is(server.mails.length, 0);
    t.is((await channel!.send(page, NEVER)).outcome, 'delivered');
  });
}

test('a mail whose answer is lost is sent again, and both have one Message-ID', async (t) => {
  const server = await start(t);
  server.failNext({ at: 'drop_after_data' });
  const { dispatcher } = openRig(t, channelsTo(server, [KIM]), { random: () => 0 });
  dispatcher.notify(page);
  await eventually('delivered', () => dispatcher.pending().length === 0, 90_000);
  t.is(server.mails.length, 2);
  t.is(server.mails[0]?.mail.messageId, server.mails[1]?.mail.messageId);
});

test('one refused recipient costs the others nothing, neither a repeat nor a delay', async (t) => {
  const server = await start(t);
  server.onRecipient = (recipient) =>
    recipient === LEE ? { at: 'recipient', code: 550, text: 'No such user' } : undefined;
  const { dispatcher, counted } = openRig(t, channelsTo(server, [LEE, KIM]));
  for (const each of incidents(3)) dispatcher.notify(each);
  await eventually('all dealt with', () => dispatcher.pending().length === 0, 90_000);
  t.is(server.mails.length, 6);
  t.is(new Set(server.mails.map(({ mail }) => mail.messageId)).size, 6);
  t.true(server.mails.every(({ recipient }) => recipient === 'kim@example.com'));
  t.is(await counted('email', 'refused'), 6);
});

test('nothing is said to a server without STARTTLS, nor to one whose certificate is not trusted', async (t) => {
  const plain = await start(t, { isStartTlsOffered: false });
  const [channel] = channelsTo(plain, [KIM]);
  const result = await channel!.send(page, NEVER);
  t.is(result.outcome, 'retry');
  t.is(plain.mails.length, 0);
  const unknown = await start(t);
  const [distrusting] = emailChannels({
    smtpUrl: unknown.smtpUrl(),
    tls: 'required',
    from: FROM,
    to: [KIM],
    clock: systemClock,
  });
  const refused = await distrusting!.send(page, NEVER);
  t.regex(refused.outcome === 'retry' ? refused.reason : '', /self-signed certificate/);
  t.is(unknown.mails.length, 0);
});

test('with tls off a relay on this machine takes the mail', async (t) => {
  const relay = await start(t, { isStartTlsOffered: false });
  const [channel] = emailChannels({
    smtpUrl: `smtp://127.0.0.1:${relay.port}`,
    tls: 'off',
    from: FROM,
    to: [KIM],
    clock: systemClock,
  });
  t.is((await channel!.send(ticket, NEVER)).outcome, 'delivered');
  t.is(relay.mails[0]?.isEncrypted, false);
});

test('a wrong password is tried again, since it is of us and not of the mail, and is said nowhere', async (t) => {
  const server = await start(t);
  const wrong = 'wr0ng/p@ss-word';
  const channels = channelsTo(server, [KIM], server.smtpUrl({ password: wrong }));
  const { dispatcher, lines } = openRig(t, channels);
  dispatcher.notify(page);
  await eventually('tried', () => dispatcher.recent(1)[0]?.lastError, 90_000);
  t.is(dispatcher.recent(1)[0]?.state, 'pending');
  const said = `${lines.join('\n')} ${dispatcher.recent(1)[0]?.lastError}`;
  t.regex(said, /535.*\(hidden\)/);
  for (const secret of [wrong, encodeURIComponent(wrong), PASSWORD]) t.false(said.includes(secret));
  const login = Buffer.from(`\u0000alerts\u0000${wrong}`).toString('base64');
  t.false(said.includes(login), said);
});

test('nothing listens', async (t) => {
  const [channel] = emailChannels({
    smtpUrl: `smtp://127.0.0.1:${await freePort()}`,
    tls: 'required',
    from: FROM,
    to: [KIM],
    clock: systemClock,
  });
  const result = await channel!.send(page, NEVER);
  t.regex(result.outcome === 'retry' ? result.reason : '', /ECONNREFUSED/);
});
