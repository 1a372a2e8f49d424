/** What a dashboard file may say, and what is said where it may not. */
import test from 'ava';
import { isAppError } from '../../runtime/index.ts';
import { parseDashboard, queriesOf } from '../../dashboards/index.ts';
import { parseSlos } from '../../slo/index.ts';
import { AVAILABILITY, FRESHNESS, HEAD, LATENCY } from '../slo/definitions.ts';

const SUBJECTS = {
  streams: [
    { name: 'transactions', subscription: 'transactions-ingest' },
    { name: 'flights', subscription: 'flights-ingest' },
  ],
  slos: parseSlos(`${HEAD}${AVAILABILITY}${LATENCY}${FRESHNESS}`, 'slo/a.yaml', []),
};
const HEADER = 'dashboard: a\ntitle: A\nsections:\n';

/** The panels of a section with this body, indented as the list of its panels. */
function panelsOf(panels: string, section = '') {
  const text = `${HEADER}  - ${section}panels:\n${panels}`;
  return parseDashboard(text, 'a.yaml', SUBJECTS).sections.flatMap((each) => each.panels);
}

/** The problems of a text. */
function problemsOf(text: string): readonly string[] {
  try {
    parseDashboard(text, 'a.yaml', SUBJECTS);
    return [];
  } catch (error) {
    if (!isAppError(error, 'invalid_definition')) throw error;
    return error.detail?.['problems'] as string[];
  }
}

const chart = (query: string) =>
  `      - title: T\n        chart: { unit: count, queries: [${query}] }\n`;

/** Query as written, PromQL by hand. */
const QUERIES: readonly (readonly [string, string])[] = [
  [
    '{ rate: ingest_received_total, by: [stream] }',
    'sum by (stream) (rate(ingest_received_total[5m]))',
  ],
  ['{ increase: ingest_retries_total, over: 1h }', 'sum(increase(ingest_retries_total[1h]))'],
  [
    '{ ratio: { part: \'ingest_messages_total{outcome="quarantined"}\', whole: ingest_messages_total } }',
    '(sum(increase(ingest_messages_total{outcome="quarantined"}[5m])) or sum(increase(ingest_messages_total[5m])) * 0) / sum(increase(ingest_messages_total[5m]))',
  ],
  [
    '{ mean: ingest_batch_rows }',
    'sum(increase(ingest_batch_rows_sum[5m])) / sum(increase(ingest_batch_rows_count[5m]))',
  ],
  [
    '{ quantile: ingest_freshness_seconds, at: 0.99 }',
    'histogram_quantile(0.99, sum by (le) (rate(ingest_freshness_seconds_bucket[5m])))',
  ],
  [
    '{ share: http_server_request_duration_seconds, at_most: 300ms }',
    '(sum(increase(http_server_request_duration_seconds_bucket{le="0.3"}[5m])) or sum(increase(http_server_request_duration_seconds_count[5m])) * 0) / sum(increase(http_server_request_duration_seconds_count[5m]))',
  ],
  ['{ max: canary_age_seconds }', 'max(max_over_time(canary_age_seconds[5m]))'],
  [
    '{ sum: ingest_in_flight_messages, by: [stream] }',
    'sum by (stream) (ingest_in_flight_messages)',
  ],
];

for (const [query, promql] of QUERIES) {
  test(`${query} asks what it says`, (t) => {
    const [panel] = panelsOf(chart(query));
    t.deepEqual(
      queriesOf(panel!).map((each) => each.promql),
      [promql],
    );
  });
}

const figures = (name: string, over = '') =>
  panelsOf(chart(`{ slo: ${name}${over} }`), 'for_each: slo\n    ').map(
    (panel) => queriesOf(panel)[0]!.promql,
  );
const slices = (fn: string, window: string) =>
  `${fn}_over_time(((max(max_over_time(ingest_watermark_lag_seconds[1m])) <= bool 60) or 0 * count(max_over_time(highwater_build_info[1m])))[${window}:1m])`;

const good = (window: string) => `${slices('sum', window)} / ${slices('count', window)}`;

test('figures of an SLO are written out by its indicator, objective and window', (t) => {
  const bad =
    '(sum(increase(ingest_messages_total{outcome="quarantined"}[1h])) or sum(increase(ingest_messages_total[1h])) * 0) / sum(increase(ingest_messages_total[1h]))';
  const fast =
    '(sum(increase(http_server_request_duration_seconds_bucket{le="0.3"}[1h])) or sum(increase(http_server_request_duration_seconds_count[1h])) * 0) / sum(increase(http_server_request_duration_seconds_count[1h]))';
  // Sorted by name: availability 99.9 %, freshness 99 %, latency 95 %.
  t.deepEqual(figures('burn_rate', ', over: 1h'), [
    `(${bad}) / 0.001`,
    `(1 - ${good('1h')}) / 0.01`,
    `(1 - ${fast}) / 0.05`,
  ]);
  t.is(figures('budget_remaining')[1], `1 - (1 - ${good('30d')}) / 0.01`);
  t.is(figures('sli', ', over: 1h')[0], `1 - ${bad}`);
  t.is(figures('sli', ', over: 1h')[2], fast);
});

test('a panel for each tier has its windows and its derived factor', (t) => {
  const panels = panelsOf(
    `      - title: '{slo} {tier} {severity}'
        for_each: tier
        chart:
          queries: [{ slo: burn_rate, over: '{long}' }, { slo: burn_rate, over: '{short}' }]
          unit: times
          thresholds: [{ value: '{factor}', label: '{severity}' }]
`,
    'for_each: slo\n    ',
  );
  t.is(panels.length, 12);
  const [first] = panels;
  t.is(first?.title, 'availability page-1h page');
  t.deepEqual(first?.content.kind === 'chart' ? first.content.thresholds : [], [
    { value: 14.4, label: 'page' },
  ]);
  t.deepEqual(
    queriesOf(first!).map(({ promql }) => /\[(\w+)\]/.exec(promql)?.[1]),
    ['1h', '5m'],
  );
});

test('a panel for each stream names the stream and its subscription', (t) => {
  const panels = panelsOf(
    `      - title: 'Backlog of {stream}'
        for_each: stream
        chart:
          queries: [{ sum: 'pubsub_googleapis_com:subscription_num_undelivered_messages{subscription_id="{subscription}"}' }]
          unit: count
`,
  );
  t.deepEqual(
    panels.map((panel) => [panel.title, queriesOf(panel)[0]?.promql]),
    ['transactions', 'flights'].map((name) => [
      `Backlog of ${name}`,
      `sum(pubsub_googleapis_com:subscription_num_undelivered_messages{subscription_id="${name}-ingest"})`,
    ]),
  );
});

/** What is wrong, the text, and the problems by hand. */
const WRONG: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'an unknown key, wherever it stands',
    `${HEADER}  - panels:\n      - title: T\n        colour: red\n        incidents: open\n    colour: red\ncolour: red\n`,
    [
      'a.yaml:9 colour: expected only the keys dashboard, title, sections; got colour',
      'a.yaml:8 sections.0.colour: expected only the keys title, note, for_each, panels; got colour',
      'a.yaml:6 sections.0.panels.0.colour: expected only the keys title, for_each, width, height, text, incidents, logs, number, chart, heatmap, table; got colour',
    ],
  ],
  [
    'a metric that the catalogue has not, and one of another kind',
    `${HEADER}  - panels:\n${chart('{ rate: nothing_total }, { max: ingest_messages_total }')}`,
    [
      'a.yaml:6 sections.0.panels.0.chart.queries.0.rate: expected a metric of the catalogue, such as ingest_messages_total (nothing_total is none); got nothing_total',
      'a.yaml:6 sections.0.panels.0.chart.queries.1.max: expected a gauge; ingest_messages_total is a counter; got ingest_messages_total',
    ],
  ],
  [
    'a label that the metric has not',
    `${HEADER}  - panels:\n${chart('{ rate: ingest_received_total, by: [colour] }')}`,
    [
      'a.yaml:6 sections.0.panels.0.chart.queries.0.rate: expected a label of ingest_received_total, of stream (colour is none); got ingest_received_total',
    ],
  ],
  [
    'a bound between two buckets',
    `${HEADER}  - panels:\n${chart('{ share: ingest_freshness_seconds, at_most: 45s }')}`,
    [
      'a.yaml:6 sections.0.panels.0.chart.queries.0.at_most: expected a bucket bound of the histogram, one of 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600; got 45s',
    ],
  ],
  [
    'two questions in one query',
    `${HEADER}  - panels:\n${chart('{ rate: ingest_received_total, increase: ingest_received_total }')}`,
    [
      'a.yaml:6 sections.0.panels.0.chart.queries.0: expected exactly one of rate, increase, ratio, mean, quantile, share, max, last, sum, slo; got {"rate":"ingest_received_total","increase":"ingest_received_…',
    ],
  ],
  [
    'a figure of an SLO outside of an SLO',
    `${HEADER}  - panels:\n${chart('{ slo: sli }')}`,
    [
      'a.yaml:6 sections.0.panels.0.chart.queries.0.slo: expected for_each: slo on the panel or its section; got sli',
    ],
  ],
  [
    'a tier outside of an SLO',
    `${HEADER}  - panels:\n      - title: T\n        for_each: tier\n        incidents: open\n`,
    [
      'a.yaml:6 sections.0.panels.0.for_each: expected a tier within for_each: slo of its section; got tier',
    ],
  ],
  [
    'a panel without content, and one with two',
    `${HEADER}  - panels:\n      - title: T\n      - { title: U, incidents: open, text: x }\n`,
    [
      'a.yaml:5 sections.0.panels.0: expected exactly one of text, incidents, logs, number, chart, heatmap, table; got {"title":"T"}',
      'a.yaml:6 sections.0.panels.1: expected exactly one of text, incidents, logs, number, chart, heatmap, table; got {"title":"U","incidents":"open","text":"x"}',
    ],
  ],
  [
    'a threshold of 0, which the API would drop, and a coloured line in a chart, which it would refuse',
    `${HEADER}  - panels:\n      - title: T\n        chart:\n          unit: count\n          queries: [{ max: canary_age_seconds }]\n          thresholds: [{ value: 1, tone: danger }]\n      - title: U\n        number: { unit: count, query: { max: canary_age_seconds }, thresholds: [{ value: 0 }] }\n`,
    [
      'a.yaml:9 sections.0.panels.0.chart.thresholds.0: expected value and label alone in a chart; got {"value":1,"tone":"danger"}',
      'a.yaml:11 sections.0.panels.1.number.thresholds.0.value: expected a number other than 0, such as 14.4; got 0',
    ],
  ],
];

for (const [what, text, problems] of WRONG) {
  test(`refused with every problem at once: ${what}`, (t) => {
    t.deepEqual(problemsOf(text), problems);
  });
}
