/** Signals read from any Prometheus HTTP API, Cloud Monitoring's too, by their compiled PromQL. */
import { AppError, messageOf } from '../runtime/index.ts';
import type { Clock, Logger } from '../runtime/index.ts';
import { eachOf } from './bounded-work.ts';
import { metricSpec } from './catalogue.ts';
import { googleCredentials, MONITORING_READ } from './google-credentials.ts';
import { PrometheusApi } from './prometheus-api.ts';
import type { PrometheusApiOptions, VectorElement } from './prometheus-api.ts';
import { instantsOf } from './signal-reader-local.ts';
import type { Signal, SignalReader } from './signal.ts';
import { toPromQL } from './to-promql.ts';

/** Queries asked at once. */
const CONCURRENCY_MAX = 8;
/** Instants asked for are whole seconds, so that equal questions are equal texts to caches on the way. */
const INSTANT_STEP_MS = 1_000;

export interface PrometheusReaderOptions extends PrometheusApiOptions {
  readonly lookbackMaxMs: number;
  /** How long ago the newest sample of a metric can be asked for; signals on it are asked at that much earlier. */
  readonly delayMsOf?: (metric: string) => number;
}

/**
 * Each answer of a call is of the same instant, whole seconds, but for signals on metrics with a delay: those look at the time
 * before it. Equal questions of a call are asked once.
 */
export function prometheusSignalReader(options: PrometheusReaderOptions): SignalReader {
  const api = new PrometheusApi(options);
  const delayMs = (signal: Signal) =>
    Math.max(...metricsOf(signal).map((metric) => options.delayMsOf?.(metric) ?? 0));
  return {
    lookbackMaxMs: options.lookbackMaxMs,
    async read(signals, atMs) {
      const instantMs = Math.floor(atMs / INSTANT_STEP_MS) * INSTANT_STEP_MS;
      const questions = signals.map((signal) => ({
        query: toPromQL(signal),
        atMs: instantMs - delayMs(signal),
      }));
      const distinct = [...new Map(questions.map((each) => [keyOf(each), each])).entries()];
      const answers = new Map<string, readonly VectorElement[]>();
      await eachOf(distinct, CONCURRENCY_MAX, async ([key, { query, atMs: at }]) => {
        answers.set(key, await api.query(query, at));
      });
      return questions.map((question) => answers.get(keyOf(question)) ?? []);
    },
    async readRange(signal, instants) {
      instantsOf(instants);
      const shiftMs = delayMs(signal);
      const { fromMs, toMs, stepMs } = instants;
      const ranges = await api.queryRange(toPromQL(signal), {
        fromMs: fromMs - shiftMs,
        toMs: toMs - shiftMs,
        stepMs,
      });
      return ranges.map(({ labels, points }) => ({
        labels,
        points: points.map(({ atMs, value }) => ({ atMs: atMs + shiftMs, value })),
      }));
    },
  };
}

export interface CloudReaderOptions {
  readonly projectId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `https://monitoring.googleapis.com`. */
  readonly endpoint: string;
}

/** Cloud Monitoring keeps metrics of users for 24 months. Source: Cloud Monitoring, data retention. */
export const CLOUD_LOOKBACK_MAX_MS = 720 * 86_400_000;

/** The Prometheus API of Cloud Monitoring, with the application default credentials. */
export function cloudSignalReader(options: CloudReaderOptions): SignalReader {
  const { projectId, clock, logger, endpoint } = options;
  const authorize = googleCredentials(MONITORING_READ, clock);
  return prometheusSignalReader({
    baseUrl: `${endpoint.replace(/\/+$/, '')}/v1/projects/${projectId}/location/global/prometheus/api/v1`,
    authorize: async (refused) => {
      try {
        return await authorize(refused);
      } catch (error) {
        throw new AppError(
          'metrics_unavailable',
          'Cloud Monitoring cannot be asked without credentials: run gcloud auth application-default login, or give the service account roles/monitoring.viewer',
          { detail: { reason: messageOf(error).slice(0, 200) } },
        );
      }
    },
    lookbackMaxMs: CLOUD_LOOKBACK_MAX_MS,
    delayMsOf: (metric) => metricSpec(metric)?.cloudDelayMs ?? 0,
    clock,
    logger,
  });
}

/** Names of the metrics that a signal is about. */
export function metricsOf(signal: Signal): readonly string[] {
  switch (signal.kind) {
    case 'rate':
    case 'increase':
      return [signal.counter.metric];
    case 'ratio':
      return [signal.part.metric, signal.whole.metric];
    case 'mean':
    case 'quantile':
    case 'countAtOrBelow':
    case 'shareAtOrBelow':
      return [signal.histogram.metric];
    case 'goodSlices':
    case 'validSlices':
      return [signal.gauge.metric, ...(signal.presence ? [signal.presence.metric] : [])];
    case 'max':
    case 'last':
    case 'sum':
      break;
  }
  return [signal.gauge.metric];
}

function keyOf({ query, atMs }: { readonly query: string; readonly atMs: number }): string {
  return `${atMs} ${query}`;
}
