/** Observations by bucket over time as a picture: the darker a field, the more of them. */
import { figure } from './figures.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import type { SeriesChart } from './series-chart.ts';
import { valueText } from './units.ts';

const [WIDTH, HEIGHT] = [480, 190];
const MARGIN = { left: 58, right: 8, top: 10, bottom: 22 };
/** Shades that can be told apart. */
const SHADES = 5;

interface BucketLine {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [number, number | null])[];
}

/** `lines` are cumulative, by the label `le`, as histograms are. */
export function heatmapChart(chart: SeriesChart, lines: readonly BucketLine[]): Html {
  const buckets = lines
    .map(({ labels, points }) => ({ bound: boundOf(labels['le']), counts: new Map(points) }))
    .toSorted((a, b) => a.bound - b.bound);
  const fields = buckets.flatMap(({ counts }, row) =>
    [...counts].map(([at, value]) => ({
      at,
      row,
      // Counts of two buckets are extrapolated each for itself.
      count: Math.max(0, (value ?? 0) - (buckets[row - 1]?.counts.get(at) ?? 0)),
    })),
  );
  const most = Math.max(...fields.map(({ count }) => count));
  const [from, to] = [Date.parse(chart.from) / 1_000, Date.parse(chart.to) / 1_000];
  const rowHeight = (HEIGHT - MARGIN.top - MARGIN.bottom) / Math.max(1, buckets.length);
  const pxPerSecond = (WIDTH - MARGIN.left - MARGIN.right) / (to - from + chart.stepSeconds);
  const shadeOf = (count: number) => Math.min(SHADES - 1, Math.floor((SHADES * count) / most));
  const path = (shade: number) =>
    fields
      .filter(({ count }) => count > 0 && shadeOf(count) === shade)
      .map(({ at, row }) => {
        const x = round(MARGIN.left + (at - from) * pxPerSecond);
        const y = round(HEIGHT - MARGIN.bottom - (row + 1) * rowHeight);
        const width = round(chart.stepSeconds * pxPerSecond);
        return `M${x} ${y}h${width}v${round(rowHeight)}h${-width}z`;
      })
      .join('');
  const total = fields.reduce((sum, { count }) => sum + count, 0);
  return html`<div class="plot" id="${chart.id}">
    <svg
      class="series heat"
      viewBox="0 0 ${WIDTH} ${HEIGHT}"
      role="img"
      aria-label="${chart.title}, ${chart.from.slice(0, 16)} to ${chart.to.slice(0, 16)} UTC"
    >
      ${Array.from({ length: SHADES }, (_, shade) => html`<path class="shade${shade}" d="${path(shade)}" />`)}
      ${buckets.map(({ bound }, row) => row % 2 === 1 && html`<text x="${MARGIN.left - 6}" y="${round(HEIGHT - MARGIN.bottom - row * rowHeight)}" text-anchor="end">${Number.isFinite(bound) ? valueText(chart.unit, bound) : 'more'}</text>`)}
    </svg>
    <p class="soft">
      ${figure(total, (value) => Math.round(value).toLocaleString('en-US'))} observations in the
      fields shown; a field is a bucket of the histogram.
    </p>
  </div>`;
}

function boundOf(le: string | undefined): number {
  return le === undefined || /inf/i.test(le) ? Infinity : Number(le);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
