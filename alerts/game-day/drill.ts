/** The drills of a game day: what is broken on purpose, and which alert has to say so. */
import { AppError } from '../../runtime/index.ts';
import type { FaultSettings } from '../../telemetry/index.ts';
import type { Policy, Rung } from '../policy.ts';

/**
 * In the order in which they are run. A backlog makes data late too: where a service is young, its three minutes are so much of what is
 * known that pages of freshness go on for half an hour, and their own drill could not begin.
 */
export const DRILL_NAMES = ['latency', 'errors', 'freshness', 'backlog'] as const;
export type DrillName = (typeof DRILL_NAMES)[number];

export interface Drill {
  readonly name: DrillName;
  readonly faults: FaultSettings;
  /** What users do meanwhile: an alert on requests needs requests, one on messages needs a message. */
  readonly traffic: 'requests' | 'messages';
  /** Policies that may be the first to say so. */
  readonly policies: readonly Policy[];
}

const DRILLS: Readonly<Record<DrillName, Omit<Drill, 'name' | 'policies'>>> = {
  // Four times the bound of the mean, so that a few slow requests outweigh the quick ones of the window.
  latency: { faults: { latency: 2_000 }, traffic: 'requests' },
  errors: { faults: { errors: 0.5 }, traffic: 'requests' },
  backlog: { faults: { subscription: 'stuck' }, traffic: 'messages' },
  freshness: { faults: { ingest: 'stopped' }, traffic: 'messages' },
};

const POLICY_NAMES: Readonly<Record<Exclude<DrillName, 'freshness'>, string>> = {
  latency: 'api-latency-mean',
  errors: 'api-error-ratio',
  backlog: 'backlog-age',
};

/** @throws AppError `invalid_argument` where no policy is defined that could notice */
export function drillOf(name: DrillName, policies: readonly Policy[]): Drill {
  const noticing =
    name === 'freshness'
      ? policies.filter(isOfFreshness)
      : policies.filter((policy) => policy.name === POLICY_NAMES[name]);
  if (noticing.length === 0) {
    const expected =
      name === 'freshness' ? 'an SLO of time slices' : `a policy ${POLICY_NAMES[name]}`;
    throw new AppError(
      'invalid_argument',
      `${name}: expected ${expected} in what is evaluated; there is none that could notice`,
    );
  }
  return { name, ...DRILLS[name], policies: noticing };
}

/** The rungs that count: pages, or all where a policy only writes tickets. */
export function drilledRungs({ rungs }: Policy): readonly Rung[] {
  const pages = rungs.filter(({ route }) => route === 'page');
  return pages.length > 0 ? pages : rungs;
}

/** Beyond the window and the keep-firing that an end takes at the least. */
const CLEAR_MARGIN_MS = 10 * 60_000;

/** How long an alert may take to end once nothing is broken: its window has to forget, the short one of a burn rate. */
export function clearMaxMs({ condition, keepFiringForMs }: Rung): number {
  const { windowMs } = condition.kind === 'burn' ? condition.short.valid : condition.signal;
  return windowMs + keepFiringForMs + CLEAR_MARGIN_MS;
}

/** Minutes in which data are old: what no count of events can tell. */
function isOfFreshness({ rungs }: Policy): boolean {
  return rungs.some(
    ({ condition }) => condition.kind === 'burn' && condition.long.valid.kind === 'validSlices',
  );
}
