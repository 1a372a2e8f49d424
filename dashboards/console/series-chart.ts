/** Lines over time as a picture that needs no script, with a legend of the newest values and the thresholds across. */
import type { Unit } from '../dashboard.ts';
import { figure } from './figures.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { valueText } from './units.ts';

export interface ChartLine {
  readonly name: string;
  /** No value: there was data, and nothing to divide by. */
  readonly points: readonly { readonly at: string; readonly value: number | null }[];
}

export interface SeriesChart {
  /** Of its element; unique in the page. */
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly from: string;
  readonly to: string;
  readonly stepSeconds: number;
  readonly lines: readonly ChartLine[];
  readonly thresholds: readonly { readonly value: number; readonly label: string }[];
  readonly isStacked: boolean;
  /** A `spark` stands beside its value and has neither texts nor legend; a `small` one fits a narrow panel. */
  readonly size?: ChartSizeName;
}

export type ChartSizeName = 'large' | 'small' | 'spark';

/** In the picture's own pixels, so that texts of 12 are about that large where it is shown. */
const SIZES = {
  large: { width: 480, height: 190, left: 58, right: 8, top: 12, bottom: 22, times: 5 },
  small: { width: 240, height: 150, left: 52, right: 6, top: 12, bottom: 22, times: 2 },
  spark: { width: 240, height: 50, left: 1, right: 1, top: 3, bottom: 3, times: 0 },
} as const;
/** Lines that can be told apart by colour; the others take the colours again. */
export const LINE_COLOURS = 8;
/** Points further apart than this are not joined: a sample may be late, a gap is a gap. */
const JOINED_STEPS = 1.5;

export function seriesChart(chart: SeriesChart): Html {
  const { id, lines } = chart;
  const stacked = chart.isStacked ? stack(lines) : lines;
  return html`<div class="plot" id="${id}">
    ${drawing(chart, stacked)}
    ${
      chart.size !== 'spark' &&
      html`<ul class="legend">
        ${lines.map((line, index) => legendItem(chart, line, index))}
      </ul>`
    }
  </div>`;
}

/** The newest value of a line; none where it ended before the picture does. */
export function newestValue({ points }: ChartLine, to: string, stepSeconds: number): number | null {
  const last = points.findLast(({ value }) => value !== null);
  if (!last) return null;
  const ageMs = Date.parse(to) - Date.parse(last.at);
  return ageMs > JOINED_STEPS * stepSeconds * 1_000 ? null : last.value;
}

function legendItem(chart: SeriesChart, line: ChartLine, index: number): Html {
  const newest = newestValue(line, chart.to, chart.stepSeconds);
  return html`<li>
    <span class="key c${index % LINE_COLOURS}" aria-hidden="true"></span> ${line.name}
    ${newest === null ? html`<span class="soft">no value now</span>` : figure(newest, (value) => valueText(chart.unit, value))}
  </li>`;
}

function drawing(chart: SeriesChart, lines: readonly ChartLine[]): Html {
  const { unit, thresholds, title, stepSeconds, size = 'large' } = chart;
  const { width, height, left, right: end, top, bottom, times } = SIZES[size];
  const hasTexts = size !== 'spark';
  const [fromMs, toMs] = [Date.parse(chart.from), Date.parse(chart.to)];
  const values = lines.flatMap(({ points }) => points.flatMap(({ value }) => value ?? []));
  const shown = [...values, ...thresholds.map(({ value }) => value)];
  const { low, high, ticks } = scale(Math.min(0, ...shown), Math.max(0, ...shown));
  const x = (at: string) =>
    round(left + ((width - left - end) * (Date.parse(at) - fromMs)) / Math.max(1, toMs - fromMs));
  const y = (value: number) =>
    round(top + ((height - top - bottom) * (high - value)) / (high - low || 1));
  const right = width - end;
  // A text above a line at the upper edge would leave the picture.
  const labelY = (value: number) => (y(value) < 2 * top ? y(value) + 13 : y(value) - 4);
  const paths = lines.flatMap((line, index) =>
    runs(line, stepSeconds).map(
      (run) =>
        html`<polyline
          class="line c${index % LINE_COLOURS}"
          points="${run.map((each) => `${x(each.at)},${y(each.value)}`).join(' ')}"
        />`,
    ),
  );
  return html`<svg
    class="series"
    viewBox="0 0 ${width} ${height}"
    role="img"
    aria-label="${title}, ${chart.from.slice(0, 16)} to ${chart.to.slice(0, 16)} UTC"
  >
    ${hasTexts && ticks.map((tick) => html`<line class="grid" x1="${left}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}" /><text x="${left - 6}" y="${y(tick) + 4}" text-anchor="end">${valueText(unit, tick)}</text>`)}
    ${instants(fromMs, toMs, times).map((atMs) => html`<text x="${x(new Date(atMs).toISOString())}" y="${height - 6}" text-anchor="middle">${timeText(atMs, toMs - fromMs)}</text>`)}
    ${thresholds.map(({ value, label }) => html`<line class="threshold" x1="${left}" x2="${right}" y1="${y(value)}" y2="${y(value)}" />${hasTexts && html`<text class="threshold" x="${right}" y="${labelY(value)}" text-anchor="end">${label}</text>`}`)}
    ${paths}
  </svg>`;
}

/** Pieces of a line without a gap; a single point is drawn as a short dash. */
function runs({ points }: ChartLine, stepSeconds: number) {
  const pieces: { at: string; value: number }[][] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const { at, value } of points) {
    if (value === null) continue;
    const atMs = Date.parse(at);
    const isJoined = atMs - lastMs <= JOINED_STEPS * stepSeconds * 1_000;
    const piece = isJoined ? pieces.at(-1) : undefined;
    if (piece) piece.push({ at, value });
    else pieces.push([{ at, value }]);
    lastMs = atMs;
  }
  return pieces.map((piece) => {
    const [only] = piece;
    if (piece.length > 1 || !only) return piece;
    const before = new Date(Date.parse(only.at) - stepSeconds * 250).toISOString();
    return [{ at: before, value: only.value }, only];
  });
}

/** Each line on top of those before it, at the instants that any of them has. */
function stack(lines: readonly ChartLine[]): readonly ChartLine[] {
  const below = new Map<string, number>();
  return lines.map(({ name, points }) => ({
    name,
    points: points.map(({ at, value }) => {
      const sum = (below.get(at) ?? 0) + (value ?? 0);
      below.set(at, sum);
      return { at, value: sum };
    }),
  }));
}

/** A range of round steps of 1, 2 or 5 that holds both ends. */
function scale(lowest: number, highest: number) {
  const span = highest - lowest || 1;
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough;
  const low = Math.floor(lowest / step) * step;
  const high = Math.ceil((lowest + span) / step) * step;
  const count = Math.round((high - low) / step);
  const ticks = Array.from({ length: count + 1 }, (_, index) =>
    Number((low + index * step).toPrecision(12)),
  );
  return { low, high, ticks };
}

/** Instants within the range, ends left out for their texts to fit. */
function instants(fromMs: number, toMs: number, count: number): readonly number[] {
  return Array.from(
    { length: count },
    (_, index) => fromMs + ((index + 0.5) / count) * (toMs - fromMs),
  );
}

function timeText(atMs: number, spanMs: number): string {
  const iso = new Date(atMs).toISOString();
  return spanMs > 2 * 86_400_000 ? iso.slice(5, 10) : iso.slice(11, 16);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
