/** A notification as one log line; its stable fields are what a log-based filter goes by. */
import type { LogFields } from '../../runtime/index.ts';
import type { Notification } from './notification.ts';
import { headline, pageLinks, stateWords } from './page-facts.ts';

export function logLine(notification: Notification): {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: 'alert_notification';
  readonly fields: LogFields;
} {
  const { state, route, measured, budget, top } = notification;
  const isOpen = state === 'triggered' || state === 'severity_raised';
  return {
    level: isOpen ? (route === 'page' ? 'error' : 'warn') : 'info',
    event: 'alert_notification',
    fields: {
      message: `${stateWords(notification)}. ${headline(notification)}`,
      incidentId: notification.incidentId,
      sequence: notification.sequence,
      state,
      policy: notification.policy,
      alertSeverity: notification.severity,
      route,
      since: new Date(notification.sinceMs).toISOString(),
      ...(measured && { measuredValue: measured.value, threshold: measured.threshold }),
      ...(budget && { budgetRemainingRatio: budget.remainingRatio }),
      ...(top && { worst: top.name }),
      ...Object.fromEntries(
        pageLinks(notification.links).map(({ label, url }) => [`${label.toLowerCase()}Url`, url]),
      ),
      ...(notification.isTest === true && { isTest: true }),
    },
  };
}
