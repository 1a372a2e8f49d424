/** The settings of notifications: what goes together, what is refused, and that no secret is ever printed. */
import test from 'ava';
import { channelsSetUp, loadConfig, printConfig } from '../../runtime/index.ts';

const NO_FILE = '/nonexistent/.env';
const KEY = 'R0123456789ABCDEF0123456789ABCDE';
const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
const GOOD = {
  ALERT_PAGERDUTY_ROUTING_KEY: KEY,
  ALERT_SMTP_URL: 'smtp://alerts:p%40ss-w0rd@smtp.example.com',
  ALERT_EMAIL_FROM: 'Highwater <alerts@example.com>',
  ALERT_EMAIL_TO: 'kim@example.com, Lee <lee@example.com>',
  ALERT_WEBHOOK_URL: 'https://hooks.example.com/T0K3N?key=T0K3N',
  ALERT_WEBHOOK_SECRET: SECRET,
  ALERT_ROUTE_PAGE: 'pagerduty,email',
  ALERT_ROUTE_TICKET: 'email',
};
const load = (environment: Readonly<Record<string, string>>) => loadConfig(environment, NO_FILE);

test('with nothing set only the log is there', (t) => {
  const config = load({});
  t.deepEqual(channelsSetUp(config), ['log']);
  t.deepEqual(config.ALERT_ROUTE_PAGE, []);
  t.is(config.ALERT_GIVE_UP_AFTER, 86_400_000);
});

test('all of it set up', (t) => {
  const config = load(GOOD);
  t.deepEqual(channelsSetUp(config), ['pagerduty', 'email', 'webhook', 'log']);
  t.deepEqual(config.ALERT_EMAIL_TO, ['kim@example.com', 'Lee <lee@example.com>']);
  t.deepEqual(config.ALERT_ROUTE_PAGE, ['pagerduty', 'email']);
});

test('no secret is printed', (t) => {
  const printed = printConfig(load(GOOD));
  for (const secret of [KEY, 'p%40ss-w0rd', 'p@ss-w0rd', 'T0K3N', SECRET, SECRET.slice(6)]) {
    t.false(printed.includes(secret), secret);
  }
  t.regex(printed, /^ALERT_PAGERDUTY_ROUTING_KEY=\(hidden\)$/m);
  t.regex(printed, /^ALERT_SMTP_URL=\(hidden\)$/m);
  t.regex(printed, /^ALERT_EMAIL_TO=kim@example.com,Lee <lee@example.com>$/m);
});

const WRONG: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
  [{ ALERT_PAGERDUTY_ROUTING_KEY: `${KEY}X` }, /ROUTING_KEY: expected the 32 letters and digits/],
  [{ ALERT_PAGERDUTY_URL: 'http://events.pagerduty.com' }, /PAGERDUTY_URL: expected an https URL/],
  [{ ALERT_SMTP_URL: 'http://u:s3cret@h' }, /SMTP_URL: expected smtp:\/\//],
  [{ ALERT_SMTP_URL: 'smtp://u:s3cret%@h' }, /SMTP_URL: expected smtp:\/\//],
  [{ ALERT_SMTP_URL: 'smtp://u:s3cret@h?tls=no' }, /SMTP_URL: expected smtp:\/\//],
  [{ ALERT_EMAIL_FROM: 'nobody' }, /EMAIL_FROM: expected an address.*got nobody/],
  [
    { ALERT_EMAIL_TO: 'a@example.com,A <A@example.com>' },
    /EMAIL_TO: expected at most 20 different/,
  ],
  [{ ALERT_EMAIL_TO: 'a@example.com\r\nBcc: b@example.com' }, /EMAIL_TO: expected/],
  [{ ALERT_WEBHOOK_URL: 'http://hooks.example.com/s3cret' }, /WEBHOOK_URL: expected an https URL/],
  [{ ALERT_WEBHOOK_SECRET: 'whsec_s3cret' }, /WEBHOOK_SECRET: expected whsec_ and the base64/],
  [{ ALERT_ROUTE_PAGE: 'pigeon' }, /ROUTE_PAGE: expected a list of pagerduty, .*got pigeon/],
  [{ ALERT_GIVE_UP_AFTER: '0s' }, /GIVE_UP_AFTER: expected a duration from 1m to 7d/],
  // Pairs.
  [
    { ALERT_SMTP_URL: 'smtp://h' },
    /EMAIL_FROM: expected a value, as ALERT_SMTP_URL has one; got nothing/,
  ],
  [{ ALERT_EMAIL_TO: 'a@example.com' }, /SMTP_URL: expected a value, as ALERT_EMAIL_TO has one/],
  [{ ALERT_WEBHOOK_SECRET: SECRET }, /WEBHOOK_URL: expected a value/],
  [{ ALERT_ROUTE_PAGE: 'pagerduty' }, /ROUTE_PAGE: pagerduty expects ALERT_PAGERDUTY_ROUTING_KEY/],
  [
    { ...GOOD, ALERT_SMTP_TLS: 'off' },
    /SMTP_TLS: expected required, as ALERT_SMTP_URL has a password/,
  ],
  [{ ...GOOD, ALERT_SMTP_URL: 'smtps://h', ALERT_SMTP_TLS: 'off' }, /as ALERT_SMTP_URL is smtps/],
];

for (const [environment, expected] of WRONG) {
  test(`refused: ${Object.keys(environment).length > 2 ? 'all, with ' : ''}${Object.entries(environment).at(-1)?.join('=')}, ${expected.source.slice(0, 40)}`, (t) => {
    const error = t.throws(() => load(environment));
    t.regex(error.message, expected);
    t.notRegex(error.message, /s3cret|p%40ss/);
  });
}
