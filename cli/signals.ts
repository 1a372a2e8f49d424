/** Where SLOs and alerts read metrics from, as the configuration says: the local store, a Prometheus, Cloud Monitoring. */
import { join } from 'node:path';
import { systemClock } from '../runtime/index.ts';
import type { Config } from '../runtime/index.ts';
import type { SignalReader } from '../telemetry/index.ts';
import {
  CLOUD_LOOKBACK_MAX_MS,
  cloudSignalReader,
  localSignalReader,
  METRIC_STORE_LIMITS,
  openMetricStore,
  prometheusSignalReader,
  startSampler,
} from '../telemetry/index.ts';
import type { Context } from './process.ts';
import type { ProcessTelemetry } from './telemetry.ts';

/**
 * The reader of signals. With `METRICS_SOURCE=local` it also opens the store in the data folder and samples this process and
 * the targets into it until shutdown.
 */
export function openSignals(context: Context, telemetry: ProcessTelemetry): SignalReader {
  const { config, shutdown } = context;
  const logger = context.logger.child({ component: 'signals' });
  const clock = systemClock;
  if (config.METRICS_SOURCE === 'google') {
    const { GOOGLE_CLOUD_PROJECT: projectId, CLOUD_MONITORING_ENDPOINT: endpoint } = config;
    return cloudSignalReader({ projectId, endpoint, clock, logger });
  }
  if (config.METRICS_SOURCE === 'prometheus') {
    const authorization = config.METRICS_PROMETHEUS_AUTHORIZATION;
    return prometheusSignalReader({
      baseUrl: `${config.METRICS_PROMETHEUS_URL.replace(/\/+$/, '')}/api/v1`,
      ...(authorization ? { authorize: async () => ({ authorization }) } : {}),
      lookbackMaxMs: config.METRICS_PROMETHEUS_LOOKBACK,
      clock,
      logger,
    });
  }
  const path = join(config.HIGHWATER_DATA_DIR, 'metrics.sqlite');
  const file = openMetricStore({ path, logger });
  shutdown.add('metric store', () => file.close());
  const sampler = startSampler({
    store: file.store,
    intervalMs: config.METRICS_SAMPLE_INTERVAL,
    own: {
      instance: `${config.METRICS_HOST}:${telemetry.server.port}`,
      collect: telemetry.families,
    },
    targets: config.METRICS_TARGETS,
    clock,
    logger,
  });
  shutdown.add('metric sampler', () => sampler.close());
  return localSignalReader(file.store);
}

/** How far back the configured source can look. */
export function metricsLookbackMs(config: Config): number {
  if (config.METRICS_SOURCE === 'google') return CLOUD_LOOKBACK_MAX_MS;
  if (config.METRICS_SOURCE === 'prometheus') return config.METRICS_PROMETHEUS_LOOKBACK;
  return METRIC_STORE_LIMITS.retentionMs;
}
