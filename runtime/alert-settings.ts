/** The settings of notifications: what each channel needs, which route goes where, and which only make sense together. */
import { z } from 'zod';
import { parseDuration } from './duration.ts';
import { isSafeUrl, LOOPBACK_HOSTS, splitWords } from './setting.ts';

const CHANNELS = ['pagerduty', 'email', 'webhook', 'log'] as const;
type ChannelWord = (typeof CHANNELS)[number];
/** Each is a mail of its own; a mailing list serves more. */
const RECIPIENTS_MAX = 20;
const WEBHOOK_SECRET_BYTES = { min: 24, max: 64 };
const GIVE_UP_AFTER_MS = { min: 60_000, max: 7 * 86_400_000 };
const ADDRESS = /^(?:[^<>@,\r\n]*<[^<>@,\s]+@[\w.-]+>|[^<>@,\s]+@[\w.-]+)$/;

/** Values of secrets are never in a message. */
function checked<T>(expected: string, read: (given: string) => T | undefined, isShown = true) {
  return z.string().transform((given, context): T => {
    const value = read(given);
    if (value !== undefined) return value;
    context.addIssue(`expected ${expected}${isShown ? `; got ${given}` : ''}`);
    return z.NEVER;
  });
}

const route = checked(
  `a list of ${CHANNELS.join(', ')}, such as pagerduty,email`,
  (given): readonly ChannelWord[] | undefined => {
    const words = splitWords(given);
    const known = words.flatMap((word) => CHANNELS.filter((channel) => channel === word));
    return known.length === words.length ? known : undefined;
  },
);
const httpUrl = (isShown: boolean) =>
  checked(
    'an https URL, or an http one on loopback',
    (given) => (given === '' || isSafeUrl(given) ? given : undefined),
    isShown,
  );

/** Part of the one schema of all settings. */
export const ALERT_SETTINGS = {
  ALERT_PAGERDUTY_ROUTING_KEY: {
    what: 'Integration key of a PagerDuty service (Events API v2)',
    fallback: '',
    schema: checked(
      'the 32 letters and digits of an Events API v2 integration',
      (given) => (/^(?:|[\dA-Za-z]{32})$/.test(given) ? given : undefined),
      false,
    ),
    isSecret: true,
  },
  ALERT_PAGERDUTY_URL: {
    what: 'PagerDuty’s events API; https://events.eu.pagerduty.com for accounts in the EU',
    fallback: 'https://events.pagerduty.com',
    schema: httpUrl(true),
    isSecret: false,
  },
  ALERT_SMTP_URL: {
    what: 'Mail server, such as smtp://user:password@smtp.example.com:587, or smtps:// for TLS from the start',
    fallback: '',
    schema: checked(
      'smtp://user:password@host:587 or smtps://user:password@host:465, with user and password encoded as in any URL',
      (given) => (given === '' || isSmtpUrl(given) ? given : undefined),
      false,
    ),
    isSecret: true,
  },
  ALERT_SMTP_TLS: {
    what: 'Whether smtp:// has to become encrypted before anything is said; off is for a relay without a password',
    fallback: 'required',
    schema: z.enum(['required', 'off'], {
      error: (issue) => `expected one of required, off; got ${String(issue.input)}`,
    }),
    isSecret: false,
  },
  ALERT_EMAIL_FROM: {
    what: 'Sender of mails, such as Highwater <alerts@example.com>',
    fallback: '',
    schema: checked('an address, such as alerts@example.com', (given) =>
      given === '' || ADDRESS.test(given) ? given : undefined,
    ),
    isSecret: false,
  },
  ALERT_EMAIL_TO: {
    what: `Recipients of mails, separated by commas, ${RECIPIENTS_MAX} at most`,
    fallback: '',
    schema: checked(
      `at most ${RECIPIENTS_MAX} different addresses, such as kim@example.com,lee@example.com`,
      (given) => {
        const all = splitWords(given);
        const isFit = all.length <= RECIPIENTS_MAX && new Set(all.map(bare)).size === all.length;
        return isFit && all.every((each) => ADDRESS.test(each)) ? all : undefined;
      },
    ),
    isSecret: false,
  },
  ALERT_WEBHOOK_URL: {
    what: 'Receiver of notifications as JSON; a secret, as many have a token in it',
    fallback: '',
    schema: httpUrl(false),
    isSecret: true,
  },
  ALERT_WEBHOOK_SECRET: {
    what: 'Signs them: whsec_ and the base64 of 24 to 64 bytes, as Standard Webhooks has it',
    fallback: '',
    schema: checked(
      'whsec_ and the base64 of 24 to 64 bytes, such as the output of: echo "whsec_$(openssl rand -base64 32)"',
      (given) => (given === '' || isWebhookSecret(given) ? given : undefined),
      false,
    ),
    isSecret: true,
  },
  ALERT_ROUTE_PAGE: {
    what: 'Channels of pages; empty is all that are set up',
    fallback: '',
    schema: route,
    isSecret: false,
  },
  ALERT_ROUTE_TICKET: {
    what: 'Channels of tickets; empty is all that are set up but pagerduty',
    fallback: '',
    schema: route,
    isSecret: false,
  },
  ALERT_GIVE_UP_AFTER: {
    what: 'Age at which a notification that still fails is given up, 1m to 7d',
    fallback: '24h',
    schema: checked('a duration from 1m to 7d, such as 24h', (given) => {
      const valueMs = parseDuration(given);
      const { min, max } = GIVE_UP_AFTER_MS;
      return valueMs !== undefined && valueMs >= min && valueMs <= max ? valueMs : undefined;
    }),
    isSecret: false,
  },
} as const;

export type AlertSettings = {
  readonly [K in keyof typeof ALERT_SETTINGS]: z.output<(typeof ALERT_SETTINGS)[K]['schema']>;
};

/** Settings that need each other, each with what is missing. */
export function alertProblems(settings: AlertSettings): string[] {
  return [
    ...togetherProblems(settings),
    ...encryptionProblems(settings),
    ...routeProblems(settings),
  ];
}

/** Channels that have all they need; the log always has. */
export function channelsSetUp(settings: AlertSettings): readonly ChannelWord[] {
  return CHANNELS.filter((channel) => {
    switch (channel) {
      case 'pagerduty':
        return settings.ALERT_PAGERDUTY_ROUTING_KEY !== '';
      case 'email':
        return settings.ALERT_SMTP_URL !== '';
      case 'webhook':
        return settings.ALERT_WEBHOOK_URL !== '';
      case 'log':
        return true;
      default:
        return channel satisfies never;
    }
  });
}

function togetherProblems(settings: AlertSettings): string[] {
  const groups = [
    ['ALERT_SMTP_URL', 'ALERT_EMAIL_FROM', 'ALERT_EMAIL_TO'],
    ['ALERT_WEBHOOK_URL', 'ALERT_WEBHOOK_SECRET'],
  ] as const;
  return groups.flatMap((group) => {
    const given = group.filter((name) => settings[name].length > 0);
    if (given.length === 0 || given.length === group.length) return [];
    return group
      .filter((name) => !given.includes(name))
      .map((name) => `${name}: expected a value, as ${given.join(' and ')} has one; got nothing`);
  });
}

function encryptionProblems({ ALERT_SMTP_URL, ALERT_SMTP_TLS }: AlertSettings): string[] {
  if (ALERT_SMTP_TLS !== 'off' || ALERT_SMTP_URL === '') return [];
  const { protocol, hostname, password } = new URL(ALERT_SMTP_URL);
  if (protocol === 'smtps:') {
    return ['ALERT_SMTP_TLS: expected required, as ALERT_SMTP_URL is smtps; got off'];
  }
  if (password === '' || LOOPBACK_HOSTS.includes(hostname)) return [];
  return [
    'ALERT_SMTP_TLS: expected required, as ALERT_SMTP_URL has a password, which would go out for all to read; got off',
  ];
}

function routeProblems(settings: AlertSettings): string[] {
  const setUp = channelsSetUp(settings);
  const needs: Readonly<Record<ChannelWord, string>> = {
    pagerduty: 'ALERT_PAGERDUTY_ROUTING_KEY',
    email: 'ALERT_SMTP_URL',
    webhook: 'ALERT_WEBHOOK_URL',
    log: '',
  };
  return (['ALERT_ROUTE_PAGE', 'ALERT_ROUTE_TICKET'] as const).flatMap((name) =>
    settings[name]
      .filter((channel) => !setUp.includes(channel))
      .map((channel) => `${name}: ${channel} expects ${needs[channel]} to be set; got nothing`),
  );
}

function isSmtpUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, username, password, pathname, search } = new URL(url);
  const isPlain = ['', '/'].includes(pathname) && search === '';
  const isLogin = (username === '') === (password === '');
  return (
    ['smtp:', 'smtps:'].includes(protocol) &&
    hostname !== '' &&
    isPlain &&
    isLogin &&
    isDecodable(username + password)
  );
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function isWebhookSecret(secret: string): boolean {
  const [, base64] = /^whsec_([\d+/A-Za-z]+={0,2})$/.exec(secret) ?? [];
  if (base64 === undefined) return false;
  const { length } = Buffer.from(base64, 'base64');
  return length >= WEBHOOK_SECRET_BYTES.min && length <= WEBHOOK_SECRET_BYTES.max;
}

/** What two spellings of one recipient share. */
function bare(address: string): string {
  return (/<([^<>]+)>$/.exec(address)?.[1] ?? address).toLowerCase();
}
