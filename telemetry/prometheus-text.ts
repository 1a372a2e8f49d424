/** Metric families as Prometheus's text, or as OpenMetrics with exemplars where a scraper asks for it. */
import type { Exemplar, MetricFamily, Sample } from './sample.ts';

export type TextFormat = 'prometheus' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** OpenMetrics where the `Accept` header names it and does not weigh it 0. */
export function formatFor(accept: string | undefined): TextFormat {
  const asked = accept?.split(',').find((each) => each.includes('application/openmetrics-text'));
  return asked !== undefined && !/;\s*q=0(?:\.0*)?\s*(?:;|$)/.test(asked)
    ? 'openmetrics'
    : 'prometheus';
}

/**
 * The page of `/metrics`. Bucket bounds read the same in both formats, so that a query's `le` matches whichever a
 * scraper chose.
 */
export function metricsText(families: readonly MetricFamily[], format: TextFormat): string {
  const lines: string[] = [];
  for (const { name, kind, help, samples } of families) {
    // OpenMetrics names the family of a counter without its suffix.
    const isBare = format === 'openmetrics' && kind === 'counter';
    const family = isBare ? name.replace(/_total$/, '') : name;
    lines.push(`# HELP ${family} ${escapeHelp(help, format)}`, `# TYPE ${family} ${kind}`);
    for (const sample of samples) lines.push(sampleLine(sample, format));
  }
  if (format === 'openmetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function sampleLine({ name, labels, value, exemplar }: Sample, format: TextFormat): string {
  const line = `${name}${labelText(labels)} ${valueText(value)}`;
  return format === 'openmetrics' && exemplar ? `${line} ${exemplarText(exemplar)}` : line;
}

function exemplarText({ traceId, spanId, value, atMs }: Exemplar): string {
  const labels = labelText({ trace_id: traceId, span_id: spanId });
  return `# ${labels} ${valueText(value)} ${(atMs / 1_000).toFixed(3)}`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function valueText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function escapeLabel(text: string): string {
  return escapeHelp(text, 'openmetrics');
}

function escapeHelp(text: string, format: TextFormat): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return format === 'openmetrics' ? escaped.replaceAll('"', '\\"') : escaped;
}
