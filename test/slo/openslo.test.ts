import test from 'ava';
import * as fc from 'fast-check';
import { parseAllDocuments, stringify } from 'yaml';
import { exportOpenSlo, importOpenSlo, loadSlos, parseSlos } from '../../slo/index.ts';
import type { Slo } from '../../slo/index.ts';

const STREAMS = [{ name: 'transactions', subscription: 'transactions-ingest' }];

/** A definition without the place where it stands. */
function withoutPlace(slo: Slo): object {
  return { ...slo, place: undefined };
}

function roundTrip(slos: readonly Slo[]): readonly object[] {
  const { text } = importOpenSlo(exportOpenSlo(slos).text, 'exported.yaml');
  return parseSlos(text, 'imported.yaml', STREAMS).map(withoutPlace);
}

test('the shipped SLOs come back from OpenSLO as they went, with nothing guessed', (t) => {
  const slos = loadSlos('slo', STREAMS);
  const exported = exportOpenSlo(slos);
  t.deepEqual(importOpenSlo(exported.text, 'x').notes, []);
  t.deepEqual(roundTrip(slos), slos.map(withoutPlace));
  t.true(exported.notes.length > 0, 'what OpenSLO cannot carry is said');
});

const indicator = fc.oneof(
  fc.record({
    ratio: fc.constantFrom(
      { bad: 'ingest_messages_total{outcome="quarantined"}', valid: 'ingest_messages_total' },
      {
        good: 'http_server_request_duration_seconds{http_route="/a\\"b\\\\"}',
        valid: 'http_server_request_duration_seconds',
      },
    ),
  }),
  fc.record({
    at_or_below: fc.record({
      histogram: fc.constant('ingest_freshness_seconds{stream="a"}'),
      at_most: fc.constantFrom(0.1, 60, '2m'),
    }),
  }),
  fc.record({
    slices: fc.record(
      {
        gauge: fc.constant('ingest_watermark_lag_seconds{stream!~"x|y"}'),
        at_most: fc.constantFrom(1.5, '60s'),
        slice: fc.constantFrom('1m', '5m', '1h', '90m'),
        presence: fc.constant('highwater_build_info{part="ingest"}'),
      },
      { requiredKeys: ['gauge', 'at_most', 'slice'] },
    ),
  }),
);
const tier = fc.record({
  severity: fc.constantFrom('page', 'ticket'),
  budget: fc.integer({ min: 1, max: 10_000 }).map((each) => `${each / 100}%`),
  long: fc.constantFrom('1h', '90m', '1d', '3d'),
  short: fc.constantFrom('5m', '7m', '1h'),
});
const definition = fc.record({
  objective: fc.integer({ min: 1, max: 999_999 }).map((each) => each / 10_000),
  window: fc.constantFrom('7d', '28d', '30d', '90d'),
  title: fc.string({ minLength: 1, maxLength: 90 }).filter((each) => /\S/.test(each)),
  indicator,
  tiers: fc
    .array(tier, { minLength: 1, maxLength: 4 })
    .map((tiers) => tiers.map((each, index) => ({ name: `t-${index}`, ...each })))
    .filter((tiers) => tiers.every(({ long, short }) => !(long === '1h' && short === '1h'))),
  low_traffic: fc.record({
    min_events: fc.nat(1_000),
    min_bad_events: fc.integer({ min: 1, max: 9 }),
  }),
  no_data: fc.constantFrom('alert', 'ignore'),
  labels: fc.constantFrom({}, { a: 'b' }),
});

test('any definition comes back from OpenSLO as it went', (t) => {
  fc.assert(
    fc.property(definition, (given) => {
      const name = 'a'.repeat(60);
      const fixed = { name, description: 'd', user_impact: 'u: 1', playbook: 'p/q.md' };
      const text = stringify({ service: 's', owner: 'o', slos: [{ ...fixed, ...given }] });
      const slos = parseSlos(text, 'a.yaml', STREAMS);
      t.deepEqual(roundTrip(slos), slos.map(withoutPlace));
    }),
    { numRuns: 200 },
  );
});

const MINIMAL = {
  apiVersion: 'openslo/v1',
  kind: 'SLO',
  metadata: { name: 'shop-availability' },
  spec: {
    service: 'shop',
    description: 'Orders work.',
    budgetingMethod: 'Occurrences',
    timeWindow: [{ duration: '4w', isRolling: true }],
    indicator: {
      metadata: { name: 'ratio' },
      spec: {
        ratioMetric: {
          counter: true,
          bad: metric(
            'sum(rate(http_server_request_duration_seconds_count{http_response_status_code=~"5.."}[5m]))',
          ),
          total: metric('http_server_request_duration_seconds_count'),
        },
      },
    },
    objectives: [{ target: 0.999 }],
    alertPolicies: [
      {
        kind: 'AlertPolicy',
        metadata: { name: 'fast' },
        spec: {
          conditions: [
            {
              kind: 'AlertCondition',
              metadata: { name: 'c' },
              spec: {
                severity: 'high',
                condition: { kind: 'burnrate', op: 'gt', threshold: 13.44, lookbackWindow: '1h' },
              },
            },
          ],
        },
      },
    ],
  },
};

function metric(query: string) {
  return { metricSource: { metricSourceRef: 'prometheus', spec: { query } } };
}

test('a foreign document is read, and every guess is said', (t) => {
  const { text, notes } = importOpenSlo(stringify(MINIMAL), 'foreign.yaml');
  const [slo] = parseSlos(text, 'imported.yaml', STREAMS);
  t.is(slo?.objective.percent.text, '99.9');
  t.is(slo?.windowMs, 28 * 86_400_000);
  // 100 · 13.44 · 1 h / 672 h = 2 %, short window 1 h / 12.
  t.is(slo?.tiers[0]?.budgetShareRatio.text, '0.02');
  t.is(slo?.tiers[0]?.factor.text, '13.44');
  t.is(slo?.tiers[0]?.shortWindowMs, 300_000);
  t.deepEqual(
    notes.map((note) => note.split(':')[1]?.slice(0, 16)),
    [
      ' The owner is no',
      ' What users feel',
      ' The playbook is',
      ' severity high o',
      ' The least traff',
      ' The least numbe',
      ' What no data me',
    ],
  );
});

const BROKEN: readonly (readonly [string, (spec: (typeof MINIMAL)['spec']) => object, RegExp])[] = [
  [
    'a calendar window',
    (s) => ({ ...s, timeWindow: [{ duration: '1M', isRolling: false }] }),
    /spec\.timeWindow: expected one rolling window/,
  ],
  [
    'a month',
    (s) => ({ ...s, timeWindow: [{ duration: '1M', isRolling: true }] }),
    /spec\.timeWindow: expected one rolling window/,
  ],
  [
    'a mean of ratios',
    (s) => ({ ...s, budgetingMethod: 'RatioTimeslices' }),
    /budgetingMethod: expected Occurrences or Timeslices.*got RatioTimeslices/,
  ],
  [
    'two objectives',
    (s) => ({ ...s, objectives: [{ target: 0.9 }, { target: 0.99 }] }),
    /objectives: expected exactly one/,
  ],
  [
    'a policy that is not there',
    (s) => ({ ...s, alertPolicies: [{ alertPolicyRef: 'x' }] }),
    /alertPolicies\[0\]: expected an alert policy that is in the file/,
  ],
];

for (const [what, change, expected] of BROKEN) {
  test(`${what} is refused, with what would pass`, (t) => {
    const text = stringify({ ...MINIMAL, spec: change(MINIMAL.spec) });
    t.throws(() => importOpenSlo(text, 'foreign.yaml'), { message: expected });
  });
}

/** Source: the validator of OpenSLO's Go SDK (pkg/openslo/v1), the rules that bite. */
function sdkProblems(text: string): string[] {
  const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
  const problems: string[] = [];
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, each] of Object.entries(value)) {
      const at = `${path}.${key}`;
      const isName = /metadata\.name$|Ref$/.test(at);
      if (isName && (typeof each !== 'string' || !label.test(each) || each.length > 63))
        problems.push(at);
      if (key === 'displayName' && String(each).length > 63) problems.push(at);
      if (/Window$|duration$/.test(key) && typeof each === 'string' && !/^\d+[mhdwMQY]$/.test(each))
        problems.push(at);
      if (/annotations\.[^.]+$/.test(at) && typeof each !== 'string') problems.push(at);
      if (key === 'conditions' && (each as unknown[]).length !== 1) problems.push(at);
      if (key === 'timeWindow' && (each as unknown[]).length !== 1) problems.push(at);
      if (key === 'notificationTargets' && (each as unknown[]).length < 1) problems.push(at);
      if (key === 'target' && typeof each === 'number' && !(each >= 0 && each < 1))
        problems.push(at);
      walk(each, at);
    }
  };
  for (const document of parseAllDocuments(text)) {
    const value = document.toJS() as { kind: string; spec: Record<string, unknown> };
    walk(value, value.kind);
    const isRatio = JSON.stringify(value).includes('"ratioMetric"');
    const objective = (value.spec['objectives'] as Record<string, unknown>[] | undefined)?.[0];
    if (objective && isRatio === 'op' in objective) problems.push(`${value.kind}.objectives.op`);
  }
  return problems;
}

test('what is exported keeps the rules of OpenSLO’s own validator', (t) => {
  t.deepEqual(sdkProblems(exportOpenSlo(loadSlos('slo', STREAMS)).text), []);
  fc.assert(
    fc.property(definition, (given) => {
      const fixed = {
        name: 'a'.repeat(63),
        description: 'd',
        user_impact: 'u',
        playbook: 'p/q.md',
      };
      const text = stringify({ service: 's', owner: 'o', slos: [{ ...fixed, ...given }] });
      t.deepEqual(sdkProblems(exportOpenSlo(parseSlos(text, 'a.yaml', STREAMS)).text), []);
    }),
    { numRuns: 50 },
  );
});
