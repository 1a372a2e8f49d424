/**
 * Alerting as pure functions. In a process, for the API and for a backtest alike:
 *
 *   const definitions = loadPolicies('alerts/policies.yaml', slos);
 *   const plan = alertPlan(definitions.policies);
 *   let state = NO_ALERTS;                        // or parseAlertsState(what was kept)
 *   // every definitions.intervalMs, or every virtual step:
 *   const step = await evaluateAlerts(definitions, plan, reader, state, nowMs);
 *   state = step.state;                           // keep it together with step.transitions, then tell receivers
 *   step.transitions.filter((each) => each.isTold) // firing, raised, unmuted, resolved; `incident` has the id, key, severity, route
 *
 * Without a reader: `plan.signals` → answers → `stepAlerts(definitions, plan.observe(answers), state, nowMs)`.
 */
export { alertPlan, evaluatePolicy, GROUPS_MAX } from './alert-plan.ts';
export type { AlertPlan, Observation } from './alert-plan.ts';
export { NO_ALERTS, parseAlertsState } from './alert-state.ts';
export type { AlertsState, AlertState, Incident, Mute } from './alert-state.ts';
export { cloudAlertPolicies } from './compile/cloud-alert-policy.ts';
export type { CloudAlertCondition, CloudAlertPolicy } from './compile/cloud-alert-policy.ts';
export { COMPILED_ALERTS_FOLDER, compiledAlerts } from './compile/compiled-alerts.ts';
export type { CompiledFile } from './compile/compiled-file.ts';
export { policyCases } from './compile/policy-cases.ts';
export type { CaseKind, PolicyCase } from './compile/policy-cases.ts';
export { ruleGroups } from './compile/prometheus-rules.ts';
export type { PlaybookOf, RuleGroup } from './compile/prometheus-rules.ts';
export { rulesYaml } from './compile/rules-yaml.ts';
export { runCase } from './compile/run-case.ts';
export type { CaseResult } from './compile/run-case.ts';
export { answerCondition, conditionSignals, labelsKey } from './condition.ts';
export type { Condition, ConditionAnswer, Guard } from './condition.ts';
export { DRILL_NAMES } from './game-day/drill.ts';
export type { DrillName } from './game-day/drill.ts';
export { GameDay } from './game-day/game-day.ts';
export type { DrillStatus, GameDayOptions, GameDays, GameDayStatus } from './game-day/game-day.ts';
export { gameDayJson, gameDaySchema } from './game-day/game-day-json.ts';
export type { DrillJson, GameDayJson } from './game-day/game-day-json.ts';
export { driveTraffic } from './game-day/traffic.ts';
export { AlertEvaluator } from './alert-evaluator.ts';
export type { AlertEvaluatorOptions, AlertsKnown } from './alert-evaluator.ts';
export {
  alertsJson,
  deliveryJson,
  exampleJson,
  incidentJson,
  silenceJson,
  transitionJson,
} from './alert-json.ts';
export type {
  AlertsJson,
  AlertsSource,
  DeliveryJson,
  ExampleJson,
  IncidentJson,
  SilenceJson,
  TransitionJson,
} from './alert-json.ts';
export type { AlertChange, AlertLog, IncidentQuery, IncidentRecord } from './alert-log.ts';
export { openAlertLog } from './alert-log-sqlite.ts';
export { conditionUnit } from './condition-unit.ts';
export type { ConditionUnit } from './condition-unit.ts';
export { incidentCost, incidentEvidence } from './incident-evidence.ts';
export type { EvidenceContext, IncidentCost, IncidentEvidence } from './incident-evidence.ts';
export { evidenceJson } from './incident-evidence-json.ts';
export type { EvidenceJson } from './incident-evidence-json.ts';
export { exampleTrace } from './example-trace.ts';
export type { ExampleSource, ExampleTrace, FoundExample } from './example-trace.ts';
export { notificationOf } from './notification-of.ts';
export type { NotificationContext } from './notification-of.ts';
export { tellingOf } from './telling.ts';
export type { Telling } from './telling.ts';
export { topContributor } from './top-contributor.ts';
export { conditionPromQL } from './condition-promql.ts';
export { evaluateAlerts } from './evaluate-alerts.ts';
export type { AlertsEvaluation } from './evaluate-alerts.ts';
export { acknowledge, addSilence, endSilence } from './hand-set.ts';
export { lintAlerts } from './lint.ts';
export type { AlertLintContext, AlertLintFinding, AlertLintRule } from './lint.ts';
export { loadPolicies, parsePolicies } from './load-policies.ts';
export type { AlertDefinitions } from './load-policies.ts';
export { alertName, compareLoudness, SEVERITIES } from './policy.ts';
export type { AlertSeverity, Policy, Route, Rung } from './policy.ts';
export type { Silence } from './silence.ts';
export { sloPolicy } from './slo-policy.ts';
export type { BurnRateOptions } from './slo-policy.ts';
export { alertLabels, stepAlerts } from './step-alerts.ts';
export type { AlertsStep } from './step-alerts.ts';
export type { Transition, TransitionKind } from './transition.ts';
export { CHANNEL_KINDS } from './notify/channel.ts';
export type { Channel, ChannelKind, SendResult } from './notify/channel.ts';
export { addressOf, emailChannels } from './notify/channel-email.ts';
export { logChannel } from './notify/channel-log.ts';
export { pagerDutyChannel } from './notify/channel-pagerduty.ts';
export { webhookChannel } from './notify/channel-webhook.ts';
export { openDispatcher } from './notify/dispatcher.ts';
export type { Dispatcher, DispatcherOptions } from './notify/dispatcher.ts';
export { emailMessage } from './notify/email-message.ts';
export type { EmailMessage } from './notify/email-message.ts';
export { logLine } from './notify/log-line.ts';
export { notificationKey, PLAYBOOK_CHARS_MAX } from './notify/notification.ts';
export type {
  MeasuredValue,
  Notification,
  NotificationLinks,
  NotificationRoute,
  NotificationSeverity,
  NotificationState,
  NotifiedBudget,
  TopContributor,
} from './notify/notification.ts';
export { OUTBOX_LIMITS } from './notify/outbox.ts';
export type { Delivery, DeliveryState, OutboxLimits } from './notify/outbox.ts';
export { pagerDutyEvent } from './notify/pagerduty-event.ts';
export type { PagerDutyEvent } from './notify/pagerduty-event.ts';
export { retryDelayMs } from './notify/retry-delay.ts';
export { webhookBody, webhookSignature } from './notify/webhook-body.ts';
