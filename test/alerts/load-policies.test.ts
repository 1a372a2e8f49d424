import test from 'ava';
import { alertName, conditionPromQL, loadPolicies } from '../../alerts/index.ts';
import { isAppError } from '../../runtime/index.ts';
import { loadSlos } from '../../slo/index.ts';
import { AGE, AVAILABILITY_SLO, definitionsOf, HEAD } from './definitions.ts';

const STREAMS = [{ name: 'transactions', subscription: 'transactions-ingest' }];

test('the shipped policies are read, with those of the shipped SLOs', (t) => {
  const slos = loadSlos('slo', STREAMS);
  const { policies, intervalMs } = loadPolicies('alerts/policies.yaml', slos);
  t.is(intervalMs, 30_000);
  t.deepEqual(
    policies.map(({ name }) => name),
    [
      'api-availability',
      'api-error-ratio',
      'api-latency',
      'api-latency-mean',
      'backlog-age',
      'canary-freshness',
      'canary-lost',
      'dead-letters',
      'evaluator-silent',
      'freshness-transactions',
      'telemetry-silent',
      'uptime',
    ],
  );
  for (const slo of slos) {
    const policy = policies.find(({ name }) => name === slo.name)!;
    t.deepEqual(
      policy.rungs.map(({ name, severity, route }) => [name, severity, route]),
      [
        ['page-1h', 'critical', 'page'],
        ['page-6h', 'error', 'page'],
        ['ticket-1d', 'warning', 'ticket'],
        ['ticket-3d', 'warning', 'ticket'],
        ['no-data', 'warning', 'ticket'],
      ],
    );
  }
});

test('burn-rate tiers become conditions with thresholds derived for the window of the SLO', (t) => {
  const { policies } = definitionsOf('', [AVAILABILITY_SLO]);
  const [policy] = policies;
  t.deepEqual(
    policy!.rungs.map(({ condition }) =>
      condition.kind === 'burn'
        ? [
            condition.long.valid.windowMs,
            condition.short.valid.windowMs,
            condition.thresholdRatio.text,
          ]
        : condition.kind,
    ),
    [
      [3_600_000, 300_000, '0.0144'],
      [21_600_000, 1_800_000, '0.006'],
      [86_400_000, 7_200_000, '0.003'],
      [259_200_000, 21_600_000, '0.001'],
      'absent',
    ],
  );
  t.is(alertName(policy!, policy!.rungs[0]!), 'AvailabilityPage1h');
});

test('tiers can be selected', (t) => {
  const { policies } = definitionsOf('', [AVAILABILITY_SLO], 'burn_rate: { tiers: [page-6h] }\n');
  t.deepEqual(
    policies[0]!.rungs.map(({ name, severity }) => [name, severity]),
    [
      ['page-6h', 'critical'],
      ['no-data', 'warning'],
    ],
  );
});

const bad = (window: string) =>
  `(sum(increase(ingest_messages_total{outcome="quarantined"}[${window}])) or sum(increase(ingest_messages_total[${window}])) * 0)`;
const valid = (window: string) => `sum(increase(ingest_messages_total[${window}]))`;

test('conditions are compiled with their guards, both windows of a burn in one query', (t) => {
  const requests = 'http_server_request_duration_seconds';
  const { policies } = definitionsOf(
    AGE.replace(
      /condition:[^]*/,
      `condition: { mean: ${requests}, window: 5m, above: 500ms, min_events: 20 }\n    no_data: alert\n`,
    ),
    [AVAILABILITY_SLO],
  );
  const promql = Object.fromEntries(
    policies.flatMap((policy) =>
      policy.rungs.map((rung) => [`${policy.name}/${rung.name}`, conditionPromQL(rung.condition)]),
    ),
  );
  t.is(
    promql['age/threshold'],
    `sum(increase(${requests}_sum[5m])) / sum(increase(${requests}_count[5m])) > 0.5\nand\nsum(increase(${requests}_count[5m])) >= 20`,
  );
  t.is(
    promql['age/no-data'],
    `absent(sum(increase(${requests}_sum[5m])) / sum(increase(${requests}_count[5m])))`,
  );
  t.is(
    promql['availability/page-1h'],
    `${bad('1h')} / ${valid('1h')} > 0.0144\nand\n${bad('5m')} / ${valid('5m')} > 0.0144\nand\n${bad('1h')} >= 3`,
  );
});

const WRONG: readonly (readonly [string, string, RegExp])[] = [
  [
    'an unknown key',
    `${AGE}    colour: red\n`,
    /:16 policies\.0\.colour: expected only the keys name, .*; got colour/,
  ],
  [
    'no bound',
    AGE.replace('      above: 2m\n', ''),
    /condition: expected exactly one of above and below, such as/,
  ],
  [
    'two kinds',
    AGE.replace('window:', 'max: up\n      window:'),
    /condition: expected exactly one of mean, .* such as/,
  ],
  ['no kind', AGE.replace(/ {6}last:.*\n/, ''), /condition: expected exactly one of mean/],
  [
    'a bound that is none',
    AGE.replace('2m', 'soon'),
    /:15 policies\.0\.condition\.above: expected a number in the unit of the signal, a duration or a percentage, such as 500ms; got soon/,
  ],
  [
    'a selector that is none',
    AGE.replace('ingest_watermark_lag_seconds', 'a{b}'),
    /condition\.last: expected a metric with conditions on its labels, such as ingest_is_paused; got a\{b\}/,
  ],
  [
    'a ratio without a traffic guard',
    AGE.replace(/last: .*/, 'mean: http_server_request_duration_seconds'),
    /expected min_events, a traffic guard for a mean, such as min_events: 50/,
  ],
  [
    'a guard that guards nothing',
    `${AGE}      min_events: 3\n`,
    /min_events: expected it only beside mean, quantile, ratio; got 3/,
  ],
  [
    'a window of nothing',
    AGE.replace('window: 5m', 'window: 0s'),
    /window: expected a window above 0s, such as 5m; got 0s/,
  ],
  [
    'a severity that is none',
    AGE.replace('error', 'loud'),
    /:9 policies\.0\.severity: expected one of warning, error, critical, such as warning; got loud/,
  ],
  [
    'a name twice',
    AGE + AGE,
    /policies\.1\.name: expected a name that no other policy or SLO has; got age/,
  ],
  [
    'an inhibitor that is none',
    `${AGE}    inhibited_by: [nobody]\n`,
    /inhibited_by\.0: expected the name of another policy or SLO; got nobody/,
  ],
  [
    'an inhibitor that is itself',
    `${AGE}    inhibited_by: [age]\n`,
    /inhibited_by\.0: expected the name of another policy/,
  ],
  [
    'inhibitors in a circle',
    `${AGE}    inhibited_by: [other]\n${AGE.replace('name: age', 'name: other')}    inhibited_by: [age]\n`,
    /inhibited_by: expected no circle/,
  ],
];

for (const [title, text, message] of WRONG) {
  test(`refused: ${title}`, (t) => {
    const error = t.throws(() => definitionsOf(text), { message });
    t.true(isAppError(error, 'invalid_definition'));
    t.regex(error.message, /alerts\/p\.yaml:\d+/);
  });
}

test('all problems of the head are told at once, each with its line', (t) => {
  const head = `interval: 10ms
burn_rate: { tiers: [page-9h] }
maintenance:
  - { name: a, reason: r, by: b, matches: '{policy="age"}', from: '2026-12-01T02:00:00Z', to: '2026-12-01T01:00:00Z' }
  - { name: a, reason: r, by: b, matches: '{policy="age"}', from: '2026-12-01T02:00:00Z', to: '2026-12-01T03:00:00Z' }
`;
  const error = t.throws(() => definitionsOf(AGE, [AVAILABILITY_SLO], head));
  t.is(HEAD.split('\n').length, 3);
  for (const message of [
    /p\.yaml:3 interval: expected at least 1s/,
    /p\.yaml:4 burn_rate\.tiers\.0: expected a tier of an SLO, one of page-1h, page-6h, ticket-1d, ticket-3d; got page-9h/,
    /p\.yaml:6 maintenance\.0\.to: expected an instant after from/,
    /p\.yaml:7 maintenance\.1\.name: expected a name of its own/,
  ]) {
    t.regex(error.message, message);
  }
});

test('a policy may not have the name of an SLO', (t) => {
  t.throws(
    () => definitionsOf(AGE.replace('name: age', 'name: availability'), [AVAILABILITY_SLO]),
    {
      message: /policies\.0\.name: expected a name that no other policy or SLO has/,
    },
  );
});
