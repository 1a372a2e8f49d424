/** The kinds of settings: what each takes, and what it says of anything else. */
import { z } from 'zod';
import { parseDuration } from './duration.ts';

/** Hosts of this machine, as a setting and as a URL have them. */
export const LOOPBACK_HOSTS: readonly string[] = ['127.0.0.1', '::1', '[::1]', 'localhost'];

/** 0 is off. */
export const countOrOff = (what: string, fallback: number, max: number) =>
  setting(what, String(fallback), z.string().transform(toInteger(0, max, fallback)));
export const port = (what: string, fallback: number) =>
  setting(what, String(fallback), z.string().transform(toInteger(0, 65_535, fallback)));
export const count = (what: string, fallback: number, max = Number.MAX_SAFE_INTEGER) =>
  setting(what, String(fallback), z.string().transform(toInteger(1, max, fallback)));
/** A duration, of at least and at most so much where `range` says so: a pause of 0 would leave no time for anything else. */
export const duration = (what: string, fallback: string, range?: readonly [string, string]) =>
  setting(
    what,
    fallback,
    z.string().transform((text, context) => {
      const valueMs = parseDuration(text);
      const [least = 0, most = Infinity] = range?.map(parseDuration) ?? [];
      if (valueMs !== undefined && valueMs >= least && valueMs <= most) return valueMs;
      const bounds = range ? ` from ${range.join(' to ')},` : '';
      context.addIssue(`expected a duration${bounds} such as ${fallback}; got ${text}`);
      return z.NEVER;
    }),
  );
export const ratio = (what: string, fallback: string) =>
  setting(
    what,
    fallback,
    z.string().transform((given, context) => {
      const value = Number(given);
      if (given.trim() !== '' && value >= 0 && value <= 1) return value;
      context.addIssue(`expected a number from 0 to 1, such as ${fallback}; got ${given}`);
      return z.NEVER;
    }),
  );
export const text = (what: string, fallback: string) => setting(what, fallback, z.string().min(1));
export const choice = <const T extends readonly [string, ...string[]]>(
  what: string,
  values: T,
  fallback: T[number],
) =>
  setting(
    what,
    fallback,
    z.enum(values, {
      error: (issue) => `expected one of ${values.join(', ')}; got ${String(issue.input)}`,
    }),
  );
export const urls = (what: string, example: string) =>
  setting(
    what,
    '',
    z.string().transform((given, context) => {
      const each = given.split(',').map((url) => url.trim());
      const wrong = each.filter((url) => url !== '' && !isHttpUrl(url));
      if (wrong.length === 0) return each.filter((url) => url !== '');
      context.addIssue(`expected URLs such as ${example}; got ${wrong.join(', ')}`);
      return z.NEVER;
    }),
  );
/** Words separated by commas, each of them one that `isGood` takes; `example` stands in the message. */
export const words = (what: string, example: string, isGood: (word: string) => boolean) =>
  setting(
    what,
    '',
    z.string().transform((given, context) => {
      const each = splitWords(given);
      const wrong = each.filter((word) => !isGood(word));
      if (wrong.length === 0) return each;
      context.addIssue(`expected words such as ${example}; got ${wrong.join(', ')}`);
      return z.NEVER;
    }),
  );
export const grants = (what: string) =>
  words(`${what}: addresses, *@DOMAIN or * for all that are verified`, 'ann@example.com', (word) =>
    /^(?:\*|[^\s@]+@[^\s@]+)$/.test(word),
  );
/** Tokens are worth no more than the way on which their keys come. */
export const keysUrl = (what: string, fallback: string) =>
  setting(
    what,
    fallback,
    z.string().refine((given) => isSafeUrl(given), {
      error: (issue) => `expected an https URL such as ${fallback}; got ${String(issue.input)}`,
    }),
  );
export const secret = (what: string) => setting(what, '', z.string(), true);
export const optional = (what: string) => setting(what, '', z.string());

export function modes(what: string) {
  const known = ['none', 'iap', 'oidc', 'api-key'] as const;
  type Mode = (typeof known)[number];
  const isMode = (word: string): word is Mode => known.some((each) => each === word);
  return setting(
    what,
    'none',
    z.string().transform((given, context): readonly [Mode, ...Mode[]] => {
      const [first, ...rest] = splitWords(given).filter(isMode);
      const wordCount = splitWords(given).length;
      const distinctCount = first === 'none' ? 1 : new Set([first, ...rest]).size;
      if (first && distinctCount === wordCount && !rest.includes('none')) return [first, ...rest];
      context.addIssue(
        `expected none alone, or some of iap, oidc, api-key separated by commas, such as iap,api-key; got ${given}`,
      );
      return z.NEVER;
    }),
  );
}

/** What commas separate, without what is empty. */
export function splitWords(given: string): string[] {
  return given
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** Whether what is sent there is read by nobody on the way. */
export function isSafeUrl(url: string): boolean {
  const protocol = protocolOf(url);
  return (
    protocol === 'https:' ||
    (protocol === 'http:' && LOOPBACK_HOSTS.includes(new URL(url).hostname))
  );
}

export function isHttpUrl(url: string): boolean {
  return /^https?:$/.test(protocolOf(url));
}

/** `https:` of `https://…`; empty where the text is no URL. */
export function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : '';
}

function setting<T extends z.ZodType>(what: string, fallback: string, schema: T, isSecret = false) {
  return { what, fallback, schema, isSecret };
}

function toInteger(min: number, max: number, example: number) {
  return (given: string, context: z.RefinementCtx): number => {
    const value = Number(given);
    if (/^\d+$/.test(given) && value >= min && value <= max) return value;
    context.addIssue(
      `expected a whole number from ${min} to ${max}, such as ${example}; got ${given}`,
    );
    return z.NEVER;
  };
}
