export { CATALOGUE, metricSpec } from './catalogue.ts';
export type { LabelSpec, MetricKind, MetricName, MetricSpec } from './catalogue.ts';
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
