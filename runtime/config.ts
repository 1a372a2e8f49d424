/** The one schema of all settings: read from the environment and `.env`, checked at once, printed without secrets. */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { z } from 'zod';
import { ALERT_SETTINGS } from './alert-settings.ts';
import { configProblems } from './config-problems.ts';
import { AppError } from './errors.ts';
import {
  choice,
  count,
  countOrOff,
  duration,
  grants,
  keysUrl,
  modes,
  optional,
  port,
  ratio,
  secret,
  text,
  urls,
  words,
} from './setting.ts';
import { hideUrlCredentials } from './url-credentials.ts';

/** Every setting by its environment variable; the README's table is printed from it. */
export const SETTINGS = {
  GOOGLE_CLOUD_PROJECT: text('Project id', 'highwater-local'),
  HIGHWATER_HOST: text('Address that every port binds to', '127.0.0.1'),
  PORT: port('API port', 8080),
  METRICS_HOST: text('Address of the internal metrics port', '127.0.0.1'),
  METRICS_PORT: port('Internal metrics port', 9464),
  PUBSUB_PORT: port('Port of the embedded Pub/Sub server', 8085),
  PUBSUB_EMULATOR_HOST: optional('Use this Pub/Sub server; none is started'),
  PUBSUB_STORAGE_BYTES_MAX: count('Size limit of the embedded Pub/Sub server', 2 ** 30),
  HIGHWATER_DATA_DIR: text('Data folder', './data'),
  HIGHWATER_STREAMS_DIR: text('Folder of the stream definitions', './streams'),
  HIGHWATER_SLO_DIR: text('Folder of the SLO definitions', './slo'),
  HIGHWATER_ALERT_POLICIES: text('File of the alert policies', './alerts/policies.yaml'),
  HIGHWATER_PUBLIC_URL: optional('Address of the API as people reach it, for links in pages'),
  HIGHWATER_WAREHOUSE: choice('Where rows are stored', ['duckdb', 'bigquery'], 'duckdb'),
  DUCKDB_MEMORY_BYTES_MAX: count('Memory limit of DuckDB', 2 ** 27),
  BIGQUERY_DATASET: text('Dataset of the tables; created where it is missing', 'highwater'),
  BIGQUERY_LOCATION: text('Location of a dataset that is created', 'US'),
  BIGQUERY_WRITER: choice(
    'Storage Write API (gRPC), or the REST insert, which costs more',
    ['storage', 'insert'],
    'storage',
  ),
  BIGQUERY_WRITE_CONNECTIONS_MAX: count('Write connections per table', 2, 8),
  BIGQUERY_QUERY_TIMEOUT: duration('Longest time of a query; it is cancelled then', '20s'),
  BIGQUERY_BYTES_BILLED_MAX: count('Most bytes that one query may be billed for', 10 * 2 ** 30),
  ANSWER_CACHE: choice(
    'Where answers of BigQuery are kept for a short while',
    ['memory', 'redis', 'off'],
    'memory',
  ),
  ANSWER_CACHE_AGE: duration('Longest time that an answer is behind what is stored', '5s'),
  ANSWER_CACHE_REDIS_URL: secret(
    'Redis of ANSWER_CACHE=redis, such as redis://127.0.0.1:6379; rediss:// is over TLS',
  ),
  ANSWER_CACHE_REDIS_CA: optional(
    'Certificates (PEM) of the authority that signs for that Redis, where it is one of its own',
  ),
  ANSWER_CACHE_REDIS_AUTH: choice(
    'What that Redis is shown: the password of the URL, if any, or a token of this process’s Google account (Memorystore with IAM)',
    ['url', 'google'],
    'url',
  ),
  BIGQUERY_EMULATOR_HOST: optional('Use this REST API, such as http://127.0.0.1:9050'),
  BIGQUERY_STORAGE_EMULATOR_HOST: optional('Use this Storage Write API, such as 127.0.0.1:9060'),
  LOG_LEVEL: choice(
    'Least severe log line shown',
    ['debug', 'info', 'warn', 'error', 'silent'],
    'info',
  ),
  LOG_FORMAT: choice('Log lines; auto is text on a terminal', ['auto', 'json', 'text'], 'auto'),
  SHUTDOWN_DEADLINE: duration('Time to flush, ack and close', '10s'),
  INGEST_INTAKE: choice(
    'Whether messages are pulled, or pushed by Pub/Sub to /v1/streams/STREAM/push of the API',
    ['pull', 'push'],
    'pull',
  ),
  INGEST_BATCH_ROWS_MAX: count('Rows in a commit', 4_096, 50_000),
  INGEST_BATCH_BYTES_MAX: count('Bytes in a commit', 8 * 2 ** 20, 10 * 2 ** 20),
  INGEST_BATCH_WAIT: duration('Longest wait of a row for its batch to fill', '200ms'),
  INGEST_COMMITS_IN_FLIGHT_MAX: count('Commits under way at once, per stream', 2, 16),
  INGEST_MESSAGES_IN_FLIGHT_MAX: count(
    'Messages leased and not yet acked, per stream',
    10_000,
    100_000,
  ),
  INGEST_MESSAGE_BYTES_MAX: count('Size of a message, unpacked', 10 * 2 ** 20, 10 * 2 ** 20),
  API_BODY_BYTES_MAX: count('Size of a request body', 5 * 2 ** 20, 10 * 2 ** 20),
  AUTH_MODE: modes(
    'How callers prove who they are, in the order in which they are asked: none, iap, oidc, api-key',
  ),
  AUTH_OPEN_TO_ALL: choice(
    'Said beside AUTH_MODE=none where the API is not on loopback: everyone may do everything',
    ['no', 'yes'],
    'no',
  ),
  AUTH_IAP_AUDIENCE: words(
    'Audience of IAP’s signed header',
    '/projects/123/locations/europe-west1/services/highwater',
    (word) =>
      /^\/projects\/\d+\/(?:global\/backendServices\/\d+|locations\/[\w-]+\/services\/[\w-]+)$/.test(
        word,
      ),
  ),
  AUTH_IAP_KEYS_URL: keysUrl(
    'Public keys of IAP',
    'https://www.gstatic.com/iap/verify/public_key-jwk',
  ),
  AUTH_OIDC_AUDIENCE: words(
    'Audience of Google ID tokens: the URL of this service',
    'https://highwater.example.com',
    () => true,
  ),
  AUTH_OIDC_KEYS_URL: keysUrl(
    'Public keys of Google ID tokens',
    'https://www.googleapis.com/oauth2/v3/certs',
  ),
  AUTH_KEYS_FILE: optional('Hashes of the API keys; empty is api-keys.json in the data folder'),
  AUTH_PUSH_AUDIENCE: words(
    'Audience of the tokens of Pub/Sub push subscriptions',
    'https://highwater.example.com/push',
    () => true,
  ),
  AUTH_PUSH_ACCOUNT: optional('Service account of the push subscriptions, as its e-mail address'),
  AUTH_READERS: grants('Who reads'),
  AUTH_PUBLISHERS: grants('Who publishes'),
  AUTH_OPERATORS: grants('Who may do everything'),
  API_REQUESTS_PER_MINUTE: count(
    'Requests of one caller in a minute, where callers are known',
    6_000,
  ),
  API_REQUESTS_PER_DAY: count(
    'Requests of one caller in a day, where callers are known',
    1_000_000,
  ),
  API_PROXY_HOPS: choice(
    'Proxies in front that add to X-Forwarded-For; auto is 1 on Cloud Run and 0 elsewhere',
    ['auto', '0', '1', '2', '3'],
    'auto',
  ),
  API_QUERIES_MAX: count(
    'Queries of the API under way at once; four times as many wait',
    16,
    1_000,
  ),
  API_QUERY_TIMEOUT: duration('A query of the API that takes longer is given up', '25s'),
  TELEMETRY_EXPORTER: choice(
    'Where metrics and traces are sent; google-legacy is deprecated by Google',
    ['none', 'otlp', 'google', 'google-legacy'],
    'none',
  ),
  TELEMETRY_EXPORT_INTERVAL: duration('Time between two exports of metrics, 10s or more', '60s'),
  TELEMETRY_REGION: optional('Google Cloud region of this process, where it is not detected'),
  TELEMETRY_INSTANCE: optional('Unique id of this process; empty makes one at each start'),
  CLOUD_RUN_WORKER_POOL: optional('Set by Cloud Run in a worker pool'),
  CLOUD_RUN_WORKER_POOL_REVISION: optional('Set by Cloud Run in a worker pool'),
  TELEMETRY_GOOGLE_ENDPOINT: text(
    'Telemetry API of Google Cloud',
    'https://telemetry.googleapis.com',
  ),
  // Below, scraping is most of the load; above, a minute's slice may hold no sample.
  METRICS_SAMPLE_INTERVAL: duration('Time between two samples of the local metric store', '10s', [
    '1s',
    '1m',
  ]),
  METRICS_TARGETS: urls(
    'Metrics pages of other processes to sample too, separated by commas',
    'http://127.0.0.1:9465/metrics',
  ),
  METRICS_SOURCE: choice(
    'Where SLOs and alerts read metrics from; google is Cloud Monitoring',
    ['local', 'prometheus', 'google'],
    'local',
  ),
  CLOUD_MONITORING_ENDPOINT: text(
    'Cloud Monitoring API, for METRICS_SOURCE=google and `highwater drift`',
    'https://monitoring.googleapis.com',
  ),
  METRICS_PROMETHEUS_URL: optional('Prometheus to read from, such as http://127.0.0.1:9090'),
  METRICS_PROMETHEUS_AUTHORIZATION: secret(
    'Authorization header for it, such as Bearer TOKEN or Basic BASE64',
  ),
  METRICS_PROMETHEUS_LOOKBACK: duration('How long that Prometheus keeps its samples', '35d'),
  TRACE_RATIO: ratio('Share of traces that is kept beside those with errors and slow ones', '0.1'),
  TRACE_SLOW: duration('A trace with a span this long is kept whatever its share', '500ms'),
  TRACES_KEPT: countOrOff(
    'Newest traces that the API keeps in memory, for pages and the console to lead to; 0 is off',
    500,
    10_000,
  ),
  CANARY_INTERVAL: duration('Time between two canary events of `start`; 0s is off', '15s'),
  HIGHWATER_API_TOKEN: secret('API key or ID token that the commands send to a running service'),
  CANARY_TOKEN: secret('Bearer token of the canary’s requests, where the API asks for one'),
  HIGHWATER_FAULTS: choice(
    'Whether faults may be injected on the metrics port; never in production',
    ['off', 'allow'],
    'off',
  ),
  // Above, the shortest window of the shipped tiers would pass between two evaluations.
  SLO_INTERVAL: duration('Time between two evaluations of the SLOs', '15s', ['1s', '5m']),
  ...ALERT_SETTINGS,
  SIMULATE_RATE: count('Events per second of the demo simulator', 5, 100_000),
  FLIGHTS_API_URL: optional('AviationStack-shaped API; empty is the local replay of real flights'),
  FLIGHTS_API_KEY: secret('Access key of the flights API'),
  FLIGHTS_POLL_INTERVAL: duration('Time between two polls of the flights API', '10s', ['1s', '1d']),
} as const;

export type Config = {
  readonly [K in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[K]['schema']>;
};

/**
 * Reads and checks all settings; the environment wins over `.env`.
 * @throws AppError `invalid_config` that names every problem at once.
 */
export function loadConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  envFile = '.env',
): Config {
  const given = { ...readEnvFile(envFile), ...environment };
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { schema, fallback }] of Object.entries(SETTINGS)) {
    const result = (schema as z.ZodType).safeParse(given[name] || fallback);
    if (result.success) values[name] = result.data;
    else problems.push(...result.error.issues.map((issue) => `${name}: ${issue.message}`));
  }
  const config = values as Config;
  if (problems.length === 0) problems.push(...configProblems(config));
  if (problems.length > 0) {
    throw new AppError(
      'invalid_config',
      `The configuration is not valid:\n  ${problems.join('\n  ')}`,
    );
  }
  return config;
}

/** The effective settings as `NAME=value` lines, secrets hidden, those in URLs too. */
export function printConfig(config: Config): string {
  return Object.entries(SETTINGS)
    .map(([name, { isSecret }]) => {
      const value = config[name as keyof Config];
      return `${name}=${isSecret && value !== '' ? '(hidden)' : hideUrlCredentials(String(value))}`;
    })
    .join('\n');
}

/** A Markdown table of all settings, for the README. */
export function settingsTable(): string {
  const rows = Object.entries(SETTINGS).map(
    ([name, { what, fallback }]) =>
      `| \`${name}\` | ${what} | ${fallback ? `\`${fallback}\`` : ''} |`,
  );
  return ['| setting | meaning | default |', '| --- | --- | --- |', ...rows].join('\n');
}

function readEnvFile(path: string): Record<string, string | undefined> {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new AppError('invalid_config', `${path} cannot be read`, { cause: error });
  }
}
