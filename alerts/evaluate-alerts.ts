/** One evaluation of all policies: asks the reader once, then steps the state machine. */
import { isAppError } from '../runtime/index.ts';
import type { SignalReader } from '../telemetry/index.ts';
import type { AlertPlan, Observation } from './alert-plan.ts';
import type { AlertsState } from './alert-state.ts';
import type { AlertDefinitions } from './load-policies.ts';
import { stepAlerts } from './step-alerts.ts';
import type { AlertsStep } from './step-alerts.ts';

export interface AlertsEvaluation extends AlertsStep {
  /** Every figure, whether it fires, is silenced, or neither. */
  readonly observations: readonly Observation[];
  /** Why the reader did not answer; states that nothing is known of stay. */
  readonly failure: string | undefined;
}

/** `plan` is `alertPlan(definitions.policies)`. Errors other than a reader's `metrics_unavailable` are bugs, and thrown. */
export async function evaluateAlerts(
  definitions: AlertDefinitions,
  plan: AlertPlan,
  reader: SignalReader,
  before: AlertsState,
  nowMs: number,
): Promise<AlertsEvaluation> {
  const { observations, failure } = await observe(plan, reader, nowMs);
  return { ...stepAlerts(definitions, observations, before, nowMs), observations, failure };
}

async function observe(
  plan: AlertPlan,
  reader: SignalReader,
  nowMs: number,
): Promise<Pick<AlertsEvaluation, 'failure' | 'observations'>> {
  try {
    const answers = await reader.read(plan.signals, nowMs);
    return { observations: plan.observe(answers), failure: undefined };
  } catch (error) {
    if (!isAppError(error, 'metrics_unavailable')) throw error;
    return { observations: plan.observeNothing(), failure: error.message };
  }
}
