export type { NotedExemplar, TraceIds } from './bucket-exemplars.ts';
export { CANARY_STREAM, startCanary } from './canary.ts';
export type { Canary } from './canary.ts';
export { CATALOGUE, catalogueTable, metricSpec } from './catalogue.ts';
export type {
  LabelSpec,
  LabelsOf,
  MetricKind,
  MetricName,
  MetricSpec,
  NameOf,
} from './catalogue.ts';
export { faultsRoute, isLoopbackHost } from './faults-route.ts';
export { Faults, parseFaults } from './faults.ts';
export type { FaultName, FaultSettings } from './faults.ts';
export { googleCredentials, googleToken, MONITORING_READ } from './google-credentials.ts';
export { keptTraceSchema, traceJson } from './kept-trace.ts';
export type { KeptSpan, KeptTrace, SpanJson, TraceJson } from './kept-trace.ts';
export { createMetrics } from './metrics.ts';
export type { CounterSeries, HistogramSeries, Metrics, Observation } from './metrics.ts';
export { sendText, startMetricsServer } from './metrics-server.ts';
export type { InternalRoute, MetricsServer } from './metrics-server.ts';
export { processMetrics } from './process-metrics.ts';
export { metricsText } from './prometheus-text.ts';
export type { Exemplar, MetricFamily, Sample } from './sample.ts';
export { metricViews, SampleReader } from './sample-reader.ts';
export type {
  CounterSignal,
  GaugeSignal,
  HistogramSignal,
  Instants,
  Labels,
  Matcher,
  Selector,
  Signal,
  SignalPoint,
  SignalRange,
  SignalReader,
  SignalValue,
  SliceSignal,
} from './signal.ts';
export { startTelemetry } from './telemetry.ts';
export type { Telemetry, TelemetryOptions } from './telemetry.ts';
export { formatTraceparent, parseTraceparent } from './traceparent.ts';
export {
  inSpan,
  isTracing,
  markFailed,
  messageTrace,
  observedTrace,
  startSpan,
  TRACE_ATTRIBUTE,
  traceAttributes,
  traceLogFields,
  withSpan,
} from './traces.ts';
export { evaluate } from './evaluate.ts';
export { riseBetween } from './evaluate-rise.ts';
export { acceptsLabel, isPattern } from './evaluate-groups.ts';
export { METRIC_STORE_LIMITS, MetricStore, storedSamples } from './metric-store.ts';
export type { MetricStoreLimits, StoredSample } from './metric-store.ts';
export { readMetricStore } from './metric-store-copy.ts';
export { openMetricStore } from './metric-store-file.ts';
export type { MetricStoreFile } from './metric-store-file.ts';
export type { Series } from './metric-store-series.ts';
export { readHistory, storedSelectors } from './read-history.ts';
export { startSampler } from './scrape-sampler.ts';
export type { Sampler } from './scrape-sampler.ts';
export { parseMetricsText } from './scrape-text.ts';
export { localSignalReader } from './signal-reader-local.ts';
export { replaySignalReader } from './signal-reader-replay.ts';
export {
  CLOUD_LOOKBACK_MAX_MS,
  cloudSignalReader,
  metricsOf,
  prometheusSignalReader,
} from './signal-reader-prometheus.ts';
export { toPromQL } from './to-promql.ts';
export { USER_REQUESTS } from './user-requests.ts';
export type { PrometheusApiOptions } from './prometheus-api.ts';
