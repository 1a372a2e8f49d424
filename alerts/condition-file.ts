/** A condition as it is written, checked between its parts and read into signals. */
import type { Path } from '../runtime/index.ts';
import type { Selector, Signal } from '../telemetry/index.ts';
import type { Condition, Guard } from './condition.ts';
import type { ConditionFile } from './policy-schema.ts';

export type Report = (path: Path, message: string) => void;

const KINDS = [
  'mean',
  'quantile',
  'ratio',
  'rate',
  'increase',
  'max',
  'last',
  'sum',
  'absent',
] as const;
/** Kinds that divide, so that a few events can say anything. */
const DIVIDING: readonly string[] = ['mean', 'quantile', 'ratio'];
const EXAMPLE = 'such as { mean: http_server_request_duration_seconds, window: 5m, above: 500ms }';

/** Reports what does not fit together in a condition whose parts are each in shape. */
export function checkCondition(file: ConditionFile, report: Report): void {
  const kinds = KINDS.filter((kind) => file[kind] !== undefined);
  if (kinds.length !== 1) report([], `expected exactly one of ${KINDS.join(', ')}, ${EXAMPLE}`);
  const [kind] = kinds;
  const boundCount = [file.above, file.below].filter((each) => each !== undefined).length;
  if (kind === 'absent') {
    if (boundCount > 0) report([], 'expected neither above nor below beside absent');
    if (file.by.length > 0) report(['by'], 'expected no grouping of what is not there, such as []');
  } else if (boundCount !== 1) {
    report([], `expected exactly one of above and below, ${EXAMPLE}`);
  }
  if (file.window <= 0) report(['window'], 'expected a window above 0s, such as 5m');
  const isDividing = kind !== undefined && DIVIDING.includes(kind);
  if (isDividing && file.min_events === undefined) {
    report([], `expected min_events, a traffic guard for a ${kind}, such as min_events: 50`);
  }
  if (!isDividing && file.min_events !== undefined) {
    report(['min_events'], `expected it only beside ${DIVIDING.join(', ')}`);
  }
  if (kind !== 'ratio' && file.min_bad_events !== undefined) {
    report(['min_bad_events'], 'expected it only beside ratio');
  }
}

/** The condition that a checked file means. */
export function toCondition(file: ConditionFile): Condition {
  const common = { by: file.by, windowMs: file.window };
  if (file.absent)
    return { kind: 'absent', signal: { kind: 'last', gauge: file.absent, ...common } };
  const increase = (counter: Selector): Signal => ({ kind: 'increase', counter, ...common });
  const guards: Guard[] = [];
  const whole = file.mean ?? file.quantile?.of ?? file.ratio?.whole;
  if (whole && file.min_events !== undefined) {
    guards.push({ signal: increase(whole), countMin: file.min_events });
  }
  if (file.ratio && file.min_bad_events !== undefined) {
    guards.push({ signal: increase(file.ratio.part), countMin: file.min_bad_events });
  }
  return {
    kind: 'threshold',
    signal: signalOf(file, common),
    comparison: file.above === undefined ? 'below' : 'above',
    bound: file.above ?? file.below ?? 0,
    guards,
  };
}

function signalOf(
  file: ConditionFile,
  common: { readonly by: readonly string[]; readonly windowMs: number },
): Signal {
  const { mean, quantile, ratio, rate, increase, max, last, sum } = file;
  if (mean) return { kind: 'mean', histogram: mean, ...common };
  if (quantile) {
    return { kind: 'quantile', histogram: quantile.of, quantile: quantile.rank, ...common };
  }
  if (ratio) return { kind: 'ratio', ...ratio, ...common };
  if (rate) return { kind: 'rate', counter: rate, ...common };
  if (increase) return { kind: 'increase', counter: increase, ...common };
  const gauge = max ?? last ?? sum;
  const kind = max ? 'max' : last ? 'last' : 'sum';
  return { kind, gauge: gauge ?? { metric: '', matchers: [] }, ...common };
}
