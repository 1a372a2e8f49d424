/** The API over a warehouse of its own: without telemetry, as shipped, or with standard auto-instrumentation. */
import { createRequire } from 'node:module';
import type { Metrics } from '../telemetry/index.ts';

export interface TelemetryApiOptions {
  readonly mode: ApiMode;
  readonly folder: string;
  readonly sinkUrl: string;
  readonly rowCount: number;
  /** Event time of the first row. */
  readonly startMicros: number;
}
export type ApiMode = 'bare' | 'full' | 'auto';

/** Rows are a tenth of a second apart. */
export const ROW_SPACING_MICROS = 100_000;

if (process.send) await serve(JSON.parse(process.argv[2] ?? '{}') as TelemetryApiOptions);

async function serve(options: TelemetryApiOptions): Promise<void> {
  const { mode, sinkUrl, folder, rowCount, startMicros } = options;
  // Instrumentation has to come before what it instruments is loaded.
  if (mode === 'auto') await instrument(sinkUrl);
  const { Scratch } = await import('./scratch.ts');
  const { fillWarehouse, openWarehouse, transactionsStream } = await import('./rig.ts');
  const { openApi } = await import('./reads.ts');
  const { measuredWarehouse } = await import('../cli/index.ts');
  const { systemClock } = await import('../runtime/index.ts');
  const scratch = new Scratch(folder);
  process.once('disconnect', () => {
    scratch.drop();
    process.exit(1);
  });
  let metrics: Metrics | undefined;
  if (mode === 'full') {
    const { openTelemetry } = await import('./telemetry-parts.ts');
    ({ metrics } = await openTelemetry(scratch, 'api', sinkUrl));
  }
  const stream = transactionsStream();
  const warehouse = await openWarehouse(scratch, [stream]);
  const timeOf = (n: number) => Math.round(startMicros + n * ROW_SPACING_MICROS);
  await fillWarehouse(warehouse, stream, { from: 0, to: rowCount }, timeOf, () => undefined);
  const measured = metrics
    ? measuredWarehouse(warehouse, { metrics, clock: systemClock })
    : warehouse;
  process.send?.(await openApi(scratch, stream, measured, metrics));
}

/** As OpenTelemetry's guide for Node.js has it: its own sampler, batches and intervals. */
async function instrument(sinkUrl: string): Promise<void> {
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = sinkUrl;
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const { HttpInstrumentation } = await import('@opentelemetry/instrumentation-http');
  const { ExpressInstrumentation } = await import('@opentelemetry/instrumentation-express');
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
  const { PeriodicExportingMetricReader } = await import('@opentelemetry/sdk-metrics');
  const exporter = new OTLPMetricExporter();
  new NodeSDK({
    serviceName: 'bench',
    instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation()],
    traceExporter: new OTLPTraceExporter(),
    metricReaders: [new PeriodicExportingMetricReader({ exporter })],
  }).start();
  // The hooks are on `require`; what is patched there is the same module that an import gives.
  const load = createRequire(import.meta.url);
  load('node:http');
  load('express');
}
