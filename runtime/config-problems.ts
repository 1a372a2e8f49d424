/** Settings that are well by themselves and wrong together. */
import { alertProblems } from './alert-settings.ts';
import type { Config } from './config.ts';
import { bigqueryProblems } from './config-bigquery.ts';
import { formatDuration } from './duration.ts';
import { LOOPBACK_HOSTS, protocolOf } from './setting.ts';

/** Source: Cloud Monitoring refuses points of a series that come within 5 s; two intervals of slack. */
const EXPORT_INTERVAL_MIN_MS = 10_000;

export function configProblems(config: Config): string[] {
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
      if (!LOOPBACK_HOSTS.includes(config[name])) {
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
