/** Collects at an interval and exports in batches, beside the reader of `/metrics`. */
import type { CollectionResult, PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { AggregationTemporality, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { SampleReader } from './sample-reader.ts';
import { gaugesWhileRead } from './temporality.ts';

/** Source: the Telemetry API takes 200 points in a request; smaller batches cost requests alone. */
const POINTS_MAX = 200;
const EXPORT_TIMEOUT_MS = 5_000;

export class ExportReader extends PeriodicExportingMetricReader {
  readonly #beside: SampleReader;

  constructor(options: {
    readonly exporter: PushMetricExporter;
    readonly intervalMs: number;
    readonly beside: SampleReader;
  }) {
    const { exporter, intervalMs, beside } = options;
    super({
      exporter,
      exportIntervalMillis: intervalMs,
      exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      maxExportBatchSize: POINTS_MAX,
    });
    this.#beside = beside;
    this.selectAggregationTemporality = gaugesWhileRead(
      (type) => exporter.selectAggregationTemporality?.(type) ?? AggregationTemporality.CUMULATIVE,
    );
  }

  /**
   * The SDK keeps what was collected for every other reader until that one asks, without a limit; a process that nobody scrapes
   * would grow with each export.
   */
  override async collect(
    ...options: Parameters<PeriodicExportingMetricReader['collect']>
  ): Promise<CollectionResult> {
    const collected = await super.collect(...options);
    await this.#beside.drain();
    return collected;
  }
}
