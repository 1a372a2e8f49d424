/**
 * A notification as the JSON of a webhook, signed as Standard Webhooks has it, so that libraries of many languages verify it.
 * Source: the Standard Webhooks specification (`webhook-id`, `webhook-timestamp`, `webhook-signature: v1,BASE64`).
 */
import { createHmac } from 'node:crypto';
import type { Notification } from './notification.ts';
import { notificationKey } from './notification.ts';
import { headline, stateWords } from './page-facts.ts';

/** Raised where a field changes its meaning or goes; new fields come without it. */
export const WEBHOOK_VERSION = '1';

/** The body, as text: it is this text that is signed. */
export function webhookBody(notification: Notification): string {
  const { measured, budget, top, links } = notification;
  return JSON.stringify({
    version: WEBHOOK_VERSION,
    type: `alert.${notification.state}`,
    id: notificationKey(notification),
    timestamp: time(notification.atMs),
    data: {
      incident_id: notification.incidentId,
      sequence: notification.sequence,
      state: notification.state,
      headline: `${stateWords(notification)}. ${headline(notification)}`,
      title: notification.title,
      summary: notification.summary,
      policy: notification.policy,
      severity: notification.severity,
      route: notification.route,
      source: notification.source,
      since: time(notification.sinceMs),
      measured: measured
        ? {
            what: measured.what,
            unit: measured.unit,
            value: measured.value,
            threshold: measured.threshold,
            bad_when: measured.badWhen,
          }
        : null,
      budget: budget
        ? {
            slo: budget.slo,
            objective_percent: budget.objectivePercent,
            window_seconds: budget.windowMs / 1_000,
            spent_ratio: budget.spentRatio,
            incident_spent_ratio: budget.incidentSpentRatio ?? null,
            remaining_ratio: budget.remainingRatio,
            burn_rate: budget.burnRate ?? null,
            exhaustion_seconds:
              budget.exhaustionMs === undefined ? null : budget.exhaustionMs / 1_000,
          }
        : null,
      top: top
        ? {
            kind: top.kind,
            name: top.name,
            bad_count: top.badCount,
            total_bad_count: top.totalBadCount,
          }
        : null,
      acknowledged_by: notification.acknowledgedBy ?? null,
      links: {
        dashboard: links.dashboard ?? null,
        trace: links.trace ?? null,
        playbook: links.playbook ?? null,
      },
      playbook_text: notification.playbookText ?? null,
      is_test: notification.isTest === true,
    },
  });
}

/**
 * The headers that prove `body` to who shares `secret`: `whsec_` and base64. The id is the same for each repeat, the timestamp is
 * of the sending, so that a receiver can drop repeats and refuse what is old.
 */
export function webhookSignature(
  notification: Notification,
  body: string,
  secret: string,
  nowMs: number,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const id = webhookId(notification);
  const timestamp = String(Math.floor(nowMs / 1_000));
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}

/** Fit for a header, whatever the incident's id holds. */
export function webhookId(notification: Notification): string {
  return encodeURIComponent(notificationKey(notification).toWellFormed());
}

function time(atMs: number): string {
  return new Date(atMs).toISOString();
}
