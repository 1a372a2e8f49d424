/** The exporters that a configuration can choose, each reporting how its exports end. */
import type { ExportResult } from '@opentelemetry/core';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { OTLPExporterError } from '@opentelemetry/otlp-exporter-base';
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import { AppError } from '../runtime/index.ts';
import type { Clock } from '../runtime/index.ts';
import type { ExportReport, ExportSignal } from './export-report.ts';
import { googleHeaders } from './google-headers.ts';

export type ExporterName = 'none' | 'otlp' | 'google' | 'google-legacy';

export interface ExporterOptions {
  readonly exporter: ExporterName;
  readonly googleEndpoint: string;
  readonly projectId: string;
  readonly report: ExportReport;
  readonly clock: Clock;
  /** Replaces the look for the deprecated package; for tests that install it elsewhere. */
  readonly loadLegacy?: () => Promise<unknown>;
}

export interface Exporters {
  readonly metrics?: PushMetricExporter;
  readonly traces?: SpanExporter;
}

/** Below the SIGTERM grace of Cloud Run, so that one hanging export cannot use it up. */
const GOOGLE_TIMEOUT_MS = 5_000;
export const LEGACY_PACKAGE: string = '@google-cloud/opentelemetry-cloud-monitoring-exporter';
export const LEGACY_VERSION = '0.22.0';

/** @throws AppError `invalid_config` where the deprecated package is chosen and not installed */
export async function openExporters(options: ExporterOptions): Promise<Exporters> {
  const { exporter, report } = options;
  switch (exporter) {
    case 'none':
      return {};
    case 'otlp':
      // Endpoint, headers, timeout and certificates by the standard OTEL_EXPORTER_OTLP_* variables.
      return {
        metrics: reporting(new OTLPMetricExporter(), 'metrics', report),
        traces: reporting(new OTLPTraceExporter(), 'traces', report),
      };
    case 'google': {
      const endpoint = options.googleEndpoint.replace(/\/+$/, '');
      const { headers, renew } = googleHeaders(options.clock, (error) =>
        report.warn('telemetry_credentials_failed', error),
      );
      const to = (path: string) => ({
        headers,
        timeoutMillis: GOOGLE_TIMEOUT_MS,
        url: `${endpoint}${path}`,
      });
      const metrics = renewing(new OTLPMetricExporter(to('/v1/metrics')), renew);
      const traces = renewing(new OTLPTraceExporter(to('/v1/traces')), renew);
      return {
        metrics: reporting(metrics, 'metrics', report),
        traces: reporting(traces, 'traces', report),
      };
    }
    case 'google-legacy':
    default:
      return { metrics: reporting(await legacyExporter(options), 'metrics', report) };
  }
}

async function legacyExporter(options: ExporterOptions): Promise<PushMetricExporter> {
  options.report.warn(
    'telemetry_exporter_deprecated',
    `${LEGACY_PACKAGE} is deprecated by Google and sends no traces; set TELEMETRY_EXPORTER=google instead`,
  );
  const load = options.loadLegacy ?? (() => import(LEGACY_PACKAGE));
  let module: unknown;
  try {
    module = await load();
  } catch (error) {
    throw new AppError(
      'invalid_config',
      `TELEMETRY_EXPORTER: google-legacy expects a package that is not part of Highwater, as it is 200 MB and deprecated. ` +
        `Choose TELEMETRY_EXPORTER=google, or: npm install ${LEGACY_PACKAGE}@${LEGACY_VERSION}`,
      { cause: error },
    );
  }
  const { MetricExporter } = module as {
    readonly MetricExporter: new (options: object) => PushMetricExporter;
  };
  return new MetricExporter({ projectId: options.projectId, prefix: 'workload.googleapis.com' });
}

interface Exporting<T> {
  export(items: T, done: (result: ExportResult) => void): void;
}

/** The same exporter, which sends once more, with another token, what was refused for its token. */
function renewing<E extends Exporting<never>>(exporter: E, renew: () => void): E {
  const inner = exporter.export.bind(exporter);
  exporter.export = (items, done) =>
    inner(items, (result) => {
      if (!isTokenRefused(result)) return done(result);
      renew();
      inner(items, done);
    });
  return exporter;
}

function isTokenRefused({ error }: ExportResult): boolean {
  return error instanceof OTLPExporterError && error.code === 401;
}

/** The same exporter, whose results are noted first. */
function reporting<E extends Exporting<never>>(
  exporter: E,
  signal: ExportSignal,
  report: ExportReport,
): E {
  const inner = exporter.export.bind(exporter);
  exporter.export = (items, done) =>
    inner(items, (result) => {
      report.note(signal, result);
      done(result);
    });
  return exporter;
}
