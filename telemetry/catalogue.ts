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
}

/** Seconds, for requests and queries: a threshold of 300 ms or 500 ms is exact. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2.5, 5, 10];
/** Seconds, for freshness: a threshold of 1 minute or 2 minutes is exact. */
const FRESHNESS_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3_600];

const ROUTE = { limit: 40 };
const STREAM = { limit: 50 };
const SUBSCRIPTION = { limit: 200 };

/** Every metric that the service emits, by its name on every road. */
export const CATALOGUE = {
  http_server_request_duration_seconds: {
    kind: 'histogram',
    unit: 's',
    help: 'Time from the first byte of a request to the last byte of its answer.',
    labels: {
      http_request_method: { limit: 8 },
      http_route: ROUTE,
      http_response_status_code: { limit: 30 },
    },
    bounds: REQUEST_SECONDS,
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
  ingest_freshness_seconds: {
    kind: 'histogram',
    unit: 's',
    help: 'Time from the publishing of a message to its row being readable.',
    labels: { stream: STREAM },
    bounds: FRESHNESS_SECONDS,
  },
  ingest_watermark_lag_seconds: {
    kind: 'gauge',
    unit: 's',
    help: 'Age of the oldest message published and not yet readable; 0 where there is none.',
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
  },
  'pubsub_googleapis_com:subscription_num_undelivered_messages': {
    kind: 'gauge',
    unit: '1',
    help: 'Messages of a subscription that are not acked.',
    labels: { subscription_id: SUBSCRIPTION },
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type MetricName = keyof typeof CATALOGUE;

/** The metric of that name, or `undefined`. */
export function metricSpec(name: string): MetricSpec | undefined {
  return Object.hasOwn(CATALOGUE, name) ? CATALOGUE[name as MetricName] : undefined;
}
