/** A backtest as one HTML page that needs nothing else: budgets over time, and each candidate's alerts on the same axis. */
import type { Backtest, BacktestAlert, CandidateResult } from './backtest.ts';
import { alertRows, candidateRows, instant, nameOf } from './backtest-text.ts';

const WIDTH = 960;
const BUDGET_HEIGHT = 200;
const LANE_HEIGHT = 22;
const MARGIN = { left: 200, right: 12, top: 10, bottom: 24 };
/** Lowest remaining share drawn to scale. */
const FLOOR_MIN = -1;
/** Marks on the axis of time. */
const MARKS = 6;
/** So that an alert of a minute is seen on an axis of a month. */
const BAR_WIDTH_MIN = 3;
const HUES = [152, 211, 32, 271, 350, 190, 60, 300, 120, 0];

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5b6b7c; --line: #d5dce3; --page: #fff; --bad: #c0362c; --warn: #b7791f; --shade: 40%; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --soft: #9aa9b8; --line: #33404d; --page: #10161c; --bad: #ff7b6e; --warn: #f0b64f; --shade: 65%; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 1000px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; } p { color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } th, td { text-align: left; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 500; } svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--soft); }
.grid { stroke: var(--line); } .zero { stroke: var(--bad); stroke-dasharray: 4 3; } .budget { fill: none; stroke-width: 1.8; }
.page { fill: var(--bad); } .ticket { fill: var(--warn); } .muted { fill: var(--line); } .pain { fill: var(--ink); opacity: .1; }
`;

export function backtestHtml(result: Backtest): string {
  const { source, fromMs, toMs, notes, candidates } = result;
  const title = `Backtest of ${source}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escape(title)}</h1>
<p>${instant(fromMs)} to ${instant(toMs)} UTC. ${notes.map(escape).join(' ')}</p>
${table(candidateRows(result))}
<h2>Error budget that remains</h2>
${budgetPicture(result)}
${candidates.map((each) => section(result, each)).join('\n')}
</body>
</html>
`;
}

function section(result: Backtest, candidate: CandidateResult): string {
  const { alerts } = candidate;
  const heading = `<h2>${escape(candidate.candidate)}: ${candidate.pageCount} pages, ${candidate.ticketCount} tickets</h2>`;
  if (alerts.length === 0) return `<section>${heading}\n<p>Nothing fired.</p></section>`;
  return `<section>${heading}
${lanePicture(result, candidate)}
${table(alertRows(alerts))}
</section>`;
}

type Scale = (value: number) => number;

function timeScale({ fromMs, toMs }: Backtest): Scale {
  const width = WIDTH - MARGIN.left - MARGIN.right;
  return (atMs) => MARGIN.left + (width * (atMs - fromMs)) / Math.max(1, toMs - fromMs);
}

function timeMarks(result: Backtest, x: Scale, height: number): string {
  const { fromMs, toMs } = result;
  return Array.from({ length: MARKS }, (_, index) => {
    const atMs = fromMs + ((toMs - fromMs) * index) / MARKS;
    return `<text x="${x(atMs).toFixed(1)}" y="${height - 6}">${instant(atMs)}</text>`;
  }).join('\n');
}

function budgetPicture(result: Backtest): string {
  const x = timeScale(result);
  const all = result.budgets.flatMap(({ points }) => points.map((each) => each.remainingRatio));
  const floor = Math.max(FLOOR_MIN, Math.floor(Math.min(0, ...all) * 4) / 4);
  const height = BUDGET_HEIGHT - MARGIN.top - MARGIN.bottom;
  const y: Scale = (ratio) => MARGIN.top + (height * (1 - Math.max(floor, ratio))) / (1 - floor);
  const levels = [1, 0.5, 0, -0.5, -1].filter((level) => level >= floor);
  const grid = levels.map(
    (level) =>
      `<line class="${level === 0 ? 'zero' : 'grid'}" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(level)}" y2="${y(level)}"/><text x="${MARGIN.left - 8}" y="${y(level) + 4}" text-anchor="end">${100 * level} %</text>`,
  );
  const lines = result.budgets.map(({ slo, points }, index) => {
    const hue = HUES[index % HUES.length]!;
    const path = points.map(
      (each) => `${x(each.atMs).toFixed(1)},${y(each.remainingRatio).toFixed(1)}`,
    );
    const label = `<text x="4" y="${MARGIN.top + 14 * (index + 1)}" style="fill: hsl(${hue} 60% var(--shade))">${escape(slo)}</text>`;
    return `${label}<polyline class="budget" style="stroke: hsl(${hue} 60% var(--shade))" points="${path.join(' ')}"><title>${escape(slo)}</title></polyline>`;
  });
  const tall = Math.max(BUDGET_HEIGHT, MARGIN.top + 14 * (result.budgets.length + 1));
  return svg(tall, 'Error budget that remains of each SLO', [
    ...grid,
    ...lines,
    timeMarks(result, x, BUDGET_HEIGHT),
  ]);
}

/** A lane a policy and label group; behind its bars the time in which users felt it. */
function lanePicture(result: Backtest, { candidate, alerts }: CandidateResult): string {
  const x = timeScale(result);
  const lanes = [...Map.groupBy(alerts, nameOf)];
  const height = MARGIN.top + lanes.length * LANE_HEIGHT + MARGIN.bottom;
  const parts = lanes.flatMap(([name, own], lane) => {
    const top = MARGIN.top + lane * LANE_HEIGHT;
    const label = `<text x="${MARGIN.left - 8}" y="${top + 15}" text-anchor="end">${escape(name.length > 34 ? `${name.slice(0, 33)}…` : name)}</text>`;
    return [label, ...own.flatMap((alert) => barsOf(alert, result, x, top))];
  });
  return svg(height, `When the alerts of ${candidate} fired`, [
    ...parts,
    timeMarks(result, x, height),
  ]);
}

function barsOf(alert: BacktestAlert, { toMs }: Backtest, x: Scale, top: number): string[] {
  const { detection, firedAtMs, resolvedAtMs, pagedAtMs, ticketedAtMs } = alert;
  const kind = pagedAtMs !== undefined ? 'page' : ticketedAtMs !== undefined ? 'ticket' : 'muted';
  const bar = (
    className: string,
    fromMs: number,
    untilMs: number,
    inset: number,
    title: string,
  ) => {
    const width = Math.max(BAR_WIDTH_MIN, x(untilMs) - x(fromMs));
    return `<rect class="${className}" x="${x(fromMs).toFixed(1)}" y="${top + inset}" width="${width.toFixed(1)}" height="${LANE_HEIGHT - 2 * inset}"><title>${escape(title)}</title></rect>`;
  };
  const end = resolvedAtMs ?? toMs;
  const until = resolvedAtMs === undefined ? 'the end' : instant(resolvedAtMs);
  return [
    bar('pain', detection.painStartMs, detection.painEndMs ?? toMs, 1, 'users felt it'),
    bar(kind, firedAtMs, end, 5, `${nameOf(alert)}: ${kind}, ${instant(firedAtMs)} to ${until}`),
  ];
}

function svg(height: number, label: string, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(label)}">
<title>${escape(label)}</title>
${parts.join('\n')}
</svg>`;
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  return `<table>
<thead><tr>${cells(head, 'th')}</tr></thead>
<tbody>
${rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('\n')}
</tbody>
</table>`;
}

function cells(row: readonly string[], tag: string): string {
  return row.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join('');
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.codePointAt(0)};`);
}
