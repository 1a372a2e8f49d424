/** The words and figures of a report, the same in Markdown and in HTML. */
import { badCount } from './counts.ts';
import type { SloReport } from './report.ts';

/** One line of a report: what, and the figure. */
export type Fact = readonly [string, string];

export function factsOf(report: SloReport): readonly Fact[] {
  const { counts, sliRatio, remainingRatio, objectives } = report;
  const [first, ...changes] = objectives;
  return [
    ['SLI', sliRatio === undefined ? 'no valid event' : percentText(sliRatio)],
    [
      'Objective',
      first
        ? [
            `${first.percentText} %`,
            ...changes.map((each) => `${each.percentText} % from ${hourText(each.fromAtMs)}`),
          ].join(', ')
        : 'none in force',
    ],
    ['Valid events', countText(counts.validCount)],
    ['Bad events', `${countText(report.badCount)} of ${countText(report.allowedCount)} allowed`],
    ['Budget remaining', remainingRatio === undefined ? 'not known' : percentText(remainingRatio)],
    ['Hours with events', `${report.hoursCounted} of ${report.hoursOver}`],
  ];
}

/** The worst hours: when, bad events, valid events, share of the month's budget. */
export function worstHours(report: SloReport): readonly (readonly string[])[] {
  return report.worst.map((row) => [
    hourText(row.startAtMs),
    countText(badCount(row)),
    countText(row.validCount),
    percentText(badCount(row) / report.allowedCount),
  ]);
}

/** Whether the month's budget held. */
export function outcomeOf({ remainingRatio }: SloReport): 'met' | 'missed' | 'unknown' {
  if (remainingRatio === undefined) return 'unknown';
  return remainingRatio >= 0 ? 'met' : 'missed';
}

/** Percent with up to four decimals: 0.99954 is `99.954 %`. */
export function percentText(ratio: number): string {
  return `${Number((100 * ratio).toFixed(4))} %`;
}

export function countText(count: number): string {
  return Number(count.toFixed(2)).toLocaleString('en-US');
}

function hourText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
