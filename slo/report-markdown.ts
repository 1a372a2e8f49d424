/** A month's report as Markdown. */
import { factsOf, outcomeOf, worstHours } from './report-text.ts';
import type { Month, SloReport } from './report.ts';

export function reportMarkdown(month: Month, reports: readonly SloReport[]): string {
  return `${[`# SLO report, ${month.name}`, summary(reports), ...reports.map(section)].join('\n\n')}\n`;
}

function summary(reports: readonly SloReport[]): string {
  const rows = reports.map((report) => {
    const facts = new Map(factsOf(report));
    const cells = ['SLI', 'Objective', 'Budget remaining'].map((key) => facts.get(key) ?? '');
    return `| ${[report.name, ...cells, outcomeOf(report)].join(' | ')} |`;
  });
  return [
    '| SLO | SLI | objective | budget remaining | outcome |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

function section(report: SloReport): string {
  const facts = factsOf(report).map(([what, figure]) => `- ${what}: ${figure}`);
  const worst = worstHours(report);
  const table = [
    '| worst hours | bad | valid | of the budget |',
    '| --- | --- | --- | --- |',
    ...worst.map((cells) => `| ${cells.join(' | ')} |`),
  ];
  const parts = [`## ${report.name}: ${escape(report.title)}`, facts.join('\n')];
  if (worst.length > 0) parts.push(table.join('\n'));
  return parts.join('\n\n');
}

/** A title is text, whatever Markdown or HTML would make of it. */
function escape(text: string): string {
  return text.replace(/[\\`*_[\]<>|&]/g, '\\$&');
}
