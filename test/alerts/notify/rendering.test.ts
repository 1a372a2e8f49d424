/** What a page says on each channel: goldens, the receivers' limits, and nothing that a text can break. */
import * as fc from 'fast-check';
import test from 'ava';
import { Webhook } from 'standardwebhooks';
import {
  emailMessage,
  logLine,
  notificationKey,
  pagerDutyEvent,
  webhookBody,
  webhookSignature,
} from '../../../alerts/index.ts';
import type { Notification } from '../../../alerts/index.ts';
import { isGolden } from './golden.ts';
import { acknowledged, page, raised, resolved, ticket } from './notifications.ts';
import { pagerDutyProblems } from './pagerduty-schema.ts';

const KEY = 'R0123456789ABCDEF0123456789ABCDE';
const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
const ALL: Readonly<Record<string, Notification>> = {
  page,
  acknowledged,
  resolved,
  ticket,
  raised,
};

for (const [name, notification] of Object.entries(ALL)) {
  test(`${name}, as each channel shows it`, (t) => {
    const mail = emailMessage(notification, { domain: 'example.com', nowMs: notification.atMs });
    const { html, text, ...head } = mail;
    isGolden(t, `${name}.email.txt`, `${JSON.stringify(head, null, 2)}\n\n${text}`);
    isGolden(t, `${name}.email.html`, html);
    const event = pagerDutyEvent(notification, KEY);
    t.deepEqual(pagerDutyProblems(event, JSON.stringify(event)), []);
    isGolden(t, `${name}.pagerduty.json`, `${JSON.stringify(event, null, 2)}\n`);
    const body = webhookBody(notification);
    isGolden(t, `${name}.webhook.json`, `${JSON.stringify(JSON.parse(body), null, 2)}\n`);
    isGolden(t, `${name}.log.json`, `${JSON.stringify(logLine(notification), null, 2)}\n`);
  });
}

test('one incident is one alert at PagerDuty, whatever its severity becomes', (t) => {
  const events = [ticket, raised, { ...raised, state: 'resolved', sequence: 2 } as const].map(
    (each) => pagerDutyEvent(each, KEY),
  );
  t.deepEqual(new Set(events.map((event) => event.dedup_key)).size, 1);
  t.deepEqual(
    events.map((event) => [event.event_action, event.payload?.severity]),
    [
      ['trigger', 'warning'],
      ['trigger', 'error'],
      ['resolve', undefined],
    ],
  );
  t.not(
    pagerDutyEvent(page, KEY).dedup_key,
    pagerDutyEvent({ ...page, incidentId: 'other' }, KEY).dedup_key,
  );
});

test('the mails of an incident share a thread and a subject, those of another do not', (t) => {
  const at = { domain: 'example.com', nowMs: page.atMs };
  const [first, second, third] = [page, acknowledged, resolved].map((each) =>
    emailMessage(each, at),
  );
  t.is(first?.inReplyTo, undefined);
  t.is(second?.inReplyTo, first?.messageId);
  t.is(third?.inReplyTo, first?.messageId);
  t.is(second?.subject, `Re: ${first?.subject}`);
  t.is(third?.subject, `Re: ${first?.subject}`);
  t.is(new Set([first, second, third].map((each) => each?.messageId)).size, 3);
  t.not(emailMessage({ ...page, incidentId: 'other' }, at).messageId, first?.messageId);
  t.deepEqual(emailMessage(page, at), first, 'a repeat is the same mail');
});

test('a mail that waited says so', (t) => {
  const nowMs = page.atMs + 3 * 3_600_000;
  const { text, html } = emailMessage(page, { domain: 'example.com', nowMs });
  const note = 'This mail is 3 h late: it is about 2026-11-26 03:04:11 UTC';
  t.true(text.includes(note));
  t.true(html.includes(note));
});

test('a test is called a test wherever it arrives', (t) => {
  const notification = { ...page, isTest: true };
  const mail = emailMessage(notification, { domain: 'example.com', nowMs: page.atMs });
  t.regex(mail.subject, /TEST/);
  t.regex(mail.text, /^TEST PAGE\./);
  t.regex(mail.html, />TEST PAGE\./);
  t.regex(pagerDutyEvent(notification, KEY).payload?.summary ?? '', /^TEST: /);
  t.is(
    (JSON.parse(webhookBody(notification)) as { data: { is_test: boolean } }).data.is_test,
    true,
  );
  t.is(logLine(notification).fields['isTest'], true);
});

test('the Standard Webhooks library takes the signature, and refuses a changed body and an old time', (t) => {
  const receiver = new Webhook(SECRET);
  const nowMs = Date.now();
  const body = webhookBody(page);
  const headers = { ...webhookSignature(page, body, SECRET, nowMs) };
  t.deepEqual(receiver.verify(body, headers), JSON.parse(body));
  t.throws(() => receiver.verify(body.replace('critical', 'info'), headers));
  t.throws(() => receiver.verify(body, webhookSignature(page, body, SECRET, nowMs - 3_600_000)));
  const other = `whsec_${Buffer.from('another secret of 24 bytes').toString('base64')}`;
  t.throws(() => receiver.verify(body, webhookSignature(page, body, other, nowMs)));
  t.is(headers['webhook-id'], encodeURIComponent(notificationKey(page)));
});

/** Texts of every sort: lone surrogates, control characters, markup, header breaks, length. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('</td><script>alert(1)</script>', 'a\r\nBcc: x@example.com', '\ud800', '"&<>'),
  fc.integer({ min: 1, max: 20_000 }).map((length) => '\u0000'.repeat(length)),
  fc.integer({ min: 1_000, max: 3_000 }).map((length) => `x${'😀'.repeat(length)}`),
);
const anyNotification: fc.Arbitrary<Notification> = fc
  .record({
    base: fc.constantFrom(...Object.values(ALL)),
    incidentId: anyText.filter((text) => text !== ''),
    title: anyText,
    summary: anyText,
    policy: anyText,
    source: anyText,
    top: anyText,
    playbookText: anyText,
    url: fc.oneof(anyText, fc.webUrl()),
    value: fc.double({ noNaN: true, noDefaultInfinity: true }),
  })
  .map(({ base, url, top, value, ...texts }) => ({
    ...base,
    ...texts,
    top: { ...ticket.top!, name: top },
    measured: { ...page.measured!, value },
    links: { dashboard: url, trace: url, playbook: url },
  }));

test('whatever the texts are: PagerDuty takes the event, a mail has no foreign header or markup', (t) => {
  fc.assert(
    fc.property(anyNotification, (notification) => {
      const event = pagerDutyEvent(notification, KEY);
      t.deepEqual(pagerDutyProblems(event, JSON.stringify(event)), []);
      const mail = emailMessage(notification, { domain: 'example.com', nowMs: page.atMs });
      for (const value of [mail.subject, mail.messageId, ...Object.values(mail.headers)]) {
        t.notRegex(value, /[\r\n]/);
      }
      t.false(mail.html.includes('<script'));
      t.notRegex(webhookSignature(notification, '', SECRET, 0)['webhook-id'], /[^\w.~!*'()%-]/);
    }),
    { numRuns: 150 },
  );
});
