/** The queries of a panel answered over a range: the lines that Cloud Monitoring or Prometheus would draw of the same text. */
import type { Instants, Labels, SignalRange, SignalReader } from '../telemetry/index.ts';
import type { Query, SloCourse } from './dashboard.ts';

export interface PanelLine {
  readonly name: string;
  readonly labels: Labels;
  /** NaN: there was data, and nothing to divide by. */
  readonly points: readonly { readonly atMs: number; readonly value: number }[];
}

/** Lines of one query beyond which a picture says nothing; those with the largest newest values are kept. */
export const LINES_MAX = 24;

/** Errors: `metrics_unavailable`. */
export async function answerQuery(
  query: Query,
  reader: SignalReader,
  instants: Instants,
): Promise<{ readonly lines: readonly PanelLine[]; readonly droppedCount: number }> {
  const [first, second] = query.signals;
  if (!first) return { lines: [], droppedCount: 0 };
  const ranges = await reader.readRange(first, instants);
  const divisors = second ? await reader.readRange(second, instants) : undefined;
  const all = ranges.map((range) => ({
    name: nameOf(query, range.labels),
    labels: range.labels,
    points: figuresOf(divisors ? divided(range, divisors) : range, query.slo).points,
  }));
  const lines = all.toSorted((a, b) => newest(b) - newest(a)).slice(0, LINES_MAX);
  // In the order of the answer: colours stay with their lines from one renewal to the next.
  const kept = all.filter((line) => lines.includes(line));
  return { lines: kept, droppedCount: all.length - kept.length };
}

function divided(range: SignalRange, divisors: readonly SignalRange[]): SignalRange {
  const key = JSON.stringify(range.labels);
  const same = divisors.find(({ labels }) => JSON.stringify(labels) === key);
  const below = new Map(same?.points.map(({ atMs, value }) => [atMs, value]));
  const points = range.points.flatMap(({ atMs, value }) => {
    const divisor = below.get(atMs);
    return divisor === undefined ? [] : [{ atMs, value: value / divisor }];
  });
  return { labels: range.labels, points };
}

/** In the order of the compiled text, so that the last bit is the same. */
function figuresOf(range: SignalRange, course: SloCourse | undefined): SignalRange {
  if (!course) return range;
  const { figure, part, budgetRatio } = course;
  const points = range.points.map(({ atMs, value: share }) => {
    const errorRatio = part === 'bad' ? share : 1 - share;
    if (figure === 'sli') return { atMs, value: part === 'bad' ? 1 - share : share };
    const burnRate = errorRatio / budgetRatio;
    return { atMs, value: figure === 'burn_rate' ? burnRate : 1 - burnRate };
  });
  return { ...range, points };
}

function nameOf({ legend, signals }: Query, labels: Labels): string {
  if (legend !== undefined) return legend;
  const texts = Object.values(labels).filter((value) => value !== '');
  return texts.length > 0 ? texts.join(', ') : (signals[0]?.kind ?? 'value');
}

function newest({ points }: PanelLine): number {
  return points.findLast(({ value }) => !Number.isNaN(value))?.value ?? Number.NEGATIVE_INFINITY;
}
