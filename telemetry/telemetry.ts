/** Starts OpenTelemetry for a process, as configured, and gives it its metrics; traces go by the API from then on. */
import { metrics as globalMetrics } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import { messageOf } from '../runtime/index.ts';
import type { Clock, Logger } from '../runtime/index.ts';
import { ExportReader } from './export-reader.ts';
import { ExportReport } from './export-report.ts';
import { openExporters } from './exporters.ts';
import type { ExporterOptions, Exporters } from './exporters.ts';
import type { KeptTrace } from './kept-trace.ts';
import { KeptTraces } from './kept-traces.ts';
import { createMetrics } from './metrics.ts';
import type { Metrics } from './metrics.ts';
import { processMetrics } from './process-metrics.ts';
import { openResource } from './resource.ts';
import type { ResourceOptions } from './resource.ts';
import { metricViews, SampleReader } from './sample-reader.ts';
import type { MetricFamily, Sample } from './sample.ts';
import type { SpanOutcome } from './trace-keeper.ts';
import { TraceKeeper } from './trace-keeper.ts';
import { ShareSampler } from './trace-sampler.ts';

export interface TelemetryOptions
  extends ResourceOptions, Pick<ExporterOptions, 'googleEndpoint' | 'loadLegacy'> {
  readonly exportIntervalMs: number;
  readonly traceRatio: number;
  readonly traceSlowMs: number;
  /** Traces that this process keeps to be shown; 0 keeps none, and spares spans where nothing is exported either. */
  readonly tracesKeptMax: number;
}

export interface Telemetry {
  readonly metrics: Metrics;
  /** The service's own metrics, then the process's. */
  readonly families: () => Promise<readonly MetricFamily[]>;
  /** The same as single samples, for the local metric store. */
  readonly samples: () => Promise<readonly Sample[]>;
  /** A trace that was kept, while it is among the newest. */
  readonly trace: (traceId: string) => KeptTrace | undefined;
  /** Exports what is left, within 3 s; what a receiver has not taken by then is lost. */
  close(): Promise<void>;
}

/** Of the 10 s between SIGTERM and SIGKILL on Cloud Run, after ingest has drained. */
const CLOSE_TIMEOUT_MS = 3_000;
const EXPORT_TIMEOUT_MS = 5_000;
/** Spans: four batches of the exporter's default wait at most, about 4 MB. */
const SPANS_QUEUED_MAX = 2_048;
const SPANS_EXPORTED_MAX = 512;
const SPANS_WAIT_MS = 5_000;

/**
 * To be called before the first Pub/Sub client is made, once a process.
 * @throws AppError `invalid_config` where the chosen exporter cannot work
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { logger, clock } = options;
  const report = new ExportReport(logger);
  report.listen();
  const resource = await openResource(options);
  const exporters = await openExporters({ ...options, report });
  const reader = new SampleReader();
  const spans: { count: (outcome: SpanOutcome, count: number) => void } = {
    count: () => undefined,
  };
  const readers = exportReaders(exporters, options.exportIntervalMs, reader);
  const kept = openKept(exporters, options);
  const processors = keepers(kept, options.traceSlowMs, (...each) => spans.count(...each));
  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    instrumentations: [],
    metricReaders: [reader, ...readers],
    views: metricViews(),
    sampler: new ShareSampler(options.traceRatio),
    spanProcessors: processors,
    logRecordProcessors: [],
    textMapPropagator: null,
  });
  sdk.start();
  const provider = reader.isBound
    ? globalMetrics.getMeterProvider()
    : // OTEL_SDK_DISABLED turns exports off; what the service knows of itself stays.
      new MeterProvider({ resource, readers: [reader], views: metricViews() });
  const metrics = createMetrics(provider.getMeter('highwater', options.version), reader, clock);
  report.countIn(metrics);
  const outcomes = {
    sampled: metrics.counter('telemetry_spans_total', { outcome: 'sampled' }),
    kept: metrics.counter('telemetry_spans_total', { outcome: 'kept' }),
    left: metrics.counter('telemetry_spans_total', { outcome: 'left' }),
    dropped: metrics.counter('telemetry_spans_total', { outcome: 'dropped' }),
  };
  spans.count = (outcome, count) => outcomes[outcome].add(count);
  metrics.observe('highwater_build_info', () => [
    { labels: { part: options.part, version: options.version }, value: 1 },
  ]);
  const ofProcess = processMetrics();
  const families = async () => [...(await metrics.families()), ...(await ofProcess())];
  return {
    metrics,
    families,
    samples: async () => (await families()).flatMap((family) => family.samples),
    trace: (traceId) => (kept instanceof KeptTraces ? kept.get(traceId) : undefined),
    close: () => closeWithin(reader.isBound ? [...readers, ...processors] : [], clock, logger),
  };
}

function exportReaders({ metrics }: Exporters, intervalMs: number, beside: SampleReader) {
  return metrics ? [new ExportReader({ exporter: metrics, intervalMs, beside })] : [];
}

/** What gets the traces that are kept: an exporter, our own memory, one before the other, or nothing. */
function openKept(
  { traces }: Exporters,
  { traceSlowMs: slowMs, tracesKeptMax: tracesMax }: TelemetryOptions,
): SpanProcessor | undefined {
  const next =
    traces &&
    new BatchSpanProcessor({
      exporter: traces,
      maxQueueSize: SPANS_QUEUED_MAX,
      maxExportBatchSize: SPANS_EXPORTED_MAX,
      scheduledDelayMillis: SPANS_WAIT_MS,
      exportTimeoutMillis: EXPORT_TIMEOUT_MS,
    });
  return tracesMax > 0 ? new KeptTraces({ next, slowMs, tracesMax }) : next;
}

function keepers(
  next: SpanProcessor | undefined,
  slowMs: number,
  count: (outcome: SpanOutcome, count: number) => void,
) {
  return next ? [new TraceKeeper({ next, slowMs, count })] : [];
}

/** Each by itself: the SDK's own shutdown ends with the first that fails, and the process with it. */
async function closeWithin(
  parts: readonly { shutdown(): Promise<void> }[],
  clock: Clock,
  logger: Logger,
): Promise<void> {
  const stop = new AbortController();
  const timeout = clock.sleep(CLOSE_TIMEOUT_MS, stop.signal).then(() => 'timeout' as const);
  const closed = Promise.allSettled(parts.map((part) => part.shutdown()));
  const outcome = await Promise.race([closed, timeout]);
  stop.abort();
  if (outcome === 'timeout') {
    logger.warn('telemetry_flush_timed_out', { timeoutMs: CLOSE_TIMEOUT_MS });
    return;
  }
  for (const each of outcome) {
    if (each.status === 'rejected') {
      logger.warn('telemetry_flush_failed', { reason: messageOf(each.reason) });
    }
  }
}
