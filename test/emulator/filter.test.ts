import test from 'ava';
import { parseFilter } from '../../emulator/filter.ts';

const MESSAGE = new Map([
  ['region', 'eu-west'],
  ['kind', 'order'],
  ['a b', 'c"d'],
]);

const CASES: readonly (readonly [filter: string, isMatch: boolean])[] = [
  ['', true],
  ['attributes:region', true],
  ['attributes:missing', false],
  ['attributes.kind = "order"', true],
  ['attributes.kind="refund"', false],
  ['attributes.kind != "refund"', true],
  ['attributes.missing != "x"', true],
  ['hasPrefix(attributes.region, "eu-")', true],
  ['hasPrefix(attributes.region,"us-")', false],
  ['hasPrefix(attributes.missing,"")', false],
  ['NOT attributes:region', false],
  ['-attributes:missing', true],
  ['attributes:region AND attributes:kind', true],
  ['attributes:missing OR attributes:kind', true],
  ['attributes:missing AND (attributes:kind OR attributes:region)', false],
  ['NOT (attributes:missing OR attributes.kind = "x")', true],
  ['attributes."a b" = "c\\"d"', true],
];
for (const [filter, isMatch] of CASES) {
  test(`the filter ${filter || '(none)'} ${isMatch ? 'matches' : 'does not match'}`, (t) => {
    t.is(parseFilter(filter)?.(MESSAGE) ?? true, isMatch);
  });
}

const INVALID = [
  'attributes',
  'attributes.kind',
  'attributes.kind = order',
  'attributes:a AND attributes:b OR attributes:c',
  'attributes:a AND',
  '(attributes:a',
  'hasPrefix(attributes.a)',
  'nonsense(',
  'attributes:a # b',
  `attributes.a = "${'x'.repeat(256)}"`,
];
for (const filter of INVALID) {
  test(`the filter ${filter.slice(0, 50)} is refused`, (t) => {
    t.throws(() => parseFilter(filter), { message: /filter/i, name: 'PubsubStatusError' });
  });
}
