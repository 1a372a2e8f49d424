/** A condition as PromQL that returns the elements for which it holds: the other reading is `answerCondition`. */
import type { CountSignals } from '../slo/index.ts';
import { toPromQL } from '../telemetry/index.ts';
import type { Condition } from './condition.ts';

/** How the counts of a burn-rate condition are said: as they are asked, or by the series that a rule recorded. */
export interface CountsPromQL {
  readonly bad: (counts: CountSignals) => string;
  readonly valid: (counts: CountSignals) => string;
}

/** Self-contained: one text for any Prometheus and for Cloud Monitoring, both windows of a burn in it. */
export const RAW_COUNTS: CountsPromQL = {
  bad: (counts) => badEventsPromQL(counts),
  valid: validEventsPromQL,
};

export function conditionPromQL(condition: Condition, counts: CountsPromQL = RAW_COUNTS): string {
  switch (condition.kind) {
    case 'threshold': {
      const operator = condition.comparison === 'above' ? '>' : '<';
      const compared = `${toPromQL(condition.signal)} ${operator} ${numberText(condition.bound)}`;
      const guards = condition.guards.map(
        ({ signal, countMin }) => `${toPromQL(signal)} >= ${numberText(countMin)}`,
      );
      return [compared, ...guards].join('\nand\n');
    }
    case 'burn': {
      const { long, short, thresholdRatio, guard } = condition;
      const ratio = (of: CountSignals) => `${counts.bad(of)} / ${counts.valid(of)}`;
      return [
        `${ratio(long)} > ${thresholdRatio.text}`,
        `${ratio(short)} > ${thresholdRatio.text}`,
        ...(guard.validCountMin > 0 ? [`${counts.valid(long)} >= ${guard.validCountMin}`] : []),
        `${counts.bad(long)} >= ${guard.badCountMin}`,
      ].join('\nand\n');
    }
    case 'absent':
      break;
  }
  return `absent(${toPromQL(condition.signal)})`;
}

/** Bad events of a window; a counted part without series is 0 wherever valid ones, said by `valid`, are known. */
export function badEventsPromQL(
  counts: CountSignals,
  valid: string = validEventsPromQL(counts),
): string {
  const counted = toPromQL(counts.counted);
  const known = `(${counted} or ${valid} * 0)`;
  return counts.part === 'bad' ? known : `clamp_min(${valid} - ${known}, 0)`;
}

export function validEventsPromQL({ valid }: CountSignals): string {
  return toPromQL(valid);
}

/** Fifteen significant digits, as `toPromQL` prints bounds. */
export function numberText(value: number): string {
  return String(Number(value.toPrecision(15)));
}
