import test from 'ava';
import { lintAlerts } from '../../alerts/index.ts';
import type { AlertLintContext, AlertLintRule } from '../../alerts/index.ts';
import { playbookOf } from '../../cli/alerts.ts';
import { AGE, AVAILABILITY_SLO, definitionsOf, FROM_MS } from './definitions.ts';
import { SHIPPED } from './shipped.ts';

const CONTEXT: AlertLintContext = { playbookOf: () => '# Playbook\n', nowMs: FROM_MS };
const conditioned = (condition: string) =>
  AGE.replace(/condition:[^]*/, `condition: ${condition}\n`);

test('the shipped policies have no finding that fails', (t) => {
  const findings = lintAlerts(SHIPPED, { ...CONTEXT, playbookOf });
  t.deepEqual(
    findings.filter(({ level }) => level === 'error'),
    [],
  );
});

/** A policy, and what is found: level, rule, message. */
const FINDINGS: readonly (readonly [string, 'error' | 'info', AlertLintRule, RegExp])[] = [
  [
    AGE.replace('ingest_watermark_lag_seconds', 'ingest_watermark'),
    'error',
    'unknown-metric',
    /there is no metric ingest_watermark in the catalogue/,
  ],
  [
    AGE.replace('[stream]', '[zone]'),
    'error',
    'unknown-label',
    /by: ingest_watermark_lag_seconds has no label zone; it has stream/,
  ],
  [
    AGE.replace('ingest_watermark_lag_seconds', 'ingest_watermark_lag_seconds{zone="a"}'),
    'error',
    'unknown-label',
    /has no label zone/,
  ],
  [
    AGE.replace('last: ', 'increase: '),
    'error',
    'wrong-metric-kind',
    /expected a counter or histogram, such as .*; it is a gauge/,
  ],
  [
    AGE.replace('window: 5m', 'window: 1m'),
    'error',
    'short-window',
    /window: 1m holds fewer than 4 evaluations; 2m would do/,
  ],
  [
    conditioned('{ increase: ingest_retries_total, window: 5m, below: 0 }'),
    'error',
    'never-fires',
    /a counter never rises by less than 0; 1 would do/,
  ],
  [
    conditioned(
      '{ ratio: { part: \'ingest_messages_total{outcome="quarantined"}\', whole: ingest_messages_total }, window: 5m, above: 1, min_events: 5 }',
    ),
    'error',
    'never-fires',
    /a ratio is never above 1; 1% is a ratio of 0\.01/,
  ],
  [
    AGE.replace(
      'ingest_watermark_lag_seconds',
      'pubsub_googleapis_com:subscription_oldest_unacked_message_age',
    ).replace('[stream]', '[subscription_id]') + '    for: 2m\n',
    'info',
    'late-in-cloud',
    /for: 2m comes on top of the 4m that Cloud Monitoring is late; 1m would do/,
  ],
];
for (const [text, level, rule, message] of FINDINGS) {
  test(`found: ${rule}, ${message.source.slice(0, 40)}`, (t) => {
    const [finding, ...others] = lintAlerts(definitionsOf(text), CONTEXT);
    t.deepEqual(others, []);
    t.is(finding?.level, level);
    t.is(finding?.rule, rule);
    t.regex(finding?.message ?? '', message);
    t.is(finding?.policy, 'age');
    t.is(finding?.line, 4);
  });
}

test('a missing and a long playbook are found, of an SLO too', (t) => {
  const definitions = definitionsOf('', [AVAILABILITY_SLO]);
  const rulesOf = (text: string | undefined) =>
    lintAlerts(definitions, { ...CONTEXT, playbookOf: () => text }).map(({ rule, policy }) => [
      rule,
      policy,
    ]);
  t.deepEqual(rulesOf(undefined), [['missing-playbook', 'availability']]);
  t.deepEqual(rulesOf('é'.repeat(6_000)), [['long-playbook', 'availability']]);
  t.deepEqual(rulesOf('x'.repeat(8_192)), []);
});

test('a maintenance window that is over is found', (t) => {
  const window = `maintenance:\n  - { name: old, reason: r, by: b, matches: '{policy="age"}', from: '2026-01-01T00:00:00Z', to: '2026-01-01T01:00:00Z' }\n`;
  t.deepEqual(
    lintAlerts(definitionsOf(AGE, [], window), CONTEXT).map(({ rule, message }) => [rule, message]),
    [['over-maintenance', 'maintenance/old ended at 2026-01-01T01:00:00.000Z; delete it']],
  );
});
