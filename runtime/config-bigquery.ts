/** What must hold between the settings of BigQuery and of the cache before it. */
import type { Config } from './config.ts';
import { isHttpUrl } from './setting.ts';

/** One sentence a problem, that starts with the setting. */
export function bigqueryProblems(config: Config): string[] {
  const problems: string[] = [];
  if (!/^\w{1,1024}$/.test(config.BIGQUERY_DATASET)) {
    problems.push(
      `BIGQUERY_DATASET: expected letters, digits and underscores, such as highwater; got ${config.BIGQUERY_DATASET}`,
    );
  }
  const { BIGQUERY_EMULATOR_HOST: rest, BIGQUERY_STORAGE_EMULATOR_HOST: storage } = config;
  if (rest !== '' && !isHttpUrl(rest)) {
    problems.push(
      `BIGQUERY_EMULATOR_HOST: expected a URL, such as http://127.0.0.1:9050; got ${rest}`,
    );
  }
  if (storage !== '' && !/^[\w.-]+:\d+$/.test(storage)) {
    problems.push(
      `BIGQUERY_STORAGE_EMULATOR_HOST: expected host and port, such as 127.0.0.1:9060; got ${storage}`,
    );
  }
  if (rest !== '' && storage === '' && config.BIGQUERY_WRITER === 'storage') {
    problems.push(
      'BIGQUERY_STORAGE_EMULATOR_HOST: expected with BIGQUERY_EMULATOR_HOST, such as 127.0.0.1:9060, or BIGQUERY_WRITER=insert; got nothing',
    );
  }
  const { ANSWER_CACHE_REDIS_URL: redis } = config;
  if (config.ANSWER_CACHE === 'redis' && !/^rediss?:\/\/./.test(redis)) {
    problems.push(
      `ANSWER_CACHE_REDIS_URL: ANSWER_CACHE=redis expects a URL, such as redis://127.0.0.1:6379; got ${redis === '' ? 'nothing' : 'another text'}`,
    );
  }
  if (config.ANSWER_CACHE === 'redis') problems.push(...tlsProblems(config));
  return problems;
}

/** What is said to a Redis over TLS alone. */
function tlsProblems(config: Config): string[] {
  const { ANSWER_CACHE_REDIS_AUTH: auth, ANSWER_CACHE_REDIS_CA: authority } = config;
  const problems: string[] = [];
  const isTls = config.ANSWER_CACHE_REDIS_URL.startsWith('rediss://');
  if (auth === 'google' && (!isTls || /@/.test(config.ANSWER_CACHE_REDIS_URL))) {
    problems.push(
      'ANSWER_CACHE_REDIS_AUTH: google expects a URL over TLS and without a password, such as rediss://10.80.0.3:6379, so that no token goes in the clear',
    );
  }
  if (authority !== '' && (!isTls || !authority.includes('-----BEGIN CERTIFICATE-----'))) {
    problems.push(
      'ANSWER_CACHE_REDIS_CA: expected certificates in PEM (-----BEGIN CERTIFICATE-----) beside a URL over TLS, such as rediss://10.80.0.3:6379',
    );
  }
  return problems;
}
