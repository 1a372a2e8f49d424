/** The burn-down of an error budget as a picture that needs no script. */
import type { BurnDownJson } from '../../slo/index.ts';
import { percent } from './figures.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';

export interface ChartSize {
  readonly width: number;
  readonly height: number;
  /** Levels and times are written beside a large picture, and left out of a small one. */
  readonly hasAxes: boolean;
}

/** An overspent budget is drawn down to here; below it leaves the picture. */
const FLOOR_RATIO = -1;

export function burnDownChart(burnDown: BurnDownJson, size: ChartSize): Html {
  const { points } = burnDown;
  if (points.length === 0) return html`<p class="empty">No event has been counted yet.</p>`;
  const { width, height, hasAxes } = size;
  const margin = hasAxes
    ? { left: 64, right: 12, top: 10, bottom: 26 }
    : { left: 2, right: 2, top: 3, bottom: 3 };
  const [fromMs, toMs] = [Date.parse(burnDown.from), Date.parse(burnDown.to)];
  const lowest = Math.max(FLOOR_RATIO, Math.min(0, ...points.map((each) => each.remaining_ratio)));
  const x = (atMs: number) =>
    round(
      margin.left +
        ((width - margin.left - margin.right) * (atMs - fromMs)) / Math.max(1, toMs - fromMs),
    );
  const y = (ratio: number) =>
    round(
      margin.top +
        ((height - margin.top - margin.bottom) * (1 - Math.max(lowest, ratio))) / (1 - lowest),
    );
  const line = [
    `${x(fromMs)},${y(1)}`,
    ...points.map((each) => `${x(Date.parse(each.at))},${y(each.remaining_ratio)}`),
  ];
  const last = points.at(-1)!;
  const level =
    last.remaining_ratio <= 0 ? 'bad' : last.remaining_ratio < 0.25 ? 'warning' : 'good';
  const label = `Error budget that remains: ${percent(last.remaining_ratio)} at ${burnDown.to.slice(0, 16)} UTC`;
  const levels = [1, 0.75, 0.5, 0.25, 0, -0.5, -1].filter((each) => each >= lowest);
  return html`<svg
    class="burn-down ${level}"
    viewBox="0 0 ${width} ${height}"
    role="img"
    aria-label="${label}"
    preserveAspectRatio="none"
  >
    ${hasAxes && levels.map((each) => html`<line class="${each === 0 ? 'zero' : 'grid'}" x1="${margin.left}" x2="${width - margin.right}" y1="${y(each)}" y2="${y(each)}" /><text x="${margin.left - 8}" y="${y(each) + 4}" text-anchor="end">${percent(each, 0)}</text>`)}
    ${!hasAxes && html`<line class="zero" x1="0" x2="${width}" y1="${y(0)}" y2="${y(0)}" />`}
    ${hasAxes && times(fromMs, toMs).map((atMs) => html`<text x="${x(atMs)}" y="${height - 6}" text-anchor="middle">${timeText(atMs, toMs - fromMs)}</text>`)}
    <polygon class="area" points="${line.join(' ')} ${x(toMs)},${y(0)} ${x(fromMs)},${y(0)}" />
    <polyline class="line" points="${line.join(' ')}" />
  </svg>`;
}

/** Five instants within the range, ends left out for their texts to fit. */
function times(fromMs: number, toMs: number): readonly number[] {
  return [0.1, 0.3, 0.5, 0.7, 0.9].map((share) => fromMs + share * (toMs - fromMs));
}

function timeText(atMs: number, spanMs: number): string {
  const iso = new Date(atMs).toISOString();
  return spanMs > 2 * 86_400_000 ? iso.slice(5, 10) : iso.slice(11, 16);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
