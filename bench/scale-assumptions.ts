/** What the arithmetic of scale rests on: every figure with its unit and where it comes from; each is an argument of the command. */

export interface Assumption {
  readonly value: number;
  readonly unit: string;
  readonly meaning: string;
  /** A benchmark of this project, a setting, a document of Google's, or "yours" for what only its user knows. */
  readonly source: string;
}

const PUBSUB_QUOTAS = 'https://docs.cloud.google.com/pubsub/quotas';
const BIGQUERY_QUOTAS = 'https://docs.cloud.google.com/bigquery/quotas';
const WRITE_ADVICE = 'https://docs.cloud.google.com/bigquery/docs/write-api-best-practices';
const PUBSUB_PRICES = 'https://cloud.google.com/pubsub/pricing';
const BIGQUERY_PRICES = 'https://cloud.google.com/bigquery/pricing';
const RUN_PRICES = 'https://cloud.google.com/run/pricing';
const MONITORING_PRICES = 'https://cloud.google.com/products/observability/pricing';
const TERRAFORM = 'terraform/environments/prod.tfvars';

/** In the order of the help. A name with a unit of time, size or money has it as its end. */
export const ASSUMPTIONS = {
  // The load.
  eventsPerSecond: yours(1_000, 'events/s', 'Mean rate of events, of all streams'),
  peakRatio: yours(2, '', 'Rate at the peak over the mean: instances are sized for the peak'),
  eventBytes: given(197, 'bytes', 'Body of a message', 'bench/transactions.ts, as JSON'),
  attributeBytes: yours(60, 'bytes', 'Attributes of a message: a trace context'),
  rowBytes: given(
    131,
    'bytes',
    'A row as BigQuery counts it',
    'a transaction, by the sizes of its types in the documents on prices',
  ),
  streams: given(4, '', 'Streams', 'streams/*.yaml'),
  largestStreamRatio: yours(1, '', 'Share of the events that are in the largest stream'),
  readsPerSecond: yours(1, 'requests/s', 'Reads of the API'),
  cachedRatio: yours(0.98, '', 'Share of the reads that a kept answer serves'),
  daysKept: yours(90, 'days', 'How long rows are kept'),

  // What was measured.
  laptopEventsPerSecond: bench(44_755, 'events/s', 'Events that one process stores', 'ingest'),
  ingestMicros: bench(
    44.7,
    'µs',
    'Processor time of an event: two cores over their rate, with the server and DuckDB in it',
    'ingest',
  ),
  indexBytes: bench(2, 'bytes', 'Memory of an event in the index of event ids (DuckDB)', 'memory'),
  laptopMemoryGib: yours(8, 'GiB', 'Memory of a laptop that the index may have'),
  ingesterSeries: given(400, '', 'Series that an ingester sends', '/metrics of `npm start`'),
  apiSeries: given(
    1_700,
    '',
    'Series that an instance of the API sends',
    '/metrics of `npm start`',
  ),

  // Settings.
  ingesterCpus: given(1, 'vCPU', 'Processors of an ingester', 'terraform/variables.tf'),
  busyRatio: given(
    0.6,
    '',
    'How busy an ingester is meant to be at the peak',
    'above 80 % a Node process stops to ack: https://github.com/googleapis/nodejs-pubsub/issues/29',
  ),
  ingesterMemoryGib: given(1, 'GiB', 'Memory of an ingester', 'terraform/variables.tf'),
  ingestersMax: given(20, '', 'Most ingesters that the autoscaler makes', TERRAFORM),
  apiInstancesMin: given(2, '', 'Fewest instances of the API', TERRAFORM),
  inFlightMax: setting(
    10_000,
    '',
    'Messages leased at once, of a stream',
    'INGEST_MESSAGES_IN_FLIGHT_MAX',
  ),
  batchRowsMax: setting(4_096, '', 'Rows of a commit', 'INGEST_BATCH_ROWS_MAX'),
  batchWaitMs: setting(200, 'ms', 'Longest wait of a row for its batch', 'INGEST_BATCH_WAIT'),
  ackWaitMs: given(20, 'ms', 'Longest wait of an ack', 'ingest/subscriber.ts'),
  commitsMax: setting(
    2,
    '',
    'Commits under way at once, of a stream',
    'INGEST_COMMITS_IN_FLIGHT_MAX',
  ),
  writeConnections: setting(
    2,
    '',
    'Write connections of a table',
    'BIGQUERY_WRITE_CONNECTIONS_MAX',
  ),
  queriesMax: setting(16, '', 'Queries of an instance of the API at once', 'API_QUERIES_MAX'),
  billedGibMax: setting(10, 'GiB', 'Most that a query may read', 'BIGQUERY_BYTES_BILLED_MAX'),
  exportSeconds: setting(
    60,
    's',
    'Time between two exports of metrics',
    'TELEMETRY_EXPORT_INTERVAL',
  ),
  retentionDays: given(7, 'days', 'How long a topic keeps its messages', 'terraform, streams'),
  alertConditions: given(38, '', 'Conditions of all alert policies', 'terraform, alert_policies'),

  // How long Google Cloud takes; guesses until it was measured there.
  appendMs: yours(300, 'ms', 'Time of an append of BigQuery'),
  querySeconds: yours(1, 's', 'Time of a query of BigQuery'),
  daysRead: given(
    2,
    'days',
    'Whole days that a page of the newest events reads',
    'docs/bigquery.md',
  ),

  // Quotas and limits. Those of a project are shown in its console, and most can be raised.
  publishMbPerSecondMax: given(4_000, 'MB/s', 'Publishing, of a large region', PUBSUB_QUOTAS),
  pullMbPerSecondMax: given(4_000, 'MB/s', 'Streaming pull, of a large region', PUBSUB_QUOTAS),
  pullStreamMbPerSecondMax: given(10, 'MB/s', 'One streaming pull', PUBSUB_QUOTAS),
  writeMbPerSecondMax: given(
    3_000,
    'MB/s',
    'Storage Write in EU or US; 300 in a region',
    BIGQUERY_QUOTAS,
  ),
  writeConnectionsMax: given(
    20_000,
    '',
    'Write connections in EU or US; 5,000 in a region',
    BIGQUERY_QUOTAS,
  ),
  writeConnectionMbPerSecond: given(
    1,
    'MB/s',
    'One connection, at the least of 1 to 10',
    WRITE_ADVICE,
  ),
  partitionsMax: given(10_000, '', 'Partitions of a table', BIGQUERY_QUOTAS),
  instancesMax: yours(1_000, '', 'Instances of Cloud Run in the region: the quota of the project'),
  telemetryRequestsPerMinuteMax: given(
    60_000,
    'requests/min',
    'Requests to the Telemetry API',
    'https://docs.cloud.google.com/stackdriver/docs/otlp-metrics/overview',
  ),
  telemetryPointsMax: given(
    200,
    '',
    'Points of a request to the Telemetry API',
    'https://docs.cloud.google.com/stackdriver/docs/otlp-metrics/overview',
  ),

  // Prices in US dollars, without what is free and without discounts; read in November 2026 from copies of these pages.
  pubsubPerTib: given(40, '$/TiB', 'Publishing, and again delivering', PUBSUB_PRICES),
  retentionPerGibMonth: given(0.27, '$/GiB-month', 'Messages that a topic keeps', PUBSUB_PRICES),
  writePerGib: given(0.025, '$/GiB', 'Storage Write', BIGQUERY_PRICES),
  storagePerGibMonth: given(0.02, '$/GiB-month', 'Rows, not yet 90 days old', BIGQUERY_PRICES),
  queryPerTib: given(6.25, '$/TiB', 'Queries on demand', BIGQUERY_PRICES),
  poolCpuSecond: given(0.000011244, '$/vCPU-s', 'Worker pool', RUN_PRICES),
  poolGibSecond: given(0.000001235, '$/GiB-s', 'Worker pool', RUN_PRICES),
  serviceCpuSecond: given(0.000018, '$/vCPU-s', 'Service, billed by instance', RUN_PRICES),
  serviceGibSecond: given(0.000002, '$/GiB-s', 'Service, billed by instance', RUN_PRICES),
  samplesPerMillion: given(
    0.06,
    '$/million',
    'Samples of metrics, the first 50 billion',
    MONITORING_PRICES,
  ),
  conditionMonth: given(0.1, '$/month', 'A condition of an alert policy', MONITORING_PRICES),
  seriesReturnedPerMillion: given(
    0.35,
    '$/million',
    'Series that conditions return',
    MONITORING_PRICES,
  ),
} as const satisfies Readonly<Record<string, Assumption>>;

export type AssumptionName = keyof typeof ASSUMPTIONS;
export type Assumptions = Readonly<Record<AssumptionName, number>>;

/** All assumptions as they are shipped, but for those that are given. */
export function assumptionsWith(changes: Partial<Assumptions>): Assumptions {
  const values = Object.entries(ASSUMPTIONS).map(([name, { value }]) => [name, value] as const);
  return { ...(Object.fromEntries(values) as Assumptions), ...changes };
}

function given(value: number, unit: string, meaning: string, source: string): Assumption {
  return { value, unit, meaning, source };
}

function yours(value: number, unit: string, meaning: string): Assumption {
  return { value, unit, meaning, source: 'yours' };
}

function bench(value: number, unit: string, meaning: string, name: string): Assumption {
  return { value, unit, meaning, source: `npm run bench -- ${name}` };
}

function setting(value: number, unit: string, meaning: string, name: string): Assumption {
  return { value, unit, meaning, source: name };
}
