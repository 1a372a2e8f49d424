/** What Terraform is handed: the same figures as everywhere else, in the shape that Google's APIs keep. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parseSlos } from '../../slo/index.ts';
import {
  cloudSlo,
  protoSchema,
  terraformDefinitions,
  unsayableSlos,
} from '../../terraform/index.ts';
import { ROOT } from '../dashboards/shipped.ts';
import { AVAILABILITY, HEAD } from '../slo/definitions.ts';
import { shippedSource, shippedVariables } from './shipped.ts';

test('the compiled file is that of the definitions: npx highwater compile renews it', (t) => {
  const { path, content } = terraformDefinitions(shippedSource());
  t.is(readFileSync(join(ROOT, path), 'utf8'), content);
});

test('every shipped SLO can be counted by Cloud Monitoring too', (t) => {
  const { slos } = shippedSource();
  t.deepEqual(unsayableSlos(slos), []);
  t.deepEqual(
    Object.keys(shippedVariables()['slos'] ?? {}),
    slos.map(({ name }) => name),
  );
});

test('every alert policy is there with its queries, once a route', (t) => {
  const policies = shippedVariables()['alert_policies'] ?? {};
  t.like(policies['api-availability-page'], { severity: 'CRITICAL', route: 'page' });
  t.like(policies['api-availability-ticket'], { severity: 'WARNING', route: 'ticket' });
  const conditions = policies['api-availability-page']?.['conditions'] as readonly {
    readonly query: string;
  }[];
  t.is(conditions.length, 2);
  // Both windows of a burn rate are in one query.
  t.regex(conditions[0]!.query, /\[1h\][^]*\[5m\]/);
});

test('a stream has its topic, subscription and dead letters, as the service would make them', (t) => {
  t.like(shippedVariables()['streams']?.['transactions'], {
    topic: 'transactions',
    subscription: 'transactions-ingest',
    dead_letter_topic: 'transactions-dead-letter',
    dead_letter_subscription: 'transactions-dead-letter-review',
    ack_deadline_seconds: 60,
    max_delivery_attempts: 20,
  });
});

test('a table has the columns of its stream and those of the ingester, in the API’s own words', (t) => {
  const table = shippedVariables()['tables']?.['transactions'];
  t.like(table, {
    partition_column: 'timestamp',
    require_partition_filter: true,
    clustering: ['category', 'merchant', 'transaction_id'],
  });
  const columns = JSON.parse(String(table?.['schema'])) as {
    name: string;
    type: string;
    mode: string;
  }[];
  t.deepEqual(
    columns.map(({ name, type, mode }) => `${name} ${type} ${mode}`),
    [
      'transaction_id STRING REQUIRED',
      'timestamp TIMESTAMP REQUIRED',
      'amount FLOAT REQUIRED',
      'currency STRING NULLABLE',
      'merchant STRING NULLABLE',
      'category STRING NULLABLE',
      'customer_id STRING NULLABLE',
      'message_id STRING REQUIRED',
      'publish_time TIMESTAMP REQUIRED',
      'ingest_time TIMESTAMP REQUIRED',
      'ingest_sequence INTEGER REQUIRED',
    ],
  );
});

test('quarantine has its tables, and people have views, as the warehouse itself would make them', (t) => {
  const { tables = {}, views = {} } = shippedVariables();
  t.true(
    Object.hasOwn(tables, 'highwater_quarantine') && Object.hasOwn(tables, 'highwater_replays'),
  );
  const columns = JSON.parse(String(tables['highwater_quarantine']?.['schema'])) as {
    name: string;
    type: string;
    mode: string;
    fields?: unknown;
  }[];
  t.like(
    columns.find(({ name }) => name === 'attributes'),
    {
      type: 'RECORD',
      mode: 'REPEATED',
      fields: [{ name: 'key' }, { name: 'value' }],
    },
  );
  t.true(Object.hasOwn(views, 'transactions_deduplicated'));
  t.true(Object.hasOwn(views, 'transactions_windows'));
  t.regex(String(views['events_deduplicated']?.['query']), /highwater/);
});

test('a schema says presence and type, and there is none for a stream with a JSON column', (t) => {
  const streams = shippedSource().streams;
  const schemaOf = (name: string) => protoSchema(streams.find((each) => each.name === name)!);
  t.is(
    schemaOf('canary'),
    'syntax = "proto2";\n\nmessage Canary {\n  required string id = 1;\n  required string timestamp = 2;\n}\n',
  );
  t.is(schemaOf('events'), undefined);
});

const REQUESTS = 'http_server_request_duration_seconds';
const RUN =
  'metric.type="run.googleapis.com/request_count" AND resource.type="cloud_run_revision" AND resource.labels.service_name="highwater-api"';

/** What is promised, the indicator as written, what Cloud Monitoring is told, or why nothing. */
const INDICATORS: readonly (readonly [string, string, object | string])[] = [
  [
    'requests by status: Google’s own count at the edge',
    `{ ratio: { bad: '${REQUESTS}{http_response_status_code=~"5..",http_route!~"/readyz"}', valid: '${REQUESTS}{http_route!~"/readyz"}' } }`,
    {
      needs_own_metrics: false,
      good_total_ratio: {
        total_filter: RUN,
        bad_filter: `${RUN} AND metric.labels.response_code_class="5xx"`,
      },
    },
  ],
  [
    'two counters',
    `{ ratio: { good: 'ingest_messages_total{outcome="committed"}', valid: ingest_messages_total } }`,
    {
      needs_own_metrics: true,
      good_total_ratio: {
        total_filter:
          'metric.type="prometheus.googleapis.com/ingest_messages_total/counter" AND resource.type="prometheus_target"',
        good_filter:
          'metric.type="prometheus.googleapis.com/ingest_messages_total/counter" AND resource.type="prometheus_target" AND metric.labels.outcome="committed"',
      },
    },
  ],
  [
    'a histogram and its bound',
    `{ at_or_below: { histogram: 'ingest_freshness_seconds{stream!~"canary|x"}', at_most: 60s } }`,
    {
      needs_own_metrics: true,
      distribution_cut: {
        filter:
          'metric.type="prometheus.googleapis.com/ingest_freshness_seconds/histogram" AND resource.type="prometheus_target" AND metric.labels.stream!=monitoring.regex.full_match("canary|x")',
        max: 60,
      },
    },
  ],
  [
    'a gauge of Google’s by the minute',
    `{ slices: { gauge: 'pubsub_googleapis_com:subscription_oldest_unacked_message_age{subscription_id="a-ingest"}', at_most: 60s, slice: 1m } }`,
    {
      needs_own_metrics: false,
      mean_in_range: {
        filter:
          'metric.type="pubsub.googleapis.com/subscription/oldest_unacked_message_age" AND resource.type="pubsub_subscription" AND resource.labels.subscription_id="a-ingest"',
        window_seconds: 60,
        max: 60,
      },
    },
  ],
  [
    'a ratio of two histograms’ counts',
    `{ ratio: { bad: 'warehouse_append_duration_seconds{outcome="error"}', valid: warehouse_append_duration_seconds } }`,
    'Cloud Monitoring takes no ratio of the counts of histograms',
  ],
];

for (const [what, indicator, wanted] of INDICATORS) {
  test(`Cloud Monitoring is told of ${what}`, (t) => {
    const text = AVAILABILITY.replace(/indicator:[^]*$/, `indicator: ${indicator}\n`);
    const [slo] = parseSlos(`${HEAD}${text}`, 'slo/a.yaml', []);
    const found = cloudSlo(slo!);
    if (typeof wanted === 'string') t.deepEqual(found, { kind: 'unsayable', reason: wanted });
    else
      t.like(found, {
        kind: 'slo',
        definition: { goal: 0.999, rolling_period_days: 30, ...wanted },
      });
  });
}

const reasonOf = (change: (text: string) => string) => {
  const [slo] = parseSlos(`${HEAD}${change(AVAILABILITY)}`, 'slo/a.yaml', []);
  const found = cloudSlo(slo!);
  return found.kind === 'unsayable' ? found.reason : found.kind;
};

test('a window or a goal beyond Cloud Monitoring’s is left to PromQL', (t) => {
  t.is(
    reasonOf((text) => text.replace('30d', '90d')),
    'its window is not 1 to 30 whole days',
  );
  t.is(
    reasonOf((text) => text.replace('99.9', '99.995')),
    'its goal is above 0.9999',
  );
  t.is(
    reasonOf((text) => text),
    'slo',
  );
});
