/** The page that a telling becomes: what users feel, the figure that decided, the budget, the worst route, the playbook. */
import { formatDuration } from '../runtime/index.ts';
import type { SloStatus } from '../slo/index.ts';
import { metricsOf } from '../telemetry/index.ts';
import type { Signal } from '../telemetry/index.ts';
import { signalUnit } from './condition-unit.ts';
import type {
  MeasuredValue,
  Notification,
  NotifiedBudget,
  TopContributor,
} from './notify/notification.ts';
import type { Policy, Rung } from './policy.ts';
import type { Telling } from './telling.ts';

export interface NotificationContext {
  readonly policy: Policy;
  /** The system that it is about. */
  readonly source: string;
  /** Of the policy's SLO, where it is known. */
  readonly slo?: SloStatus | undefined;
  readonly top?: TopContributor | undefined;
  readonly links: Notification['links'];
  /** The playbook itself. */
  readonly playbookText?: string | undefined;
}

const KIND_WORDS: Readonly<Partial<Record<Signal['kind'], string>>> = {
  mean: 'Mean',
  quantile: 'Quantile',
  ratio: 'Share of bad events',
  rate: 'Rate a second',
  increase: 'Number',
  max: 'Largest value',
  last: 'Newest value',
  sum: 'Sum',
};

export function notificationOf(telling: Telling, context: NotificationContext): Notification {
  const { incident, sequence, state, atMs } = telling;
  const { policy, source, slo, top, links, playbookText } = context;
  const rung = policy.rungs.find(({ name }) => name === incident.rung);
  const group = Object.entries(incident.labels).map(([label, value]) => `${label} ${value}`);
  return {
    incidentId: incident.id,
    sequence,
    state,
    policy: policy.name,
    title: [policy.title, ...group].join(', '),
    summary: rung ? `${policy.userImpact} ${rung.summary}` : policy.userImpact,
    severity: incident.severity,
    route: incident.route,
    source,
    sinceMs: incident.startedAtMs,
    atMs,
    measured: rung && measuredOf(rung, slo, telling.value),
    budget: slo && budgetOf(slo),
    top,
    acknowledgedBy: incident.acknowledged?.by,
    links,
    playbookText,
  };
}

function measuredOf(
  { condition }: Rung,
  slo: SloStatus | undefined,
  value: number,
): MeasuredValue | undefined {
  if (!Number.isFinite(value)) return undefined;
  switch (condition.kind) {
    case 'threshold': {
      const { signal, comparison, bound } = condition;
      const what = `${KIND_WORDS[signal.kind] ?? signal.kind} of ${metricsOf(signal)[0]} over ${formatDuration(signal.windowMs)}`;
      return { what, unit: signalUnit(signal), value, threshold: bound, badWhen: comparison };
    }
    case 'burn': {
      const budgetRatio = slo?.slo.objective.budgetRatio.value;
      const what = `over ${formatDuration(condition.long.valid.windowMs)}`;
      const threshold = condition.thresholdRatio.value;
      if (budgetRatio === undefined) {
        return { what: `Error ratio ${what}`, unit: 'ratio', value, threshold, badWhen: 'above' };
      }
      return {
        what: `Burn rate ${what}`,
        unit: 'burn_rate',
        value: value / budgetRatio,
        threshold: Number((threshold / budgetRatio).toPrecision(12)),
        badWhen: 'above',
      };
    }
    case 'absent':
      break;
  }
  return undefined;
}

function budgetOf(status: SloStatus): NotifiedBudget | undefined {
  const { slo, budget, incident, windows } = status;
  if (!budget) return undefined;
  const incidentWindowMs = incident?.windowMs;
  const recent = windows.find(
    ({ windowMs }) => windowMs === (incidentWindowMs ?? windows[0]?.windowMs),
  );
  return {
    slo: slo.name,
    objectivePercent: slo.objective.percent.text,
    windowMs: slo.windowMs,
    spentRatio: 1 - budget.remainingRatio,
    incidentSpentRatio: incident?.budgetSpentRatio,
    remainingRatio: budget.remainingRatio,
    burnRate: recent?.burnRate,
    exhaustionMs: recent?.exhaustionMs,
  };
}
