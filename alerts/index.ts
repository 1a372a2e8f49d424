export { emailMessage } from './notify/email-message.ts';
export type { EmailMessage } from './notify/email-message.ts';
export { logLine } from './notify/log-line.ts';
export { notificationKey, PLAYBOOK_CHARS_MAX } from './notify/notification.ts';
export type {
  AlertRoute,
  AlertSeverity,
  MeasuredValue,
  Notification,
  NotificationLinks,
  NotificationState,
  NotifiedBudget,
  TopContributor,
} from './notify/notification.ts';
export { pagerDutyEvent } from './notify/pagerduty-event.ts';
export type { PagerDutyEvent } from './notify/pagerduty-event.ts';
export { webhookBody, webhookSignature } from './notify/webhook-body.ts';
