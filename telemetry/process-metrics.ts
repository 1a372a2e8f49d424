/** Metrics of the Node process itself (memory, CPU, event loop, garbage collection), by prom-client. */
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { MetricFamily } from './sample.ts';

/** Starts to observe the process; resolves to its families whenever called. */
export function processMetrics(): () => Promise<readonly MetricFamily[]> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return async () => {
    const metrics = await registry.getMetricsAsJSON();
    return metrics.flatMap((metric) => {
      const kind = KINDS.find((each) => each === String(metric.type));
      if (!kind) return [];
      const samples = metric.values.map(({ labels, value, ...more }) => ({
        name: ('metricName' in more && String(more.metricName)) || metric.name,
        labels: Object.fromEntries(
          Object.entries(labels).map(([label, text]) => [label, String(text)]),
        ),
        value,
      }));
      return [{ name: metric.name, kind, help: metric.help, samples }];
    });
  };
}

const KINDS = ['counter', 'gauge', 'histogram', 'summary'] as const;
