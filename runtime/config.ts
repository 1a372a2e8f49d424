/** The one schema of all settings: read from the environment and `.env`, checked at once, printed without secrets. */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { ALERT_SETTINGS, alertProblems } from './alert-settings.ts';
import { bigqueryProblems } from './config-bigquery.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { AppError } from './errors.ts';
import { hideUrlCredentials } from './url-credentials.ts';

/** Source: Cloud Monitoring refuses points of a series that come within 5 s; two intervals of slack. */
const EXPORT_INTERVAL_MIN_MS = 10_000;
const LOOPBACK: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

const port = (what: string, fallback: number) =>
  setting(what, String(fallback), z.string().transform(toInteger(0, 65_535, fallback)));
const count = (what: string, fallback: number, max = Number.MAX_SAFE_INTEGER) =>
  setting(what, String(fallback), z.string().transform(toInteger(1, max, fallback)));
/** A duration, of at least and at most so much where `range` says so: a pause of 0 would leave no time for anything else. */
const duration = (what: string, fallback: string, range?: readonly [string, string]) =>
  setting(
    what,
    fallback,
    z.string().transform((text, context) => {
      const valueMs = parseDuration(text);
      const [least = 0, most = Infinity] = range?.map(parseDuration) ?? [];
      if (valueMs !== undefined && valueMs >= least && valueMs <= most) return valueMs;
      const bounds = range ? ` from ${range.join(' to ')},` : '';
      context.addIssue(`expected a duration${bounds} such as ${fallback}; got ${text}`);
      return z.NEVER;
    }),
  );
const ratio = (what: string, fallback: string) =>
  setting(
    what,
    fallback,
    z.string().transform((given, context) => {
      const value = Number(given);
      if (given.trim() !== '' && value >= 0 && value <= 1) return value;
      context.addIssue(`expected a number from 0 to 1, such as ${fallback}; got ${given}`);
      return z.NEVER;
    }),
  );
const text = (what: string, fallback: string) => setting(what, fallback, z.string().min(1));
const choice = <const T extends readonly [string, ...string[]]>(
  what: string,
  values: T,
  fallback: T[number],
) =>
  setting(
    what,
    fallback,
    z.enum(values, {
      error: (issue) => `expected one of ${values.join(', ')}; got ${String(issue.input)}`,
    }),
  );
const urls = (what: string, example: string) =>
  setting(
    what,
    '',
    z.string().transform((given, context) => {
      const each = given.split(',').map((url) => url.trim());
      const wrong = each.filter((url) => url !== '' && !/^https?:$/.test(protocolOf(url)));
      if (wrong.length === 0) return each.filter((url) => url !== '');
      context.addIssue(`expected URLs such as ${example}; got ${wrong.join(', ')}`);
      return z.NEVER;
    }),
  );
/** Words separated by commas, each of them one that `isGood` takes; `example` stands in the message. */
const words = (what: string, example: string, isGood: (word: string) => boolean) =>
  setting(
    what,
    '',
    z.string().transform((given, context) => {
      const each = splitWords(given);
      const wrong = each.filter((word) => !isGood(word));
      if (wrong.length === 0) return each;
      context.addIssue(`expected words such as ${example}; got ${wrong.join(', ')}`);
      return z.NEVER;
    }),
  );
const grants = (what: string) =>
  words(`${what}: addresses, *@DOMAIN or * for all that are verified`, 'ann@example.com', (word) =>
    /^(?:\*|[^\s@]+@[^\s@]+)$/.test(word),
  );
/** Tokens are worth no more than the way on which their keys come. */
const keysUrl = (what: string, fallback: string) =>
  setting(
    what,
    fallback,
    z.string().refine((given) => isSafeUrl(given), {
      error: (issue) => `expected an https URL such as ${fallback}; got ${String(issue.input)}`,
    }),
  );
const secret = (what: string) => setting(what, '', z.string(), true);
const optional = (what: string) => setting(what, '', z.string());

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
  ANSWER_CACHE_REDIS_URL: secret('Redis of ANSWER_CACHE=redis, such as redis://127.0.0.1:6379'),
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
  METRICS_PROMETHEUS_URL: optional('Prometheus to read from, such as http://127.0.0.1:9090'),
  METRICS_PROMETHEUS_AUTHORIZATION: secret(
    'Authorization header for it, such as Bearer TOKEN or Basic BASE64',
  ),
  METRICS_PROMETHEUS_LOOKBACK: duration('How long that Prometheus keeps its samples', '35d'),
  TRACE_RATIO: ratio('Share of traces that is kept beside those with errors and slow ones', '0.1'),
  TRACE_SLOW: duration('A trace with a span this long is kept whatever its share', '500ms'),
  TRACES_KEPT: setting(
    'Newest traces that the API keeps in memory, for pages and the console to lead to; 0 is off',
    '500',
    z.string().transform(toInteger(0, 10_000, 500)),
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
  if (problems.length === 0) problems.push(...pairProblems(config));
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

function modes(what: string) {
  const known = ['none', 'iap', 'oidc', 'api-key'] as const;
  type Mode = (typeof known)[number];
  const isMode = (word: string): word is Mode => known.some((each) => each === word);
  return setting(
    what,
    'none',
    z.string().transform((given, context): readonly [Mode, ...Mode[]] => {
      const [first, ...rest] = splitWords(given).filter(isMode);
      const wordCount = splitWords(given).length;
      const distinctCount = first === 'none' ? 1 : new Set([first, ...rest]).size;
      if (first && distinctCount === wordCount && !rest.includes('none')) return [first, ...rest];
      context.addIssue(
        `expected none alone, or some of iap, oidc, api-key separated by commas, such as iap,api-key; got ${given}`,
      );
      return z.NEVER;
    }),
  );
}

function splitWords(given: string): string[] {
  return given
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

function isSafeUrl(url: string): boolean {
  const protocol = protocolOf(url);
  return (
    protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(new URL(url).hostname))
  );
}

/** `https:` of `https://…`; empty where the text is no URL. */
function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : '';
}

function setting<T extends z.ZodType>(what: string, fallback: string, schema: T, isSecret = false) {
  return { what, fallback, schema, isSecret };
}

function toInteger(min: number, max: number, example: number) {
  return (given: string, context: z.RefinementCtx): number => {
    const value = Number(given);
    if (/^\d+$/.test(given) && value >= min && value <= max) return value;
    context.addIssue(
      `expected a whole number from ${min} to ${max}, such as ${example}; got ${given}`,
    );
    return z.NEVER;
  };
}

function pairProblems(config: Config): string[] {
  const problems: string[] = alertProblems(config);
  if (config.INGEST_MESSAGES_IN_FLIGHT_MAX < 2 * config.INGEST_BATCH_ROWS_MAX) {
    problems.push(
      `INGEST_MESSAGES_IN_FLIGHT_MAX: expected at least twice INGEST_BATCH_ROWS_MAX (${2 * config.INGEST_BATCH_ROWS_MAX}), or intake starves while a batch commits; got ${config.INGEST_MESSAGES_IN_FLIGHT_MAX}`,
    );
  }
  if (config.TELEMETRY_EXPORT_INTERVAL < EXPORT_INTERVAL_MIN_MS) {
    problems.push(
      `TELEMETRY_EXPORT_INTERVAL: expected 10s or more, as Google Cloud refuses points that come faster; got ${formatDuration(config.TELEMETRY_EXPORT_INTERVAL)}`,
    );
  }
  problems.push(...bigqueryProblems(config));
  if (config.METRICS_SOURCE === 'prometheus' && protocolOf(config.METRICS_PROMETHEUS_URL) === '') {
    problems.push(
      `METRICS_PROMETHEUS_URL: METRICS_SOURCE=prometheus expects a URL, such as http://127.0.0.1:9090; got ${config.METRICS_PROMETHEUS_URL || 'nothing'}`,
    );
  }
  if (config.HIGHWATER_FAULTS === 'allow') {
    for (const name of ['HIGHWATER_HOST', 'METRICS_HOST'] as const) {
      if (!LOOPBACK.includes(config[name])) {
        problems.push(
          `HIGHWATER_FAULTS: allow expects ${name} on loopback, such as 127.0.0.1; got ${config[name]}`,
        );
      }
    }
    if (config.HIGHWATER_WAREHOUSE === 'bigquery') {
      problems.push(
        'HIGHWATER_FAULTS: allow expects HIGHWATER_WAREHOUSE=duckdb: faults are for a laptop, not for Google Cloud; got bigquery',
      );
    }
  }
  for (const [mode, name, example] of [
    ['iap', 'AUTH_IAP_AUDIENCE', '/projects/123/locations/europe-west1/services/highwater'],
    ['oidc', 'AUTH_OIDC_AUDIENCE', 'https://highwater.example.com'],
  ] as const) {
    if (config.AUTH_MODE.includes(mode) && config[name].length === 0) {
      problems.push(
        `${name}: AUTH_MODE=${mode} expects the audience of this service, such as ${example}: tokens for other services must not open this one; got nothing`,
      );
    }
  }
  if (
    config.HIGHWATER_WAREHOUSE === 'bigquery' &&
    config.API_QUERY_TIMEOUT < config.BIGQUERY_QUERY_TIMEOUT
  ) {
    problems.push(
      `API_QUERY_TIMEOUT: expected at least BIGQUERY_QUERY_TIMEOUT (${formatDuration(config.BIGQUERY_QUERY_TIMEOUT)}), which cancels the query; got ${formatDuration(config.API_QUERY_TIMEOUT)}`,
    );
  }
  if (config.INGEST_INTAKE === 'push' && !config.AUTH_MODE.includes('none')) {
    for (const [name, example] of [
      ['AUTH_PUSH_AUDIENCE', 'https://highwater.example.com/push'],
      ['AUTH_PUSH_ACCOUNT', 'push@my-project.iam.gserviceaccount.com'],
    ] as const) {
      if (config[name].length === 0) {
        problems.push(`${name}: INGEST_INTAKE=push expects it, such as ${example}; got nothing`);
      }
    }
  }
  const ports = (['PORT', 'METRICS_PORT', 'PUBSUB_PORT'] as const).filter(
    (name) => config[name] !== 0,
  );
  for (const [index, name] of ports.entries()) {
    const twin = ports.slice(0, index).find((other) => config[other] === config[name]);
    if (twin) problems.push(`${name}: expected a port other than ${twin}'s; got ${config[name]}`);
  }
  return problems;
}

function readEnvFile(path: string): Record<string, string | undefined> {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new AppError('invalid_config', `${path} cannot be read`, { cause: error });
  }
}
