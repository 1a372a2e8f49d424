/** Reads the text of a `/metrics` page, Prometheus's or OpenMetrics', as samples. */
import { AppError } from '../runtime/index.ts';
import type { StoredSample } from './metric-store.ts';
import type { SeriesKind } from './metric-store-series.ts';
import type { Labels } from './signal.ts';

/** Samples of one page; the store takes 5,000 series in all. */
const SAMPLES_MAX = 20_000;
const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const BRACE = /\s*\{/y;
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\\n]|\\.)*)"\s*(,|(?=\}))/y;
/** Value, then perhaps a timestamp, then perhaps an exemplar. */
const REST = /\s+(\S+)(?:\s+[-+]?[\d.eE+-]+)?\s*(?:# .*)?$/y;
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
const TYPE = /^#\s+TYPE\s+(\S+)\s+(\S+)\s*$/;

/**
 * All samples. Timestamps are read over: samples are of the instant of the scrape, as with Prometheus's
 * `honor_timestamps: false`.
 * @throws AppError `metrics_unavailable` that names the first line that is none
 */
export function parseMetricsText(text: string): StoredSample[] {
  const types = new Map<string, string>();
  const samples: StoredSample[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '# EOF') break;
    if (line.startsWith('#')) {
      const [, family, type] = TYPE.exec(line) ?? [];
      if (family !== undefined && type !== undefined) types.set(family, type);
      continue;
    }
    if (line.trim() === '') continue;
    const sample = sampleOf(line, types);
    if (!sample) throw unreadable(index + 1, line);
    if (samples.push(sample) > SAMPLES_MAX) {
      throw new AppError(
        'metrics_unavailable',
        `expected at most ${SAMPLES_MAX} samples on a page`,
      );
    }
  }
  return samples;
}

function sampleOf(line: string, types: ReadonlyMap<string, string>): StoredSample | undefined {
  NAME.lastIndex = 0;
  const name = NAME.exec(line)?.[0];
  if (name === undefined) return undefined;
  let at = NAME.lastIndex;
  const labels: Record<string, string> = {};
  BRACE.lastIndex = at;
  if (BRACE.test(line)) {
    const end = readLabels(line, BRACE.lastIndex, labels);
    if (end === undefined) return undefined;
    at = end;
  }
  REST.lastIndex = at;
  const value = numberOf(REST.exec(line)?.[1]);
  return value === undefined ? undefined : { name, labels, value, kind: kindOf(name, types) };
}

/** Index after the closing brace; `undefined` where the text is no list of labels. */
function readLabels(
  line: string,
  from: number,
  labels: Record<string, string>,
): number | undefined {
  let at = from;
  while (line[at] !== '}') {
    LABEL.lastIndex = at;
    const [, label, value] = LABEL.exec(line) ?? [];
    if (label === undefined || value === undefined || Object.hasOwn(labels, label))
      return undefined;
    labels[label] = value.replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
    at = LABEL.lastIndex;
    while (line[at] === ' ') at++;
  }
  return at + 1;
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (NUMBER.test(text)) return Number(text);
  if (/^nan$/i.test(text)) return Number.NaN;
  const [, sign] = /^([-+]?)inf(?:inity)?$/i.exec(text) ?? [];
  if (sign === undefined) return undefined;
  return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** Parts of histograms and summaries are counters; of a metric without a type, the name says it. */
function kindOf(name: string, types: ReadonlyMap<string, string>): SeriesKind {
  const family = name.replace(/_(?:total|bucket|count|sum|created)$/, '');
  const type = types.get(name) ?? types.get(family);
  if (type === 'gauge' || type === 'info' || type === 'stateset') return 'gauge';
  if (type === 'counter' && types.has(name)) return 'counter';
  return /_(?:total|bucket|count|sum)$/.test(name) ? 'counter' : 'gauge';
}

function unreadable(lineNumber: number, line: string): AppError {
  const shown = line.length > 100 ? `${line.slice(0, 100)}…` : line;
  return new AppError(
    'metrics_unavailable',
    `line ${lineNumber}: expected a sample such as http_requests_total{code="200"} 12; got ${shown}`,
  );
}

/** The labels of a target on what it says; its own of the same name are kept as `exported_…`, as Prometheus does. */
export function withTarget(labels: Labels, target: Labels): Labels {
  const clash = Object.keys(labels).some((label) => Object.hasOwn(target, label));
  if (!clash) return { ...labels, ...target };
  const renamed = Object.entries(labels).map(([label, value]) => [
    Object.hasOwn(target, label) ? `exported_${label}` : label,
    value,
  ]);
  return { ...Object.fromEntries(renamed), ...target };
}
