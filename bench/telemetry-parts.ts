/** Telemetry as the service starts it, in a process of a benchmark: exported to `sinkUrl` as often as a setting allows. */
import { join } from 'node:path';
import { systemClock } from '../runtime/index.ts';
import { openMetricStore, startSampler, startTelemetry } from '../telemetry/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import { benchLogger, SHIPPED } from './rig.ts';
import type { Scratch } from './scratch.ts';

/** The shortest that TELEMETRY_EXPORT_INTERVAL takes; the shipped minute would spare some rounds their export. */
const EXPORT_INTERVAL_MS = 10_000;

/** Metrics, traces with the shipped sampling, and the local store sampled as `start` does. */
export async function openTelemetry(
  scratch: Scratch,
  part: string,
  sinkUrl: string,
): Promise<Telemetry> {
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = sinkUrl;
  const telemetry = await startTelemetry({
    part,
    version: 'bench',
    exporter: 'otlp',
    googleEndpoint: SHIPPED.TELEMETRY_GOOGLE_ENDPOINT,
    projectId: SHIPPED.GOOGLE_CLOUD_PROJECT,
    region: '',
    instance: '',
    exportIntervalMs: EXPORT_INTERVAL_MS,
    traceRatio: SHIPPED.TRACE_RATIO,
    traceSlowMs: SHIPPED.TRACE_SLOW,
    tracesKeptMax: SHIPPED.TRACES_KEPT,
    clock: systemClock,
    logger: benchLogger,
  });
  scratch.defer(() => telemetry.close());
  const path = join(scratch.folder(), 'metrics.sqlite');
  const file = openMetricStore({ path, logger: benchLogger });
  scratch.defer(() => file.close());
  const sampler = startSampler({
    store: file.store,
    intervalMs: SHIPPED.METRICS_SAMPLE_INTERVAL,
    own: { instance: 'bench', collect: telemetry.families },
    targets: [],
    clock: systemClock,
    logger: benchLogger,
  });
  scratch.defer(() => sampler.close());
  return telemetry;
}
