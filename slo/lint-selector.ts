/** What the catalogue knows against a selector: its metric, kind, labels and patterns. */
import { isPattern, metricSpec } from '../telemetry/index.ts';
import type { MetricName, MetricSpec, Selector } from '../telemetry/index.ts';
import { formatSelector } from './selector.ts';

export type SelectorRule =
  'broken-pattern' | 'unknown-label' | 'unknown-metric' | 'wrong-metric-kind';

const EXAMPLE_OF: Readonly<Record<MetricSpec['kind'], MetricName>> = {
  counter: 'ingest_messages_total',
  histogram: 'http_server_request_duration_seconds',
  gauge: 'ingest_watermark_lag_seconds',
};

/** Reports what is wrong with a selector by the catalogue; the metric's entry where there is one of that name. */
export function lintSelector(
  selector: Selector,
  kinds: readonly MetricSpec['kind'][],
  report: (level: 'error', rule: SelectorRule, message: string) => void,
): MetricSpec | undefined {
  const spec = metricSpec(selector.metric);
  const shown = formatSelector(selector);
  if (!spec) {
    report(
      'error',
      'unknown-metric',
      `${shown}: there is no metric ${selector.metric} in the catalogue (telemetry/catalogue.ts); http_server_request_duration_seconds is one`,
    );
    return undefined;
  }
  if (!kinds.includes(spec.kind)) {
    const wanted = kinds.join(' or ');
    const example = EXAMPLE_OF[kinds[0] ?? 'counter'];
    report(
      'error',
      'wrong-metric-kind',
      `${shown}: expected a ${wanted}, such as ${example}; it is a ${spec.kind}`,
    );
  }
  const labels = Object.keys(spec.labels);
  for (const { label, op, value } of selector.matchers) {
    const known = spec.labels[label];
    if (!known) {
      const has = labels.length === 0 ? 'it has none' : `it has ${labels.join(', ')}`;
      report(
        'error',
        'unknown-label',
        `${shown}: ${selector.metric} has no label ${label}; ${has}`,
      );
    } else if (op === '=' && known.values && !known.values.includes(value)) {
      const values = known.values.join(', ');
      report(
        'error',
        'unknown-label',
        `${shown}: ${label} is never ${value}; it is one of ${values}`,
      );
    }
    if ((op === '=~' || op === '!~') && !isPattern(value)) {
      report(
        'error',
        'broken-pattern',
        `${shown}: expected a regular expression, such as "5..", for ${label}`,
      );
    }
  }
  return spec;
}
