/** The text that signals compile to. */
import test from 'ava';
import { isAppError } from '../../runtime/index.ts';
import { toPromQL } from '../../telemetry/index.ts';
import type { Selector, Signal } from '../../telemetry/index.ts';

const MINUTE_MS = 60_000;
const all = (metric: string): Selector => ({ metric, matchers: [] });
const LATENCY = 'http_server_request_duration_seconds';
const backlogAge = all('pubsub_googleapis_com:subscription_oldest_unacked_message_age');

const TEXTS: readonly (readonly [string, Signal, string])[] = [
  [
    'a rate, grouped',
    {
      kind: 'rate',
      counter: all('ingest_messages_total'),
      by: ['stream'],
      windowMs: 5 * MINUTE_MS,
    },
    'sum by (stream) (rate(ingest_messages_total[5m]))',
  ],
  [
    'an increase of a histogram is that of its observations',
    { kind: 'increase', counter: all(LATENCY), by: [], windowMs: 90 * MINUTE_MS },
    'sum(increase(http_server_request_duration_seconds_count[1h30m]))',
  ],
  [
    'a ratio counts a part without series as 0',
    {
      kind: 'ratio',
      part: {
        metric: LATENCY,
        matchers: [{ label: 'http_response_status_code', op: '=~', value: '5..' }],
      },
      whole: all(LATENCY),
      by: ['http_route'],
      windowMs: 60 * MINUTE_MS,
    },
    '(sum by (http_route) (increase(http_server_request_duration_seconds_count{http_response_status_code=~"5.."}[1h])) or ' +
      'sum by (http_route) (increase(http_server_request_duration_seconds_count[1h])) * 0) / ' +
      'sum by (http_route) (increase(http_server_request_duration_seconds_count[1h]))',
  ],
  [
    'a mean is sum over count',
    { kind: 'mean', histogram: all('h'), by: [], windowMs: MINUTE_MS },
    'sum(increase(h_sum[1m])) / sum(increase(h_count[1m]))',
  ],
  [
    'a quantile keeps the bound of buckets beside the groups, and no float noise',
    { kind: 'quantile', quantile: 0.1 + 0.2, histogram: all('h'), by: ['a'], windowMs: MINUTE_MS },
    'histogram_quantile(0.3, sum by (le, a) (rate(h_bucket[1m])))',
  ],
  [
    'a whole bound is matched in the spellings of both majors',
    { kind: 'countAtOrBelow', bound: 60, histogram: all('h'), by: [], windowMs: MINUTE_MS },
    'sum(increase(h_bucket{le=~"60(\\\\.0)?"}[1m]))',
  ],
  [
    'a bound with decimals has one spelling',
    { kind: 'countAtOrBelow', bound: 0.3, histogram: all('h'), by: [], windowMs: MINUTE_MS },
    'sum(increase(h_bucket{le="0.3"}[1m]))',
  ],
  [
    'a large bound may be written with an exponent',
    { kind: 'countAtOrBelow', bound: 2_500_000, histogram: all('h'), by: [], windowMs: MINUTE_MS },
    'sum(increase(h_bucket{le=~"(2500000|2\\\\.5e\\\\+06)(\\\\.0)?"}[1m]))',
  ],
  [
    'a share of observations, of a histogram without that bound 0',
    { kind: 'shareAtOrBelow', bound: 0.5, histogram: all('h'), by: [], windowMs: MINUTE_MS },
    '(sum(increase(h_bucket{le="0.5"}[1m])) or sum(increase(h_count[1m])) * 0) / sum(increase(h_count[1m]))',
  ],
  [
    'the largest of a gauge whose name is Cloud Monitoring’s',
    { kind: 'max', gauge: backlogAge, by: ['subscription_id'], windowMs: 2 * MINUTE_MS },
    'max by (subscription_id) (max_over_time(pubsub_googleapis_com:subscription_oldest_unacked_message_age[2m]))',
  ],
  [
    'the newest of series that live',
    { kind: 'last', gauge: all('g'), by: [], windowMs: 5 * MINUTE_MS },
    'max(g)',
  ],
  [
    'the newest within less than Prometheus’s own lookback',
    { kind: 'sum', gauge: all('g'), by: [], windowMs: MINUTE_MS },
    'sum((last_over_time(g[1m]) and g))',
  ],
  [
    'good slices, with silence told from absence',
    {
      kind: 'goodSlices',
      gauge: all('g'),
      bound: 60,
      sliceMs: MINUTE_MS,
      presence: all('highwater_build_info'),
      windowMs: 30 * 24 * 60 * MINUTE_MS,
    },
    'sum_over_time(((max(max_over_time(g[1m])) <= bool 60) or 0 * count(max_over_time(highwater_build_info[1m])))[30d:1m])',
  ],
  [
    'valid slices without a presence',
    { kind: 'validSlices', gauge: all('g'), bound: 60, sliceMs: MINUTE_MS, windowMs: 90_500 },
    'count_over_time((max(max_over_time(g[1m])) <= bool 60)[1m30s500ms:1m])',
  ],
  [
    'quotes, backslashes and line ends of a label value',
    {
      kind: 'last',
      gauge: { metric: 'g', matchers: [{ label: 'a', op: '!=', value: 'say "hi"\\\n' }] },
      by: [],
      windowMs: 5 * MINUTE_MS,
    },
    'max(g{a!="say \\"hi\\"\\\\\\n"})',
  ],
];

for (const [title, signal, text] of TEXTS) {
  test(`as PromQL: ${title}`, (t) => t.is(toPromQL(signal), text));
}

const REFUSED: readonly (readonly [string, Signal, RegExp])[] = [
  [
    'a metric name that would end the selector',
    { kind: 'last', gauge: all('g} or vector(1'), by: [], windowMs: MINUTE_MS },
    /expected a metric name such as http_requests_total; got g} or/,
  ],
  [
    'a label name that would end the grouping',
    { kind: 'last', gauge: all('g'), by: ['a) (b'], windowMs: MINUTE_MS },
    /expected a label name such as stream; got a\) \(b/,
  ],
  [
    'a window of nothing',
    { kind: 'max', gauge: all('g'), by: [], windowMs: 0 },
    /expected a window of whole milliseconds above 0, such as 300000; got 0/,
  ],
];

for (const [title, signal, message] of REFUSED) {
  test(`refused: ${title}`, (t) => {
    const error = t.throws(() => toPromQL(signal));
    t.true(isAppError(error, 'invalid_argument'));
    t.regex(error.message, message);
  });
}
