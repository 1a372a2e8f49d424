export { findPrometheus, queryPrometheus, startPrometheus } from './prometheus.ts';
export type { PrometheusBinaries, PrometheusServer } from './prometheus.ts';
