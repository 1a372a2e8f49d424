/** Policies and observations for the tests of this folder. */
import { parsePolicies } from '../../alerts/index.ts';
import type {
  AlertDefinitions,
  AlertsState,
  Observation,
  Policy,
  Transition,
} from '../../alerts/index.ts';
import { NO_ALERTS, stepAlerts } from '../../alerts/index.ts';
import type { Slo } from '../../slo/index.ts';
import type { Labels } from '../../telemetry/index.ts';
import { AVAILABILITY, slosOf } from '../slo/definitions.ts';

export const FROM_MS = Date.UTC(2026, 10, 20, 12);
export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;

export const HEAD = 'service: highwater\nowner: data-platform\n';
export const AGE = `  - name: age
    title: The oldest message is old
    description: Age of the oldest message.
    user_impact: Late data.
    playbook: alerts/playbooks/freshness.md
    severity: error
    route: page
    condition:
      last: ingest_watermark_lag_seconds
      window: 5m
      by: [stream]
      above: 2m
`;
export const AVAILABILITY_SLO: Slo = slosOf(AVAILABILITY)[0]!;

const PARSED = new Map<string, AlertDefinitions>();

/** Definitions of policies in YAML, without the head; read once, as properties ask thousands of times. */
export function definitionsOf(
  text: string,
  slos: readonly Slo[] = [],
  more = '',
): AlertDefinitions {
  const whole = `${HEAD}${more}policies:\n${text || '  []'}`;
  const key = `${slos.map(({ name }) => name).join()} ${whole}`;
  const known = PARSED.get(key) ?? parsePolicies(whole, 'alerts/p.yaml', slos);
  PARSED.set(key, known);
  return known;
}

/** What holds at an instant: `policy/rung`, with label groups where there are some. */
export type Held = Readonly<Record<string, true | readonly Labels[]>>;

/** Observations of all rungs in which exactly these hold. */
export function observationsOf(policies: readonly Policy[], held: Held): readonly Observation[] {
  return policies.flatMap((policy) =>
    policy.rungs.map((rung) => {
      const groups = held[`${policy.name}/${rung.name}`] ?? [];
      const elements = (groups === true ? [{}] : groups).map((labels) => ({ labels, value: 1 }));
      return { policy, rung, measured: elements, held: elements, droppedCount: 0 };
    }),
  );
}

/** Runs evaluations and keeps what came of them. */
export class Run {
  state: AlertsState = NO_ALERTS;
  nowMs = FROM_MS;
  readonly definitions: AlertDefinitions;
  readonly all: Transition[] = [];

  constructor(definitions: AlertDefinitions) {
    this.definitions = definitions;
  }

  /** One evaluation, after `afterMs`; the state goes through JSON as over a restart. */
  step(held: Held, afterMs = 30 * SECOND_MS): readonly Transition[] {
    this.nowMs += afterMs;
    const { policies } = this.definitions;
    const kept = JSON.parse(JSON.stringify(this.state)) as AlertsState;
    const { state, transitions } = stepAlerts(
      this.definitions,
      observationsOf(policies, held),
      kept,
      this.nowMs,
    );
    this.state = state;
    this.all.push(...transitions);
    return transitions;
  }

  /** The same as words: `firing age/threshold told`. */
  words(held: Held, afterMs?: number): readonly string[] {
    return this.step(held, afterMs).map(wordsOf);
  }
}

export function wordsOf({ kind, policy, rung, labels, isTold }: Transition): string {
  const group = Object.values(labels).join(',');
  return `${kind} ${policy}/${rung}${group && ` ${group}`}${isTold ? ' told' : ''}`;
}
