/** Subscription filters: what they let through, and which are refused. */
import type { Draft } from '../clients.ts';
import { ONE_ATTEMPT, texts } from '../clients.ts';
import type { Script } from '../script.ts';
import { script } from '../script.ts';

const MESSAGES: readonly Draft[] = [
  { data: 'plain' },
  { data: 'english', attributes: { lang: 'en' } },
  { data: 'british', attributes: { lang: 'en-GB', region: 'eu' } },
  { data: 'german', attributes: { lang: 'de', region: 'eu' } },
  { data: 'empty', attributes: { lang: '' } },
  { data: 'dotted', attributes: { 'iana.org/lang': 'en', 'quo"te': 'a\\b' } },
];

const ACCEPTED = [
  'attributes:lang',
  'attributes.lang = "en"',
  'attributes.lang="en"',
  'attributes.lang != "en"',
  'attributes.lang = ""',
  'hasPrefix(attributes.lang, "en")',
  'hasPrefix(attributes.lang, "")',
  'NOT attributes:lang',
  '-attributes:lang',
  'NOT hasPrefix(attributes.lang, "en")',
  'attributes:lang AND attributes.region = "eu"',
  'attributes.lang = "de" OR attributes.lang = "en"',
  'attributes.region = "eu" AND (attributes.lang = "de" OR attributes.lang = "en")',
  'attributes.region = "eu" AND NOT attributes.lang = "de"',
  'NOT (attributes:lang AND attributes:region)',
  'attributes:"iana.org/lang"',
  'attributes."iana.org/lang" = "en"',
  'attributes."quo\\"te" = "a\\\\b"',
  '(attributes:region)',
  'attributes.lang = "EN"',
];

const DOUBTFUL = [
  'attributes:lang AND attributes:region OR attributes:x',
  'attributes:lang and attributes:region',
  'not attributes:lang',
  'attributes:lang attributes:region',
  'attributes.lang',
  'attributes.lang = en',
  "attributes.lang = 'en'",
  'attributes.lang > "en"',
  'attributes:',
  'attribute:lang',
  'lang = "en"',
  'data = "x"',
  'hasPrefix(attributes.lang)',
  'hasSuffix(attributes.lang, "en")',
  'HASPREFIX(attributes.lang, "en")',
  'attributes.lang = "en',
  '(attributes:lang',
  'attributes:lang)',
  'attributes:iana.org/lang',
  'NOT NOT attributes:lang',
  ' attributes:lang ',
  'attributes : lang',
  '()',
  ' ',
];

export const filterScripts: readonly Script[] = [
  script(
    'filter-semantics',
    async (c) => {
      await c.createTopic();
      for (const [index, filter] of ACCEPTED.entries()) {
        await c.createSubscription({ filter }, `case-${index}`);
      }
      await c.publish(MESSAGES);
      const seen: Record<string, string> = {};
      for (const [index, filter] of ACCEPTED.entries()) {
        const received = await c.take(c.subscription(`case-${index}`), MESSAGES.length, 250);
        seen[filter] = texts(received).toSorted().join(' ');
      }
      return seen;
    },
    {
      'attributes:lang': 'british dotted empty english german plain',
      'attributes.lang = "en"': 'british dotted empty english german plain',
      'attributes.lang="en"': 'british dotted empty english german plain',
      'attributes.lang != "en"': 'british dotted empty english german plain',
      'attributes.lang = ""': 'british dotted empty english german plain',
      'hasPrefix(attributes.lang, "en")': 'british dotted empty english german plain',
      'hasPrefix(attributes.lang, "")': 'british dotted empty english german plain',
      'NOT attributes:lang': 'british dotted empty english german plain',
      '-attributes:lang': 'british dotted empty english german plain',
      'NOT hasPrefix(attributes.lang, "en")': 'british dotted empty english german plain',
      'attributes:lang AND attributes.region = "eu"': 'british dotted empty english german plain',
      'attributes.lang = "de" OR attributes.lang = "en"':
        'british dotted empty english german plain',
      'attributes.region = "eu" AND (attributes.lang = "de" OR attributes.lang = "en")':
        'british dotted empty english german plain',
      'attributes.region = "eu" AND NOT attributes.lang = "de"':
        'british dotted empty english german plain',
      'NOT (attributes:lang AND attributes:region)': 'british dotted empty english german plain',
      'attributes:"iana.org/lang"': 'british dotted empty english german plain',
      'attributes."iana.org/lang" = "en"': 'british dotted empty english german plain',
      'attributes."quo\\"te" = "a\\\\b"': 'british dotted empty english german plain',
      '(attributes:region)': 'british dotted empty english german plain',
      'attributes.lang = "EN"': 'british dotted empty english german plain',
    },
  ),
  script(
    'filter-validity',
    async (c) => {
      await c.createTopic();
      const cases = DOUBTFUL.map((filter, index): [string, () => Promise<unknown>] => [
        filter,
        () => c.createSubscription({ filter }, `case-${index}`),
      ]);
      return c.outcomes(Object.fromEntries(cases));
    },
    {
      'attributes:lang AND attributes:region OR attributes:x': 'OK',
      'attributes:lang and attributes:region': 'OK',
      'not attributes:lang': 'OK',
      'attributes:lang attributes:region': 'OK',
      'attributes.lang': 'OK',
      'attributes.lang = en': 'OK',
      "attributes.lang = 'en'": 'OK',
      'attributes.lang > "en"': 'OK',
      'attributes:': 'OK',
      'attribute:lang': 'OK',
      'lang = "en"': 'OK',
      'data = "x"': 'OK',
      'hasPrefix(attributes.lang)': 'OK',
      'hasSuffix(attributes.lang, "en")': 'OK',
      'HASPREFIX(attributes.lang, "en")': 'OK',
      'attributes.lang = "en': 'OK',
      '(attributes:lang': 'OK',
      'attributes:lang)': 'OK',
      'attributes:iana.org/lang': 'OK',
      'NOT NOT attributes:lang': 'OK',
      ' attributes:lang ': 'OK',
      'attributes : lang': 'OK',
      '()': 'OK',
      ' ': 'OK',
    },
  ),
  script(
    'filter-empty',
    async (c) => {
      const subscription = await c.createPair({ filter: '' });
      await c.publish(MESSAGES);
      return texts(await c.take(subscription, MESSAGES.length)).length;
    },
    6,
  ),
  script(
    'filter-length',
    async (c) => {
      await c.createTopic();
      const ofLength = (length: number) => () =>
        c.createSubscription({ filter: `attributes:${'k'.repeat(length - 11)}` }, `case-${length}`);
      return c.outcomes({ '256 bytes': ofLength(256), '257 bytes': ofLength(257) });
    },
    { '256 bytes': 'OK', '257 bytes': 'OK' },
  ),
  script(
    'filter-leaves-no-backlog',
    async (c) => {
      const subscription = await c.createPair({ filter: 'attributes:wanted' });
      await c.publish(['unwanted', { data: 'wanted', attributes: { wanted: '' } }]);
      const received = await c.take(subscription, 1);
      await c.subscriber.seek({ subscription, time: { seconds: 1 } }, ONE_ATTEMPT);
      return { received: texts(received), afterSeek: texts(await c.take(subscription, 2, 1_000)) };
    },
    { received: ['unwanted'], afterSeek: ['unwanted', 'wanted'] },
  ),
];
