/** A month's report as one HTML page that needs nothing else: style and pictures are inside. */
import { LEDGER_HOUR_MS } from './ledger.ts';
import { factsOf, outcomeOf, percentText, worstHours } from './report-text.ts';
import type { Month, SloReport } from './report.ts';

const WIDTH = 860;
const HEIGHT = 180;
const MARGIN = { left: 56, right: 12, top: 12, bottom: 24 };
const DAY_MS = 86_400_000;
/** The lowest remaining share drawn to scale; an overspent budget below it leaves the picture at its floor. */
const FLOOR_MIN = -1;

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5b6b7c; --line: #d5dce3; --good: #12805c; --bad: #c0362c; --page: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --soft: #9aa9b8; --line: #33404d; --good: #3fc08f; --bad: #ff7b6e; --page: #10161c; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 900px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .3rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 500; } .met { color: var(--good); } .missed { color: var(--bad); } .unknown { color: var(--soft); }
dl { display: grid; grid-template-columns: repeat(3, 1fr); gap: .4rem 1.5rem; } dt { color: var(--soft); font-size: .85rem; } dd { margin: 0; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--soft); }
.grid { stroke: var(--line); } .zero { stroke: var(--bad); stroke-dasharray: 4 3; } .line { fill: none; stroke: var(--good); stroke-width: 2; } .area { fill: var(--good); opacity: .12; }
.line.missed { stroke: var(--bad); } .area.missed { fill: var(--bad); }
`;

export function reportHtml(month: Month, reports: readonly SloReport[]): string {
  const rows = reports.map((report) => {
    const facts = new Map(factsOf(report));
    const cells = ['SLI', 'Objective', 'Budget remaining'].map((key) => td(facts.get(key) ?? ''));
    const outcome = outcomeOf(report);
    const name = `<td><a href="#${escape(report.name)}">${escape(report.name)}</a></td>`;
    return `<tr>${name}${cells.join('')}<td class="${outcome}">${outcome}</td></tr>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>SLO report, ${escape(month.name)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>SLO report, ${escape(month.name)}</h1>
<table>
<thead><tr><th>SLO</th><th>SLI</th><th>Objective</th><th>Budget remaining</th><th>Outcome</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
${reports.map((report) => section(month, report)).join('\n')}
</body>
</html>
`;
}

function section(month: Month, report: SloReport): string {
  const facts = factsOf(report)
    .map(([what, figure]) => `<div><dt>${escape(what)}</dt><dd>${escape(figure)}</dd></div>`)
    .join('\n');
  const worst = worstHours(report);
  const table = `<table>
<thead><tr><th>Worst hours</th><th>Bad</th><th>Valid</th><th>Of the budget</th></tr></thead>
<tbody>
${worst.map((cells) => `<tr>${cells.map(td).join('')}</tr>`).join('\n')}
</tbody>
</table>`;
  return `<section id="${escape(report.name)}">
<h2>${escape(report.name)}: ${escape(report.title)}</h2>
<dl>
${facts}
</dl>
${picture(month, report)}
${worst.length > 0 ? table : ''}
</section>`;
}

/** What remains of the budget over the month, with the days below and zero marked. */
function picture(month: Month, report: SloReport): string {
  const { course } = report;
  if (course.length === 0) return '<p>No hour with events.</p>';
  const lowest = Math.min(0, ...course.map((each) => each.remainingRatio));
  const floor = Math.max(FLOOR_MIN, Math.floor(lowest * 4) / 4);
  const x = (atMs: number) =>
    MARGIN.left +
    ((WIDTH - MARGIN.left - MARGIN.right) * (atMs - month.fromMs)) / (month.toMs - month.fromMs);
  const y = (ratio: number) =>
    MARGIN.top +
    ((HEIGHT - MARGIN.top - MARGIN.bottom) * (1 - Math.max(floor, ratio))) / (1 - floor);
  const start = course[0]!.atMs - LEDGER_HOUR_MS;
  const points = [{ atMs: start, remainingRatio: 1 }, ...course].map(
    (each) => `${x(each.atMs).toFixed(1)},${y(each.remainingRatio).toFixed(1)}`,
  );
  const levels = [1, 0.5, 0, -0.5, -1].filter((level) => level >= floor);
  const lines = levels.map(
    (level) =>
      `<line class="${level === 0 ? 'zero' : 'grid'}" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(level)}" y2="${y(level)}"/><text x="${MARGIN.left - 8}" y="${y(level) + 4}" text-anchor="end">${percentText(level)}</text>`,
  );
  const days = Math.round((month.toMs - month.fromMs) / DAY_MS);
  const marks = Array.from({ length: days }, (_, day) => day)
    .filter((day) => day % 5 === 0)
    .map((day) => {
      const at = x(month.fromMs + day * DAY_MS);
      return `<text x="${at.toFixed(1)}" y="${HEIGHT - 6}">${day + 1}</text>`;
    });
  const outcome = outcomeOf(report);
  const end = x(course.at(-1)!.atMs).toFixed(1);
  const area = `${x(start).toFixed(1)},${y(0)} ${points.join(' ')} ${end},${y(0)}`;
  const label = `Error budget of ${report.name} that remains over ${month.name}`;
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(label)}">
<title>${escape(label)}</title>
${lines.join('\n')}
${marks.join('\n')}
<polygon class="area ${outcome}" points="${area}"/>
<polyline class="line ${outcome}" points="${points.join(' ')}"/>
</svg>`;
}

function td(text: string): string {
  return `<td>${escape(text)}</td>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.codePointAt(0)};`);
}
