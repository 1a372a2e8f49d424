/** `highwater alerts send-test` against a real mail server and a stand-in of PagerDuty. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mailTest as test, startMailServer } from '../alerts/notify/mail-server.ts';
import { startPagerDuty } from '../alerts/notify/pagerduty-server.ts';
import { startHighwater, temporaryFolder } from '../helpers/highwater-process.ts';

const KEY = 'R0123456789ABCDEF0123456789ABCDE';

test('a test incident is opened and resolved on each channel, and no secret is said', async (t) => {
  const [pagerDuty, mail] = await Promise.all([startPagerDuty(), startMailServer()]);
  const folder = temporaryFolder();
  t.teardown(async () => {
    await Promise.all([pagerDuty.close(), mail.close()]);
    folder.remove();
  });
  const ca = join(folder.path, 'ca.pem');
  writeFileSync(ca, mail.ca);
  const environment = {
    NODE_EXTRA_CA_CERTS: ca,
    ALERT_PAGERDUTY_ROUTING_KEY: KEY,
    ALERT_PAGERDUTY_URL: pagerDuty.url,
    ALERT_SMTP_URL: mail.smtpUrl(),
    ALERT_EMAIL_FROM: 'alerts@example.com',
    ALERT_EMAIL_TO: 'kim@example.com,lee@example.com',
  };
  const all = startHighwater(['alerts', 'send-test'], environment);
  t.is(await all.exited, 0, all.output.stderr);
  t.regex(all.output.stdout, /^pagerduty {2}triggered {2}delivered \(answered 202\) {2}\d+ ms$/m);
  t.regex(all.output.stdout, /^email:lee@example.com {2}resolved {2}delivered \(250.*$/m);
  t.deepEqual(
    pagerDuty.alerts.map(({ triggerCount, state }) => [triggerCount, state]),
    [[1, 'resolved']],
  );
  t.is(mail.mails.length, 4);
  t.true(mail.mails.every(({ mail: { subject } }) => subject?.includes('[Highwater TEST]')));

  pagerDuty.answerNext({ kind: 'status', status: 400, body: `no such key ${KEY}` });
  const refused = startHighwater(['alerts', 'send-test', '--channel', 'pagerduty'], environment);
  t.is(await refused.exited, 1);
  t.regex(
    refused.output.stdout,
    /pagerduty {2}triggered {2}refused \(answered 400: no such key \(hidden\)\)/,
  );
  t.is(mail.mails.length, 4, 'only the named channel');
  for (const { output } of [all, refused]) {
    t.false(`${output.stdout}${output.stderr}`.includes(KEY));
    t.notRegex(`${output.stdout}${output.stderr}`, /p@ss|p%40ss/);
  }
});

test('with nothing set up it says what to set', async (t) => {
  const command = startHighwater(['alerts', 'send-test'], { ALERT_SMTP_URL: '' });
  t.is(await command.exited, 2);
  t.regex(command.output.stderr, /Set ALERT_PAGERDUTY_ROUTING_KEY, or ALERT_SMTP_URL/);
});
