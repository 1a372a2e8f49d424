/** A model of the service: minute by minute the metrics that it would show, as samples in a store. */
import type { Random } from '../../../runtime/index.ts';
import { CATALOGUE, MetricStore } from '../../../telemetry/index.ts';
import type { Labels, Series } from '../../../telemetry/index.ts';
import type { Conditions } from './conditions.ts';
import { USUAL } from './conditions.ts';

/** A stream, and the subscription that its backlog is measured at. */
export interface ModelStream {
  readonly name: string;
  readonly subscription: string;
}

const MINUTE_MS = 60_000;
const REQUESTS = 'http_server_request_duration_seconds';
const BACKLOG_AGE = 'pubsub_googleapis_com:subscription_oldest_unacked_message_age';
const CANARIES_PER_MINUTE = 4;
/** A usual request takes about so long: the mean and the spread of the logarithm of its seconds. */
const USUAL_SECONDS = { logMean: Math.log(0.04), logSpread: 0.5 };
/** Messages of a stream in a usual minute. */
const MESSAGES_PER_MINUTE = 300;
/** Backlog age in seconds while all is well. */
const CALM_AGE_SECONDS = 2;

/** Names of the metrics that the model has; policies on others are not judged by it. */
export const MODEL_METRICS: readonly string[] = [
  REQUESTS,
  BACKLOG_AGE,
  'canary_age_seconds',
  'canary_probes_total',
  'ingest_messages_total',
  'highwater_build_info',
  'evaluations_total',
  'up',
];

export class ModelService {
  readonly store = new MetricStore();
  readonly #random: Random;
  readonly #streams: readonly ModelStream[];
  readonly #series = new Map<string, Series>();
  readonly #sums = new Map<Series, number>();
  #stalledSeconds = 0;
  #canaryAgeSeconds = 0;

  constructor(streams: readonly ModelStream[], random: Random) {
    this.#streams = streams;
    this.#random = random;
  }

  /** The samples at `atMs`, the end of a minute under these conditions. */
  step(atMs: number, conditions: Conditions): void {
    this.#requests(atMs, conditions);
    const { isIngesting, isCanaryReadable, quarantinedCount } = conditions;
    this.#stalledSeconds = isIngesting ? 0 : this.#stalledSeconds + 60;
    this.#canaryAgeSeconds = isCanaryReadable ? 15 : this.#canaryAgeSeconds + 60;
    for (const { name, subscription } of this.#streams) {
      const age = CALM_AGE_SECONDS * this.#random.next() + this.#stalledSeconds;
      this.#gauge(BACKLOG_AGE, { subscription_id: subscription }, atMs, age);
      const committed = isIngesting ? MESSAGES_PER_MINUTE : 0;
      this.#rise('ingest_messages_total', { stream: name, outcome: 'committed' }, atMs, committed);
      const refused = name === this.#streams[0]?.name ? quarantinedCount : 0;
      this.#rise('ingest_messages_total', { stream: name, outcome: 'quarantined' }, atMs, refused);
    }
    this.#gauge('canary_age_seconds', {}, atMs, this.#canaryAgeSeconds);
    const [readBack, lost] = isCanaryReadable ? [CANARIES_PER_MINUTE, 0] : [0, CANARIES_PER_MINUTE];
    this.#rise('canary_probes_total', { outcome: 'read_back' }, atMs, readBack);
    this.#rise('canary_probes_total', { outcome: 'timed_out' }, atMs, lost);
    for (const evaluator of ['slo', 'alerts']) {
      this.#rise('evaluations_total', { evaluator, outcome: 'succeeded' }, atMs, 2);
    }
    this.#gauge('highwater_build_info', { part: 'highwater', version: 'model' }, atMs, 1);
    this.#gauge('up', { job: 'highwater', instance: 'model' }, atMs, 1);
  }

  #requests(atMs: number, { requestCount, errorRatio, slowRatio, slowSeconds }: Conditions): void {
    const valid = this.#whole(requestCount);
    const failed = Math.min(valid, this.#share(valid, errorRatio));
    const slow = this.#share(valid - failed, slowRatio);
    const labels = { http_request_method: 'GET', http_route: '/v1/streams/:stream/events' };
    this.#observe(atMs, { ...labels, http_response_status_code: '500' }, failed, 0, 0);
    this.#observe(
      atMs,
      { ...labels, http_response_status_code: '200' },
      valid - failed,
      slow,
      slowSeconds,
    );
    const probe = { http_request_method: 'GET', http_route: '/readyz' };
    this.#observe(atMs, { ...probe, http_response_status_code: '200' }, 6, 0, 0);
  }

  /** `count` requests, `slow` of them of `slowSeconds`, the others as usual. */
  #observe(atMs: number, labels: Labels, count: number, slow: number, slowSeconds: number): void {
    const { bounds } = CATALOGUE[REQUESTS];
    const usual = count - slow;
    for (const bound of [...bounds, Number.POSITIVE_INFINITY]) {
      const below = Math.round(usual * usualShareUpTo(bound)) + (slowSeconds <= bound ? slow : 0);
      const le = bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound);
      this.#rise(`${REQUESTS}_bucket`, { ...labels, le }, atMs, below);
    }
    this.#rise(`${REQUESTS}_count`, labels, atMs, count);
    this.#rise(`${REQUESTS}_sum`, labels, atMs, usual * USUAL_MEAN_SECONDS + slow * slowSeconds);
  }

  /** About `count · ratio`, as chance has it: normal above a few, single events below. */
  #share(count: number, ratio: number): number {
    const mean = count * ratio;
    if (mean > 20) {
      const spread = Math.sqrt(mean * (1 - ratio));
      return Math.min(count, Math.max(0, Math.round(mean + spread * this.#random.normal())));
    }
    return Math.min(count, this.#whole(mean));
  }

  /** A whole number whose mean is `mean`. */
  #whole(mean: number): number {
    return Math.floor(mean) + (this.#random.next() < mean % 1 ? 1 : 0);
  }

  #gauge(name: string, labels: Labels, atMs: number, value: number): void {
    this.store.replay(this.#open(name, labels, 'gauge'), atMs, value);
  }

  #rise(name: string, labels: Labels, atMs: number, amount: number): void {
    const series = this.#open(name, labels, 'counter');
    const sum = (this.#sums.get(series) ?? 0) + amount;
    this.#sums.set(series, sum);
    this.store.replay(series, atMs, sum);
  }

  #open(name: string, labels: Labels, kind: Series['kind']): Series {
    const key = `${name}\n${Object.values(labels).join('\n')}`;
    const known = this.#series.get(key);
    if (known) return known;
    const series = this.store.openSeries(name, labels, kind);
    if (series) {
      this.#series.set(key, series);
      return series;
    }
    throw new Error(`the model has more series than a store takes: ${name}`);
  }
}

/** Mean of a log-normal: exp(mean + spread² / 2). */
const USUAL_MEAN_SECONDS = Math.exp(USUAL_SECONDS.logMean + USUAL_SECONDS.logSpread ** 2 / 2);

/** Share of usual requests that takes at most `seconds`: the logistic curve near the log-normal's. */
function usualShareUpTo(seconds: number): number {
  const { logMean, logSpread } = USUAL_SECONDS;
  if (seconds === Number.POSITIVE_INFINITY) return 1;
  return 1 / (1 + Math.exp((-1.702 * (Math.log(seconds) - logMean)) / logSpread));
}

/** A store of `minuteCount` minutes from `fromMs`, each with the conditions that `conditionsOf` gives. */
export function modelHistory(
  streams: readonly ModelStream[],
  random: Random,
  { fromMs, minuteCount }: { readonly fromMs: number; readonly minuteCount: number },
  conditionsOf: (atMs: number) => Conditions,
): MetricStore {
  const model = new ModelService(streams, random);
  model.step(fromMs, { ...USUAL, requestCount: 0 });
  for (let minute = 1; minute <= minuteCount; minute++) {
    const atMs = fromMs + minute * MINUTE_MS;
    model.step(atMs, conditionsOf(atMs));
  }
  return model.store;
}
