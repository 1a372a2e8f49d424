/** Which trace a page leads to: a bad event of the very indicator that fired, within its window, whose trace was kept. */
import test from 'ava';
import { exampleTrace, loadPolicies } from '../../alerts/index.ts';
import type { Condition, ExampleSource } from '../../alerts/index.ts';
import { loadSlos } from '../../slo/index.ts';
import type { NotedExemplar } from '../../telemetry/index.ts';

const NOW_MS = 10_000_000_000;
const MINUTE_MS = 60_000;
const STREAM = { name: 'transactions', subscription: 'transactions-ingest' };
const { policies } = loadPolicies('alerts/policies.yaml', loadSlos('slo', [STREAM]));

function conditionOf(policy: string, rung?: string): Condition {
  const found = policies.find(({ name }) => name === policy);
  const one = rung === undefined ? found?.rungs[0] : found?.rungs.find(({ name }) => name === rung);
  if (!one) throw new Error(`no ${policy} ${rung ?? ''}`);
  return one.condition;
}

const HTTP = 'http_server_request_duration_seconds';
const FRESHNESS = 'ingest_freshness_seconds';

interface Seen {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Before now. */
  readonly ageMs?: number;
  readonly isKept?: boolean;
}

/** A source of what was seen; the trace of the n-th is `t0`, `t1` … */
function source(seen: readonly Seen[]): ExampleSource {
  return {
    exemplars: (metric) =>
      seen.flatMap((each, n): NotedExemplar[] =>
        each.metric === metric
          ? [
              {
                labels: each.labels,
                value: each.value,
                traceId: `t${n}`,
                spanId: `s${n}`,
                atMs: NOW_MS - (each.ageMs ?? MINUTE_MS),
              },
            ]
          : [],
      ),
    trace: (traceId) =>
      (seen[Number(traceId.slice(1))]?.isKept ?? true) ? { traceId, spans: [] } : undefined,
    streamOf: (subscription) => (subscription === STREAM.subscription ? STREAM.name : undefined),
    urlOf: (traceId, spanId) => `https://traces.example.com/${traceId}/${spanId}`,
  };
}

const request = (status: string, value: number, more: Partial<Seen> & { route?: string } = {}) => ({
  metric: HTTP,
  labels: {
    http_request_method: 'GET',
    http_route: more.route ?? '/v1/streams',
    http_response_status_code: status,
  },
  value,
  ...more,
});
const row = (stream: string, value: number, more: Partial<Seen> = {}) => ({
  metric: FRESHNESS,
  labels: { stream },
  value,
  ...more,
});

const CASES: readonly (readonly [
  what: string,
  policy: string,
  labels: Readonly<Record<string, string>>,
  seen: readonly Seen[],
  trace: string | undefined,
])[] = [
  [
    'availability: a failed request, and no quick or slow one that succeeded',
    'api-availability',
    {},
    [request('200', 0.01), request('503', 0.02), request('200', 9, { ageMs: 1 })],
    't1',
  ],
  [
    'availability: a failure of a route that the SLO leaves out is none of its own',
    'api-availability',
    {},
    [
      request('500', 1, { route: '/readyz' }),
      request('500', 1, { route: '/v1/streams/canary/events' }),
    ],
    undefined,
  ],
  [
    'availability: nothing failed',
    'api-availability',
    {},
    [request('200', 0.01), request('404', 3)],
    undefined,
  ],
  [
    'latency: a slow request whatever its answer; at the bound it is good',
    'api-latency',
    {},
    [request('200', 0.3, { ageMs: 1 }), request('404', 0.31), request('200', 0.1)],
    't1',
  ],
  [
    'error ratio: a failed request of the last five minutes',
    'api-error-ratio',
    {},
    [request('500', 1, { ageMs: 5 * MINUTE_MS }), request('500', 1, { ageMs: 4 * MINUTE_MS })],
    't1',
  ],
  [
    'error ratio: one before the window is not of it',
    'api-error-ratio',
    {},
    [request('500', 1, { ageMs: 5 * MINUTE_MS })],
    undefined,
  ],
  [
    'mean latency: one slower than the mean may be',
    'api-latency-mean',
    {},
    [request('200', 0.5, { ageMs: 1 }), request('200', 0.6)],
    't1',
  ],
  [
    'freshness: a row of that stream that came late',
    'freshness-transactions',
    {},
    [
      row('flights', 500, { ageMs: 1 }),
      row('transactions', 60, { ageMs: 1 }),
      row('transactions', 61),
    ],
    't2',
  ],
  [
    'freshness: while nothing is committed none is known',
    'freshness-transactions',
    {},
    [],
    undefined,
  ],
  [
    'the canary’s freshness: a late row of the canary’s stream',
    'canary-freshness',
    {},
    [row('transactions', 100), row('canary', 100)],
    't1',
  ],
  [
    'backlog: a late row of the stream of the subscription',
    'backlog-age',
    { subscription_id: 'transactions-ingest' },
    [row('canary', 500), row('transactions', 121)],
    't1',
  ],
  [
    'backlog of a subscription of no stream',
    'backlog-age',
    { subscription_id: 'elsewhere' },
    [row('transactions', 500)],
    undefined,
  ],
  [
    'refused messages are counted and not timed',
    'dead-letters',
    { stream: 'transactions' },
    [row('transactions', 500)],
    undefined,
  ],
  ['missing telemetry has no event', 'telemetry-silent', {}, [request('500', 1)], undefined],
  [
    'a metrics page that does not answer has none',
    'uptime',
    { instance: 'a' },
    [request('500', 1)],
    undefined,
  ],
  [
    'the newest whose trace was kept, and not the newest',
    'api-availability',
    {},
    [
      request('500', 1, { ageMs: 3_000, isKept: true }),
      request('500', 1, { ageMs: 1_000, isKept: false }),
      request('500', 1, { ageMs: 2_000, isKept: true }),
    ],
    't2',
  ],
  ['none was kept', 'api-availability', {}, [request('500', 1, { isKept: false })], undefined],
];

for (const [what, policy, labels, seen, trace] of CASES) {
  test(what, (t) => {
    const found = exampleTrace(conditionOf(policy), labels, source(seen), NOW_MS);
    t.is(found?.example.traceId, trace);
    t.is(found?.trace.traceId, trace);
  });
}

test('an example says what was seen, when, and where its trace is shown', (t) => {
  const seen = [request('500', 0.25, { ageMs: 7_000 })];
  const condition = conditionOf('api-availability', 'ticket-3d');
  t.deepEqual(exampleTrace(condition, {}, source(seen), NOW_MS)?.example, {
    traceId: 't0',
    spanId: 's0',
    value: 0.25,
    atMs: NOW_MS - 7_000,
    url: 'https://traces.example.com/t0/s0',
  });
  const nowhere = { ...source(seen), urlOf: () => undefined };
  t.false('url' in (exampleTrace(condition, {}, nowhere, NOW_MS)?.example ?? {}));
});
