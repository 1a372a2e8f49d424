/** Selectors as people write them, and the names that stand for what many of them share. */
import test from 'ava';
import { formatSelector, parseSelector } from '../../slo/index.ts';
import { USER_REQUESTS } from '../../telemetry/index.ts';

const STATUS = { label: 'status', op: '=~', value: '5..' };

for (const [text, wanted] of [
  ['a', []],
  ['a{}', []],
  ['a{status=~"5.."}', [STATUS]],
  ['a{$users}', [USER_REQUESTS]],
  ['a{ status=~"5..", $users }', [STATUS, USER_REQUESTS]],
  ['a{$users,status=~"5.."}', [USER_REQUESTS, STATUS]],
] as const) {
  test(`${text} is read, and its text is read back as the same`, (t) => {
    const found = parseSelector(text);
    t.deepEqual(found, { metric: 'a', matchers: [...wanted] });
    t.deepEqual(found && parseSelector(formatSelector(found)), found);
  });
}

for (const text of ['a{$user}', 'a{$}', 'a{$users status="x"}', 'a{users}', '{$users}']) {
  test(`${text} is no selector`, (t) => {
    t.is(parseSelector(text), undefined);
  });
}

test('users send no request to the probes or the metrics page, and the canary is none of them', (t) => {
  const leftOut = new RegExp(`^(?:${USER_REQUESTS.value})$`);
  for (const route of ['/healthz', '/readyz', '/metrics', '/v1/streams/canary/events']) {
    t.regex(route, leftOut);
  }
  for (const route of ['/v1/streams/:stream/events', '/v1/slos', '/console', '/']) {
    t.notRegex(route, leftOut);
  }
});
