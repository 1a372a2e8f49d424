/** Telemetry of a process as the configuration says: OpenTelemetry, the internal port, faults, logs with trace ids. */
import type { Clock } from '../runtime/index.ts';
import { systemClock } from '../runtime/index.ts';
import type { MetricsServer, Telemetry } from '../telemetry/index.ts';
import {
  CANARY_STREAM,
  Faults,
  faultsRoute,
  startCanary,
  startMetricsServer,
  startTelemetry,
} from '../telemetry/index.ts';
import { randomUUID } from 'node:crypto';
import type { Context } from './process.ts';

/** Parts that evaluate alerts and have a console. */
const SHOWS_TRACES: readonly string[] = ['highwater', 'api'];

/** What the parts of a process are given. */
export interface ProcessTelemetry extends Telemetry {
  readonly server: MetricsServer;
  /** Absent where injecting is not allowed. */
  readonly faults?: Faults;
}

/** Started before everything else, so that its close is the last and exports what closing left behind. */
export async function openTelemetry(context: Context, part: string): Promise<ProcessTelemetry> {
  const { config, shutdown, version } = context;
  const logger = context.logger.child({ component: 'telemetry' });
  const clock: Clock = systemClock;
  const telemetry = await startTelemetry({
    part,
    version,
    exporter: config.TELEMETRY_EXPORTER,
    googleEndpoint: config.TELEMETRY_GOOGLE_ENDPOINT,
    projectId: config.GOOGLE_CLOUD_PROJECT,
    region: config.TELEMETRY_REGION,
    instance: config.TELEMETRY_INSTANCE,
    ...(config.CLOUD_RUN_WORKER_POOL === ''
      ? {}
      : {
          workerPool: {
            name: config.CLOUD_RUN_WORKER_POOL,
            revision: config.CLOUD_RUN_WORKER_POOL_REVISION,
          },
        }),
    exportIntervalMs: config.TELEMETRY_EXPORT_INTERVAL,
    traceRatio: config.TRACE_RATIO,
    traceSlowMs: config.TRACE_SLOW,
    // Where alerts are evaluated: pages lead to a trace.
    tracesKeptMax: SHOWS_TRACES.includes(part) ? config.TRACES_KEPT : 0,
    clock,
    logger,
  });
  shutdown.add('telemetry', () => telemetry.close());
  const faults =
    config.HIGHWATER_FAULTS === 'allow'
      ? new Faults({ clock, logger, metrics: telemetry.metrics })
      : undefined;
  if (faults) {
    logger.warn('faults_allowed', { message: 'Faults may be injected: HIGHWATER_FAULTS=allow' });
  }
  const server = await startMetricsServer({
    host: config.METRICS_HOST,
    port: config.METRICS_PORT,
    families: telemetry.families,
    ...(faults ? { routes: { '/faults': faultsRoute(faults) } } : {}),
    logger,
  });
  shutdown.add('metrics', () => server.close());
  return { ...telemetry, server, ...(faults ? { faults } : {}) };
}

/** Starts the canary against the API at `url`, where its stream is defined and it is not turned off. */
export function openCanary(context: Context, { metrics }: Telemetry, url: string): void {
  const { config, streams, shutdown } = context;
  if (config.CANARY_INTERVAL === 0) return;
  const logger = context.logger.child({ component: 'canary' });
  if (!streams.some(({ name }) => name === CANARY_STREAM)) {
    logger.warn('canary_off', {
      message: `No stream ${CANARY_STREAM} is defined; the canary is off`,
    });
    return;
  }
  const canary = startCanary({
    url,
    token: config.CANARY_TOKEN,
    intervalMs: config.CANARY_INTERVAL,
    instance: randomUUID().slice(0, 8),
    metrics,
    clock: systemClock,
    logger,
  });
  shutdown.add('canary', () => canary.close());
}
