/** The one catalogue of metrics: what each means, its unit, kind, labels with their limits, and its bucket bounds. */

export type MetricKind = 'counter' | 'gauge' | 'histogram';

export interface LabelSpec {
  /** Most distinct values in a process; what comes after them is counted under `other`. */
  readonly limit: number;
  /** All values where they are known beforehand; series are created with 0 for them. */
  readonly values?: readonly string[];
}

export interface MetricSpec {
  readonly kind: MetricKind;
  /** UCUM: `s`, `By`, `1`. */
  readonly unit: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, LabelSpec>>;
  /** Upper bounds of a histogram's buckets, in its unit; every SLO threshold is one of them. */
  readonly bounds?: readonly number[];
  /** Written by Cloud Monitoring itself: a sample can be asked for this much later; ours are there at once. */
  readonly cloudDelayMs?: number;
}

/** Seconds, for requests and queries: a threshold of 300 ms or 500 ms is exact. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2.5, 5, 10];
/** Seconds, for freshness: a threshold of 1 minute or 2 minutes is exact. */
const FRESHNESS_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3_600];
/** Rows of a commit, up to the largest that a setting allows. */
const BATCH_ROWS = [1, 10, 50, 100, 250, 500, 1_000, 2_000, 4_096, 10_000, 50_000];

/**
 * Sampled every 60 s and then not visible for up to 120 s; a minute more, as partial data would read as an outage.
 * Source: Google Cloud metrics list, Pub/Sub.
 */
const PUBSUB_DELAY_MS = 240_000;

const ROUTE = { limit: 40 };
const STREAM = { limit: 50 };
const SUBSCRIPTION = { limit: 200 };
const OUTCOME = { limit: 2, values: ['ok', 'error'] };
const SIGNAL = { limit: 2, values: ['metrics', 'traces'] };
/** As `alerts/notify/` names them. */
const CHANNEL = { limit: 4, values: ['pagerduty', 'email', 'webhook', 'log'] };
/** The reasons of a refusal, as `streams/` names them. */
const REASON = { limit: 15 };

/** Every metric that the service emits, by its name on every road. */
export const CATALOGUE = {
  http_server_request_duration_seconds: {
    kind: 'histogram',
    unit: 's',
    help: 'Time from the first byte of a request to the last byte of its answer. Status 499: the client left before.',
    labels: {
      http_request_method: { limit: 8 },
      http_route: ROUTE,
      http_response_status_code: { limit: 30 },
    },
    bounds: REQUEST_SECONDS,
  },
  http_server_active_requests: {
    kind: 'gauge',
    unit: '1',
    help: 'Requests under way.',
    labels: {},
  },
  http_requests_shed_total: {
    kind: 'counter',
    unit: '1',
    help: 'Requests sent away with 503 because more was asked at once than can be answered in time.',
    labels: { lane: { limit: 4, values: ['query', 'export', 'publish', 'push'] } },
  },
  http_requests_waiting: {
    kind: 'gauge',
    unit: '1',
    help: 'Requests that wait for room in their lane.',
    labels: { lane: { limit: 4, values: ['query', 'export', 'publish', 'push'] } },
  },
  http_server_response_bytes_total: {
    kind: 'counter',
    unit: 'By',
    help: 'Bytes written to connections for answers, their headers included.',
    labels: { http_route: ROUTE },
  },
  warehouse_query_duration_seconds: {
    kind: 'histogram',
    unit: 's',
    help: 'Time of a named query of the warehouse.',
    labels: { query: { limit: 20 }, outcome: OUTCOME },
    bounds: REQUEST_SECONDS,
  },
  warehouse_breaker_is_open: {
    kind: 'gauge',
    unit: '1',
    help: '1 while the API makes no queries because most of them fail; 0.5 while one is tried; else 0.',
    labels: {},
  },
  warehouse_append_duration_seconds: {
    kind: 'histogram',
    unit: 's',
    help: 'Time of one append to the warehouse, a failed one included.',
    labels: { stream: STREAM, outcome: OUTCOME },
    bounds: REQUEST_SECONDS,
  },
  ingest_received_total: {
    kind: 'counter',
    unit: '1',
    help: 'Messages handed over by the Pub/Sub client, redeliveries included.',
    labels: { stream: STREAM },
  },
  ingest_messages_total: {
    kind: 'counter',
    unit: '1',
    help: 'Messages dealt with, by what became of them.',
    labels: {
      stream: STREAM,
      outcome: { limit: 3, values: ['committed', 'duplicate', 'quarantined'] },
    },
  },
  ingest_refusals_total: {
    kind: 'counter',
    unit: '1',
    help: 'Messages refused, by the reason that quarantine keeps.',
    labels: { stream: STREAM, reason: REASON },
  },
  ingest_dead_letters_total: {
    kind: 'counter',
    unit: '1',
    help: 'Refused messages by whether the dead-letter topic took them; quarantine has all of them.',
    labels: { stream: STREAM, outcome: { limit: 2, values: ['published', 'refused'] } },
  },
  ingest_retries_total: {
    kind: 'counter',
    unit: '1',
    help: 'Attempts on the warehouse or the dead-letter topic that failed and were made again.',
    labels: { stream: STREAM },
  },
  ingest_ack_failures_total: {
    kind: 'counter',
    unit: '1',
    help: 'Acks and lease extensions that the Pub/Sub client reported as failed.',
    labels: { stream: STREAM },
  },
  ingest_resubscribes_total: {
    kind: 'counter',
    unit: '1',
    help: 'Times that a subscription was opened anew after an error.',
    labels: { stream: STREAM },
  },
  ingest_freshness_seconds: {
    kind: 'histogram',
    unit: 's',
    help: 'Time from the publishing of a message to its row being readable.',
    labels: { stream: STREAM },
    bounds: FRESHNESS_SECONDS,
  },
  ingest_commit_duration_seconds: {
    kind: 'histogram',
    unit: 's',
    help: 'Time of a batch from its closing to its commit, retries included.',
    labels: { stream: STREAM },
    bounds: REQUEST_SECONDS,
  },
  ingest_batch_rows: {
    kind: 'histogram',
    unit: '1',
    help: 'Rows of a batch.',
    labels: { stream: STREAM },
    bounds: BATCH_ROWS,
  },
  ingest_in_flight_messages: {
    kind: 'gauge',
    unit: '1',
    help: 'Messages leased and not yet acked.',
    labels: { stream: STREAM },
  },
  ingest_is_paused: {
    kind: 'gauge',
    unit: '1',
    help: '1 while the warehouse refuses work and leases are held, else 0.',
    labels: { stream: STREAM },
  },
  ingest_last_commit_timestamp_seconds: {
    kind: 'gauge',
    unit: 's',
    help: 'When rows were last committed, in seconds since 1970; 0 before the first commit of the process.',
    labels: { stream: STREAM },
  },
  ingest_watermark_lag_seconds: {
    kind: 'gauge',
    unit: 's',
    help: 'Age of the oldest message published and not yet readable; an overdue message counts from when it was due. 0 where there is none.',
    labels: { stream: STREAM },
  },
  ingest_overdue_seconds: {
    kind: 'gauge',
    unit: 's',
    help: 'How long a message is overdue, for streams whose file has expect_every; 0 while one came in time.',
    labels: { stream: STREAM },
  },
  canary_freshness_seconds: {
    kind: 'histogram',
    unit: 's',
    help: 'Time from publishing a canary event through the public API to reading it back there.',
    labels: {},
    bounds: FRESHNESS_SECONDS,
  },
  canary_age_seconds: {
    kind: 'gauge',
    unit: 's',
    help: 'Time since the newest canary event that was read back was published.',
    labels: {},
  },
  canary_probes_total: {
    kind: 'counter',
    unit: '1',
    help: 'Canary events by how they ended; timed_out is one not readable within two minutes.',
    labels: {
      outcome: { limit: 3, values: ['read_back', 'publish_failed', 'timed_out'] },
    },
  },
  alert_deliveries_total: {
    kind: 'counter',
    unit: '1',
    help: 'Tries to deliver a notification, by what became of it: given_up after a day of tries, dropped where too many waited. One notification is one per recipient.',
    labels: {
      channel: CHANNEL,
      outcome: {
        limit: 5,
        values: ['delivered', 'retried', 'refused', 'given_up', 'dropped'],
      },
    },
  },
  alert_delivery_delay_seconds: {
    kind: 'histogram',
    unit: 's',
    help: 'Time from a notification being made to its receiver having it, tries that failed included.',
    labels: { channel: CHANNEL },
    bounds: FRESHNESS_SECONDS,
  },
  alert_outbox_pending: {
    kind: 'gauge',
    unit: '1',
    help: 'Notifications that wait for their delivery, by kind of channel.',
    labels: { channel: CHANNEL },
  },
  alert_outbox_oldest_seconds: {
    kind: 'gauge',
    unit: 's',
    help: 'Age of the oldest notification that waits for its delivery; 0 where none does.',
    labels: { channel: CHANNEL },
  },
  telemetry_exports_total: {
    kind: 'counter',
    unit: '1',
    help: 'Exports by outcome; partial is one of which the receiver refused some items.',
    labels: { signal: SIGNAL, outcome: { limit: 3, values: ['sent', 'partial', 'failed'] } },
  },
  telemetry_rejected_items_total: {
    kind: 'counter',
    unit: '1',
    help: 'Points and spans that a receiver refused in exports that it otherwise took.',
    labels: { signal: SIGNAL },
  },
  telemetry_spans_total: {
    kind: 'counter',
    unit: '1',
    help: 'Spans ended, by what became of them: sampled, kept for an error or slowness, left, or dropped at a limit.',
    labels: { outcome: { limit: 4, values: ['sampled', 'kept', 'left', 'dropped'] } },
  },
  evaluations_total: {
    kind: 'counter',
    unit: '1',
    help: 'Evaluations of SLOs and of alerts, by whether they worked.',
    labels: {
      evaluator: { limit: 2, values: ['slo', 'alerts'] },
      outcome: { limit: 2, values: ['succeeded', 'failed'] },
    },
  },
  highwater_fault_active: {
    kind: 'gauge',
    unit: '1',
    help: '1 while an injected fault is in force.',
    labels: {
      fault: {
        limit: 5,
        values: ['errors', 'latency', 'ingest', 'subscription', 'warehouse'],
      },
    },
  },
  highwater_build_info: {
    kind: 'gauge',
    unit: '1',
    help: 'Always 1; says which parts of the service live, and their version.',
    labels: { part: { limit: 10 }, version: { limit: 2 } },
  },
  'pubsub_googleapis_com:subscription_oldest_unacked_message_age': {
    kind: 'gauge',
    unit: 's',
    help: 'Age of the oldest message of a subscription that is not acked.',
    labels: { subscription_id: SUBSCRIPTION },
    cloudDelayMs: PUBSUB_DELAY_MS,
  },
  'pubsub_googleapis_com:subscription_num_undelivered_messages': {
    kind: 'gauge',
    unit: '1',
    help: 'Messages of a subscription that are not acked.',
    labels: { subscription_id: SUBSCRIPTION },
    cloudDelayMs: PUBSUB_DELAY_MS,
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type MetricName = keyof typeof CATALOGUE;

/** Names of one kind. */
export type NameOf<K extends MetricKind> = {
  [N in MetricName]: (typeof CATALOGUE)[N]['kind'] extends K ? N : never;
}[MetricName];

/** A value for each label of a metric. */
export type LabelsOf<N extends MetricName> = {
  readonly [L in keyof (typeof CATALOGUE)[N]['labels']]: string;
};

/** The metric of that name, or `undefined`. */
export function metricSpec(name: string): MetricSpec | undefined {
  return Object.hasOwn(CATALOGUE, name) ? CATALOGUE[name as MetricName] : undefined;
}

/** The catalogue as a Markdown table, for docs/telemetry.md. */
export function catalogueTable(): string {
  const rows = Object.entries<MetricSpec>(CATALOGUE).map(([name, spec]) => {
    const labels = Object.entries(spec.labels).map(([label, { limit, values }]) =>
      values ? `\`${label}\` (${values.join(', ')})` : `\`${label}\` (≤ ${limit})`,
    );
    const bounds = spec.bounds ? ` Bounds: ${spec.bounds.join(', ')}.` : '';
    return `| \`${name}\` | ${spec.kind} | ${spec.unit} | ${labels.join(', ')} | ${spec.help}${bounds} |`;
  });
  return [
    '| metric | kind | unit | labels | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
