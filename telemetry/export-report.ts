/** How exports end, counted and logged: OpenTelemetry itself only says it to its diagnostics. */
import { diag, DiagLogLevel } from '@opentelemetry/api';
import type { ExportResult } from '@opentelemetry/core';
import { ExportResultCode } from '@opentelemetry/core';
import type { Logger } from '../runtime/index.ts';
import { messageOf } from '../runtime/index.ts';
import type { Metrics } from './metrics.ts';

export type ExportSignal = 'metrics' | 'traces';

/** What OTLP's partial success says was refused. Source: opentelemetry-proto, ExportMetricsPartialSuccess and -Trace-. */
const REFUSED_ITEMS = { metrics: 'rejectedDataPoints', traces: 'rejectedSpans' } as const;
/** The deprecated exporter leaves a metric out when its descriptor is refused, and calls the export a success. */
const DESCRIPTOR_REFUSED = 'Failed to create metric descriptor';
const DETAIL_LENGTH_MAX = 500;
/** Whatever a server or library says, no credential gets into a log. */
const CREDENTIALS = /(?:bearer|basic)\s+[\w.~+/=-]+|\bya29\.[\w-]+|\beyJ[\w-]+\.[\w.-]+/gi;

export class ExportReport {
  readonly #logger: Logger;
  #metrics: Metrics | undefined;
  readonly #refused = new Map<ExportSignal, number>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Counts from here on; exporters are made before the metrics that count them. */
  countIn(metrics: Metrics): void {
    this.#metrics = metrics;
  }

  /** Takes over OpenTelemetry's diagnostics, where alone a partial success is told. */
  listen(): void {
    const warn = (...words: readonly unknown[]) => this.#noteDiagnostic(words);
    diag.setLogger(
      { error: warn, warn, info: quiet, debug: quiet, verbose: quiet },
      { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
    );
  }

  note(signal: ExportSignal, result: ExportResult): void {
    const isSent = result.code === ExportResultCode.SUCCESS;
    const refusedCount = this.#refused.get(signal) ?? 0;
    this.#refused.delete(signal);
    const outcome = isSent ? (refusedCount > 0 ? 'partial' : 'sent') : 'failed';
    this.#metrics?.counter('telemetry_exports_total', { signal, outcome }).add(1);
    if (refusedCount > 0) {
      this.#metrics?.counter('telemetry_rejected_items_total', { signal }).add(refusedCount);
      this.#logger.warn('telemetry_export_partial', { signal, refusedCount });
    }
    if (!isSent) {
      const reason = harmless(result.error ? messageOf(result.error) : 'no reason given');
      this.#logger.warn('telemetry_export_failed', { signal, reason });
    }
  }

  warn(event: string, error: unknown): void {
    this.#logger.warn(event, { reason: harmless(messageOf(error)) });
  }

  #noteDiagnostic(words: readonly unknown[]): void {
    const text = words.map(String).join(' ');
    for (const signal of ['metrics', 'traces'] as const) {
      const found = new RegExp(`"${REFUSED_ITEMS[signal]}":\\s*"?(\\d+)`).exec(text);
      if (found) this.#refused.set(signal, Number(found[1]));
    }
    if (text.startsWith(DESCRIPTOR_REFUSED)) {
      this.#refused.set('metrics', (this.#refused.get('metrics') ?? 0) + 1);
    }
    this.#logger.debug('telemetry_diagnostic', { detail: harmless(text) });
  }
}

function quiet(): void {}

function harmless(text: string): string {
  return text.slice(0, DETAIL_LENGTH_MAX).replaceAll(CREDENTIALS, '(hidden)');
}
