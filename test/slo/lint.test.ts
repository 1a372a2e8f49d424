/** Lint: every message with where, why and the value that would work; and that value does work. */
import { existsSync } from 'node:fs';
import test from 'ava';
import { lintSlos, loadSlos, oneErrorTraffic } from '../../slo/index.ts';
import type { LintContext, LintFinding, LintRule } from '../../slo/index.ts';
import { AVAILABILITY, FRESHNESS, LATENCY, slosOf } from './definitions.ts';

const DAY_MS = 86_400_000;
const CONTEXT: LintContext = { hasFile: () => true, lookbackMaxMs: 35 * DAY_MS };

function lint(text: string, context: Partial<LintContext> = {}): readonly LintFinding[] {
  return lintSlos(slosOf(text), { ...CONTEXT, ...context });
}

/** The availability SLO with one tier of its own. */
const tiered = (tier: string, text = AVAILABILITY) => `${text}    tiers: [${tier}]\n`;
const own = (budget: string, long: string, short: string) =>
  `{ name: own, severity: page, budget: ${budget}, long: ${long}, short: ${short} }`;
const eager = AVAILABILITY.replace('min_bad_events: 3', 'min_bad_events: 1');

interface Case {
  readonly title: string;
  readonly rule: LintRule;
  readonly text: string;
  readonly context?: Partial<LintContext>;
  readonly message: string;
  /** The definition, or what is around it, with the value that the message names. */
  readonly mended: readonly { readonly text?: string; readonly context?: Partial<LintContext> }[];
}

const CASES: readonly Case[] = [
  {
    // 100 % of 30 d in 1 h: factor 720; 720 · 0.1 = 72. 100 · 1 / 720 / 0.1 = 1.389; 100 · (1 − 1 / 720) = 99.861.
    title: 'a tier whose threshold is above 1 can never fire',
    rule: 'dead-tier',
    text: tiered(own('100%', '1h', '5m'), AVAILABILITY.replace('99.9', '90')),
    message:
      'tier own can never fire: its factor 720 times the budget 0.1 asks for an error ratio above 72, and 1 is the most there is; a budget share below 1.38 % in 1h can, or an objective above 99.87',
    mended: [
      { text: tiered(own('1.38%', '1h', '5m'), AVAILABILITY.replace('99.9', '90')) },
      { text: tiered(own('100%', '1h', '5m'), AVAILABILITY.replace('99.9', '99.87')) },
    ],
  },
  {
    // 1 % of 30 d in 3 d: 0.01 · 720 / 72 = 0.1. 100 · 72 / 720 = 10.
    title: 'a factor below 1 fires within the budget',
    rule: 'factor-below-1',
    text: tiered(own('1%', '3d', '6h')),
    message:
      'tier own has factor 0.1: it fires on a service that is within its budget; a share of at least 10 % in 3d has a factor of 1',
    mended: [{ text: tiered(own('10%', '3d', '6h')) }],
  },
  {
    // 1 / 0.0144 = 69.4.
    title: 'one bad event of little traffic pages',
    rule: 'one-error-pages',
    text: tiered('page-1h', eager),
    message:
      'tier page-1h: with fewer than 70 valid events in 1h a single bad one is above 0.0144, and low_traffic lets it through; min_bad_events: 3, or min_events: 70, would not',
    mended: [
      { text: tiered('page-1h') },
      { text: tiered('page-1h', eager.replace('min_events: 0', 'min_events: 70')) },
    ],
  },
  {
    // 20 % in 6 h: 0.2 · 720 / 6 = 24, and page-1h has 14.4; 100 · 14.4 · 6 / 720 = 12.
    title: 'a longer window that asks for a faster pace adds nothing',
    rule: 'tier-order',
    text: tiered(`page-1h, ${own('20%', '6h', '30m')}`),
    message:
      'tier own has factor 24 over 6h, not below the 14.4 of page-1h over 1h: it adds nothing; a budget share below 12 % in 6h would',
    mended: [{ text: tiered(`page-1h, ${own('11.9%', '6h', '30m')}`) }],
  },
  {
    title: 'a window longer than the metrics are kept',
    rule: 'window-beyond-lookback',
    text: AVAILABILITY,
    context: { lookbackMaxMs: 7 * DAY_MS },
    message: 'window: 30d is more than the metrics can look back (7d); 7d would work',
    mended: [{ text: AVAILABILITY.replace('30d', '7d'), context: { lookbackMaxMs: 7 * DAY_MS } }],
  },
  {
    title: 'a threshold between two bucket bounds',
    rule: 'no-bucket-bound',
    text: LATENCY.replace('300ms', '350ms'),
    message:
      'at_most: 0.35 is no bucket bound of http_server_request_duration_seconds, so events at or below it cannot be counted; the nearest are 0.3 and 0.5',
    mended: [{ text: LATENCY }, { text: LATENCY.replace('300ms', '0.5') }],
  },
  {
    title: 'a playbook that nobody has written',
    rule: 'missing-playbook',
    text: AVAILABILITY,
    context: { hasFile: () => false },
    message:
      'playbook: there is no file alerts/playbooks/api-availability.md; write it, or name the one that says what to do',
    mended: [{ context: { hasFile: existsSync } }],
  },
  {
    title: 'a metric that is not in the catalogue',
    rule: 'unknown-metric',
    text: LATENCY.replace('http_server_request_duration_seconds', 'http_latency_seconds'),
    message:
      'http_latency_seconds: there is no metric http_latency_seconds in the catalogue (telemetry/catalogue.ts); http_server_request_duration_seconds is one',
    mended: [{ text: LATENCY }],
  },
  {
    title: 'a label that the metric does not have',
    rule: 'unknown-label',
    text: AVAILABILITY.replace('outcome=', 'result='),
    message:
      'ingest_messages_total{result="quarantined"}: ingest_messages_total has no label result; it has stream, outcome',
    mended: [{ text: AVAILABILITY }],
  },
  {
    title: 'a value that the label never has',
    rule: 'unknown-label',
    text: AVAILABILITY.replace('quarantined', 'broken'),
    message:
      'ingest_messages_total{outcome="broken"}: outcome is never broken; it is one of committed, duplicate, quarantined',
    mended: [{ text: AVAILABILITY }],
  },
  {
    title: 'a gauge where events are to be counted',
    rule: 'wrong-metric-kind',
    text: AVAILABILITY.replace(
      'valid: ingest_messages_total',
      'valid: ingest_watermark_lag_seconds',
    ),
    message:
      'ingest_watermark_lag_seconds: expected a counter or histogram, such as ingest_messages_total; it is a gauge',
    mended: [{ text: AVAILABILITY }],
  },
  {
    title: 'a counter where the largest sample is asked for',
    rule: 'wrong-metric-kind',
    text: FRESHNESS.replace('gauge: ingest_watermark_lag_seconds', 'gauge: ingest_messages_total'),
    message:
      'ingest_messages_total: expected a gauge, such as ingest_watermark_lag_seconds; it is a counter',
    mended: [{ text: FRESHNESS }],
  },
  {
    title: 'a regular expression that is none',
    rule: 'broken-pattern',
    text: AVAILABILITY.replace('outcome="quarantined"', 'outcome=~"(quarantined"'),
    message:
      'ingest_messages_total{outcome=~"(quarantined"}: expected a regular expression, such as "5..", for outcome',
    mended: [
      { text: AVAILABILITY.replace('outcome="quarantined"', 'outcome=~"quarantined|failed"') },
    ],
  },
];

for (const { title, rule, text, context, message, mended } of CASES) {
  test(`${title}: ${rule}`, (t) => {
    const findings = lint(text, context).filter(({ level }) => level === 'error');
    const found = findings.filter((each) => each.rule === rule);
    t.deepEqual(
      [...new Set(found.map((each) => each.message))],
      [message],
      JSON.stringify(findings),
    );
    for (const each of found) {
      t.is(each.file, 'slo/a.yaml');
      t.is(each.line, 4);
      t.is(each.slo, slosOf(text)[0]!.name);
    }
    for (const each of mended) {
      const left = lint(each.text ?? text, each.context);
      t.deepEqual(
        left.filter((finding) => finding.rule === rule && finding.level === 'error'),
        [],
      );
    }
  });
}

test('what is worth knowing is no error: the guarded tier, and what Cloud Monitoring cannot', (t) => {
  const notes = lint(AVAILABILITY.replace('30d', '31d'));
  t.deepEqual(
    notes.filter(({ level }) => level === 'error'),
    [],
  );
  const messages = notes.map(({ message }) => message);
  // 0.02 · 31 · 24 / 1 = 14.88; · 0.001 = 0.01488; 1 / 0.01488 = 67.2.
  t.true(
    messages.includes(
      'tier page-1h: with fewer than 68 valid events in 1h a single bad one is above 0.01488; min_bad_events: 3 keeps it quiet',
    ),
    messages.join('\n'),
  );
  t.true(
    messages.includes(
      "window: Cloud Monitoring's own SLOs have 1 to 30 whole days; 31d is measured by PromQL alone; 30d would have both",
    ),
  );
  t.true(
    messages.includes(
      "tier ticket-3d: longer than the 24h of Cloud Monitoring's select_slo_burn_rate; alerts on it are PromQL conditions, which can look back further",
    ),
  );
});

test('below the traffic that lint names one bad event is above the threshold, at it not', (t) => {
  for (const tier of slosOf(AVAILABILITY)[0]!.tiers) {
    const traffic = oneErrorTraffic(tier);
    t.true(1 / (traffic - 1) > tier.thresholdRatio.value, tier.name);
    t.false(1 / traffic > tier.thresholdRatio.value, tier.name);
  }
});

test('slices have no traffic to be guarded from', (t) => {
  const findings = lint(FRESHNESS).filter(({ rule }) => rule === 'one-error-pages');
  t.deepEqual(findings, []);
});

test('the shipped SLOs have no error, and every finding has its line', (t) => {
  const slos = loadSlos('slo', [{ name: 'transactions', subscription: 'transactions-ingest' }]);
  const findings = lintSlos(slos, { ...CONTEXT, hasFile: existsSync });
  t.deepEqual(
    findings.filter(({ level }) => level === 'error'),
    [],
  );
  t.true(findings.every(({ file, line }) => /^slo\/\w+\.yaml$/.test(file) && line > 1));
});
