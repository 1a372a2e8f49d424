import test from 'ava';
import { isAppError, loadConfig, printConfig, SETTINGS } from '../../runtime/index.ts';

const NO_FILE = '/nonexistent/.env';

test('with nothing set, every setting has its default', (t) => {
  const config = loadConfig({}, NO_FILE);
  t.is(config.PORT, 8080);
  t.is(config.PUBSUB_PORT, 8085);
  t.is(config.GOOGLE_CLOUD_PROJECT, 'highwater-local');
  t.is(config.HIGHWATER_WAREHOUSE, 'duckdb');
  t.is(config.INGEST_BATCH_WAIT, 200);
  t.is(config.SHUTDOWN_DEADLINE, 10_000);
});

test('all problems are named at once, each with what was got and what would pass', (t) => {
  const environment = {
    PORT: '99999',
    HIGHWATER_WAREHOUSE: 'oracle',
    INGEST_BATCH_WAIT: 'soon',
    SLO_INTERVAL: '0s',
    METRICS_SAMPLE_INTERVAL: '61s',
  };
  const error = t.throws(() => loadConfig(environment, NO_FILE));
  t.true(isAppError(error, 'invalid_config'));
  t.regex(error.message, /PORT: expected a whole number from 0 to 65535, such as 8080; got 99999/);
  t.regex(error.message, /HIGHWATER_WAREHOUSE: expected one of duckdb, bigquery; got oracle/);
  t.regex(error.message, /INGEST_BATCH_WAIT: expected a duration such as 200ms; got soon/);
  t.regex(error.message, /SLO_INTERVAL: expected a duration from 1s to 5m, such as 15s; got 0s/);
  t.regex(
    error.message,
    /METRICS_SAMPLE_INTERVAL: expected a duration from 1s to 1m, such as 10s; got 61s/,
  );
});

test('settings that contradict each other are refused as a pair', (t) => {
  const samePort = t.throws(() => loadConfig({ PORT: '9464' }, NO_FILE));
  t.regex(samePort.message, /METRICS_PORT: expected a port other than PORT's; got 9464/);
  const starved = t.throws(() =>
    loadConfig({ INGEST_BATCH_ROWS_MAX: '5000', INGEST_MESSAGES_IN_FLIGHT_MAX: '6000' }, NO_FILE),
  );
  t.regex(starved.message, /at least twice INGEST_BATCH_ROWS_MAX \(10000\).*got 6000/);
});

const redis = (environment: Record<string, string>) =>
  loadConfig({ ANSWER_CACHE: 'redis', ...environment }, NO_FILE);

test('a token for Redis goes over TLS alone, and an authority is said in PEM beside it', (t) => {
  const problem = (environment: Record<string, string>) =>
    t.throws(() => redis(environment), { code: 'invalid_config' }).message;
  const google = { ANSWER_CACHE_REDIS_AUTH: 'google' };
  t.regex(problem({}), /ANSWER_CACHE_REDIS_URL: .*such as redis:.*got nothing/);
  for (const url of ['redis://10.80.0.3:6379', 'rediss://:password@10.80.0.3:6379']) {
    t.regex(problem({ ...google, ANSWER_CACHE_REDIS_URL: url }), /REDIS_AUTH: .*rediss:/);
  }
  const authority = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----';
  const tls = { ANSWER_CACHE_REDIS_URL: 'rediss://10.80.0.3:6379' };
  t.regex(problem({ ...tls, ANSWER_CACHE_REDIS_CA: '/ca.pem' }), /REDIS_CA: .*PEM/);
  t.is(redis({ ...tls, ...google, ANSWER_CACHE_REDIS_CA: authority }).ANSWER_CACHE, 'redis');
});

test('identity names the service whose tokens it takes, by keys that come safely', (t) => {
  const problem = (environment: Record<string, string>) =>
    t.throws(() => loadConfig(environment, NO_FILE), { code: 'invalid_config' }).message;
  t.regex(problem({ AUTH_MODE: 'iap' }), /AUTH_IAP_AUDIENCE: .* got nothing/);
  t.regex(problem({ AUTH_MODE: 'api-key,oidc' }), /AUTH_OIDC_AUDIENCE: .* got nothing/);
  for (const mode of ['none,iap', 'iap,none', 'iap,iap', 'none,none', 'basic', ',']) {
    t.regex(problem({ AUTH_MODE: mode }), /AUTH_MODE: expected none alone/, mode);
  }
  t.regex(problem({ AUTH_IAP_AUDIENCE: 'highwater' }), /AUTH_IAP_AUDIENCE: .* got highwater/);
  t.regex(problem({ AUTH_OIDC_KEYS_URL: 'http://keys.example.com' }), /expected an https URL/);
  t.regex(problem({ AUTH_READERS: 'ann' }), /AUTH_READERS: .* got ann/);
  const config = loadConfig(
    {
      AUTH_MODE: 'iap, api-key',
      AUTH_IAP_AUDIENCE: '/projects/1/global/backendServices/2',
      AUTH_READERS: '*@example.com, ann@example.org,*',
    },
    NO_FILE,
  );
  t.deepEqual(config.AUTH_MODE, ['iap', 'api-key']);
  t.deepEqual(config.AUTH_READERS, ['*@example.com', 'ann@example.org', '*']);
});

test('secrets are hidden when the settings are printed', (t) => {
  const printed = printConfig(loadConfig({ FLIGHTS_API_KEY: 'abc123' }, NO_FILE));
  t.false(printed.includes('abc123'));
  t.true(printed.includes('FLIGHTS_API_KEY=(hidden)'));
  t.is(printed.split('\n').length, Object.keys(SETTINGS).length);
});

test('the credentials of a URL are hidden when the settings are printed', (t) => {
  const printed = printConfig(
    loadConfig(
      {
        TELEMETRY_GOOGLE_ENDPOINT: 'https://ann:s3cret@proxy.test/base',
        METRICS_TARGETS: 'http://ann:s3cret@a.test/metrics,http://b.test/metrics',
      },
      NO_FILE,
    ),
  );
  t.false(printed.includes('s3cret'));
  t.regex(printed, /^TELEMETRY_GOOGLE_ENDPOINT=https:\/\/\(hidden\)@proxy\.test\/base$/m);
  t.regex(
    printed,
    /^METRICS_TARGETS=http:\/\/\(hidden\)@a\.test\/metrics,http:\/\/b\.test\/metrics$/m,
  );
});
