/** What counts as the same, and how a difference reads. */
import test from 'ava';
import { differencesOf } from '../../../terraform/drift/differences.ts';
import { driftText } from '../../../terraform/drift/drift-text.ts';
import { normalForm } from '../../../terraform/drift/normal-form.ts';
import type { ResourceKind } from '../../../terraform/drift/resource.ts';

type Body = Readonly<Record<string, unknown>>;

const form = (kind: ResourceKind, body: Body) => normalForm(kind, body, (name) => name);
const query = (bound: string) => `${'a'.repeat(300)} > ${bound} and ${'b'.repeat(300)}`;
const lines = (word: string) =>
  ['same', ...Array.from({ length: 20 }, () => word), 'end'].join('\n');
const items = (...names: readonly string[]) => ({
  tiles: names.map((title) => ({ title, width: 4 })),
});

/** As it is written, and as the API answers. */
const SAME: readonly (readonly [string, ResourceKind, Body, Body])[] = [
  [
    'what the server writes',
    'alert policy',
    { displayName: 'a' },
    {
      displayName: 'a',
      name: 'projects/p/alertPolicies/1',
      enabled: true,
      creationRecord: { mutateTime: '2026-11-26T00:00:00Z', mutatedBy: 'ann@example.com' },
      mutationRecord: { mutateTime: '2026-11-26T00:00:00Z' },
      validity: { code: 3 },
    },
  ],
  [
    'names of conditions, and a duration of nothing',
    'alert policy',
    { conditions: [{ displayName: 'c', a: { duration: '0s', evaluationInterval: '60s' } }] },
    { conditions: [{ name: 'x/1', displayName: 'c', a: { evaluationInterval: '60.0s' } }] },
  ],
  [
    'an order without a meaning',
    'uptime check',
    { selectedRegions: ['A', 'B'] },
    { selectedRegions: ['B', 'A'] },
  ],
  [
    'bounds that bound nothing',
    'SLO',
    { range: { max: 1 } },
    { range: { min: '-Infinity', max: 1 } },
  ],
  [
    'an empty message of a service',
    'service',
    { custom: {} },
    { custom: {}, telemetry: {}, userLabels: {} },
  ],
  [
    'what charts mean where it is not said',
    'dashboard',
    { tiles: [{ xPos: 0, dataSets: [{ plotType: 'LINE' }], yAxis: { label: 'a' } }] },
    {
      etag: 'x',
      tiles: [
        {
          dataSets: [{ plotType: 'LINE', targetAxis: 'Y1' }],
          yAxis: { label: 'a', scale: 'LINEAR' },
        },
      ],
    },
  ],
  [
    'a key, however it is shown',
    'notification channel',
    { labels: {} },
    { labels: { service_key: '****' } },
  ],
];

for (const [what, kind, written, answered] of SAME) {
  test(`no drift: ${what}`, (t) => {
    t.deepEqual(differencesOf(form(kind, answered), form(kind, written)), []);
  });
}

test('what says something is kept: switched off, an empty list of incidents, a secret’s place', (t) => {
  t.deepEqual(form('alert policy', { enabled: false }), { enabled: false });
  t.deepEqual(form('dashboard', { widget: { incidentList: {} } }), {
    widget: { incidentList: {} },
  });
  t.deepEqual(form('notification channel', { labels: { auth_token: 'x' } }), {
    labels: { auth_token: '(hidden)' },
  });
});

test('a long line is shown around what differs, long texts by their changed lines, and no more than fits', (t) => {
  const text = driftText([
    {
      finding: 'changed',
      kind: 'alert policy',
      name: 'a',
      resource: 'projects/p/alertPolicies/1',
      fields: [
        { path: 'query', deployed: query('0.5'), defined: query('0.25') },
        { path: 'content', deployed: lines('one'), defined: lines('two') },
        { path: 'added', deployed: { a: 1 } },
      ],
    },
  ]);
  t.deepEqual(text.trimEnd().split('\n'), [
    'changed: alert policy a (projects/p/alertPolicies/1)',
    '  query',
    `    - …${'a'.repeat(35)} > 0.5 and ${'b'.repeat(34)}…`,
    `    + …${'a'.repeat(35)} > 0.25 and ${'b'.repeat(34)}…`,
    '  content',
    ...Array.from({ length: 12 }, () => '    - one'),
    '    - … 8 more lines',
    ...Array.from({ length: 12 }, () => '    + two'),
    '    + … 8 more lines',
    '  added',
    '    - {"a":1}',
  ]);
});

test('of things with the same name the second is told apart, and one more in front changes no other', (t) => {
  t.deepEqual(differencesOf(items('new', 'a', 'a'), items('a', 'a', 'b')), [
    { path: 'tiles["new"]', deployed: { title: 'new', width: 4 } },
    { path: 'tiles["b"]', defined: { title: 'b', width: 4 } },
  ]);
});
