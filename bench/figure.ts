/** What a benchmark is and what it prints: named figures with a unit and, where there is one, a target. */
import { columns } from './columns.ts';
import type { Scratch } from './scratch.ts';

const VALUE_COLUMN = 2;

export type Unit = 'ratio' | 'events/s' | 'ms' | 's' | 'bytes/min';

export interface FigureSpec {
  readonly figure: string;
  readonly unit: Unit;
  /** The bound that the project promises; the table shows it beside the value. */
  readonly target?: { readonly comparison: '<=' | '>='; readonly value: number };
}

export interface Measured extends FigureSpec {
  readonly bench: string;
  readonly value: number;
}

export interface BenchContext {
  /** Less data and less time. */
  readonly isShort: boolean;
  /** Says on standard error how far it is. */
  readonly progress: (text: string) => void;
  /** Everything opened is registered here, and closed after the bench. */
  readonly scratch: Scratch;
}

export type Outcome =
  | { readonly kind: 'measured'; readonly values: Readonly<Record<string, number>> }
  | { readonly kind: 'skipped'; readonly reason: string };

export interface Bench {
  readonly name: string;
  readonly summary: string;
  readonly figures: readonly FigureSpec[];
  run(context: BenchContext): Promise<Outcome>;
}

/** One JSON object a line, in the shape that scripts rely on. */
export function jsonLines(measured: readonly Measured[]): string {
  return measured
    .map(({ bench, figure, value, unit }) => {
      return `${JSON.stringify({ bench, figure, value: rounded(value), unit })}\n`;
    })
    .join('');
}

/** The figures as columns for people, with the target and whether it was met. */
export function table(measured: readonly Measured[]): string {
  const rows = [
    ['bench', 'figure', 'value', 'unit', 'target', ''],
    ...measured.map((row) => [
      row.bench,
      row.figure,
      new Intl.NumberFormat('en', { maximumFractionDigits: 3 }).format(rounded(row.value)),
      row.unit,
      row.target ? `${row.target.comparison} ${row.target.value}` : '',
      verdict(row),
    ]),
  ];
  return columns(rows, [VALUE_COLUMN]);
}

/** Middle value; the mean of the two middle ones where their count is even. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Linear between the two nearest ranks, `share` from 0 to 1. NaN of nothing. */
export function quantile(values: readonly number[] | Float64Array, share: number): number {
  const sorted = Float64Array.from(values).toSorted();
  const rank = (sorted.length - 1) * share;
  const below = sorted[Math.floor(rank)] ?? Number.NaN;
  const above = sorted[Math.ceil(rank)] ?? Number.NaN;
  return below + (above - below) * (rank - Math.floor(rank));
}

/** Least-squares slope of `y` over `x`: units of y per unit of x. */
export function slope(points: readonly { readonly x: number; readonly y: number }[]): number {
  const meanOf = (pick: (point: { x: number; y: number }) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const meanX = meanOf(({ x }) => x);
  const meanY = meanOf(({ y }) => y);
  const covariance = meanOf(({ x, y }) => (x - meanX) * (y - meanY));
  return covariance / meanOf(({ x }) => (x - meanX) ** 2);
}

function verdict({ target, value }: Measured): string {
  if (!target) return '';
  const isMet = target.comparison === '<=' ? value <= target.value : value >= target.value;
  return isMet ? 'met' : 'missed';
}

function rounded(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(4));
}
