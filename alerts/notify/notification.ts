/** What a page says, as plain data: whoever decides writes it, every channel renders it, the outbox keeps it. */
import { z } from 'zod';
import { cut } from './notification-words.ts';

/** PagerDuty's words; Cloud Monitoring's CRITICAL, ERROR and WARNING are the first three. */
export type NotificationSeverity = 'critical' | 'error' | 'warning' | 'info';
/** Who is to know: `page` wakes somebody, `ticket` waits for the morning. */
export type NotificationRoute = 'page' | 'ticket';
export type NotificationState = 'triggered' | 'severity_raised' | 'acknowledged' | 'resolved';

/** The figure that decided. `ratio` is 0 to 1; `burn_rate` is a multiple of what the objective allows. */
export interface MeasuredValue {
  /** What was measured, such as `Mean latency over 5m`. */
  readonly what: string;
  readonly unit: 'ratio' | 'seconds' | 'burn_rate' | 'count';
  readonly value: number;
  readonly threshold: number;
  /** On which side of the threshold it is bad. */
  readonly badWhen: 'above' | 'below';
}

/** The error budget at that instant; ratios are shares of the whole window's budget, and may exceed 1. */
export interface NotifiedBudget {
  readonly slo: string;
  /** As its file has it: `99.9`. */
  readonly objectivePercent: string;
  readonly windowMs: number;
  readonly spentRatio: number;
  readonly incidentSpentRatio?: number | undefined;
  /** 1 − spent; below 0 when overspent. */
  readonly remainingRatio: number;
  readonly burnRate?: number | undefined;
  /** From this instant, at this rate; absent where it never comes. */
  readonly exhaustionMs?: number | undefined;
}

/** Where most of the bad events are. */
export interface TopContributor {
  readonly kind: 'route' | 'stream' | 'subscription';
  readonly name: string;
  readonly badCount: number;
  /** Bad events of all of its kind. */
  readonly totalBadCount: number;
}

export interface NotificationLinks {
  readonly dashboard?: string | undefined;
  readonly trace?: string | undefined;
  readonly playbook?: string | undefined;
}

export interface Notification {
  /** Stable for the incident's life and never used again: PagerDuty and mail threads go by it. */
  readonly incidentId: string;
  /**
   * Place in the incident: 0 is its first notification, then rising, gaps allowed. The same place again, after a crash, is the same
   * notification and goes out once.
   */
  readonly sequence: number;
  readonly state: NotificationState;
  readonly policy: string;
  /** A few words, such as `Requests fail`. */
  readonly title: string;
  /** What users feel, in their words; one or two sentences. */
  readonly summary: string;
  readonly severity: NotificationSeverity;
  readonly route: NotificationRoute;
  /** The system that it is about, such as the project id. */
  readonly source: string;
  readonly sinceMs: number;
  /** When it came to this state. */
  readonly atMs: number;
  readonly measured?: MeasuredValue | undefined;
  readonly budget?: NotifiedBudget | undefined;
  readonly top?: TopContributor | undefined;
  readonly acknowledgedBy?: string | undefined;
  readonly links: NotificationLinks;
  /** Markdown. */
  readonly playbookText?: string | undefined;
  /** Said loudly wherever it arrives. */
  readonly isTest?: boolean | undefined;
}

/** Cloud Monitoring's limit, which the playbooks keep to. */
export const PLAYBOOK_CHARS_MAX = 8_192;

const INCIDENT_ID_CHARS_MAX = 500;
/** Of any other text. With 15 of them and the playbook, one notification is at most 70,000 characters in the outbox. */
const TEXT_CHARS_MAX = 4_000;
const text = z.string().transform((given) => cut(given, TEXT_CHARS_MAX));

/** What the outbox takes and gives back: an id is refused where it is too long, other texts are cut. Keys that a
 * later version added are dropped. */
export const notificationSchema: z.ZodType<Notification> = z.object({
  incidentId: z.string().min(1).max(INCIDENT_ID_CHARS_MAX),
  sequence: z.int().min(0),
  state: z.enum(['triggered', 'severity_raised', 'acknowledged', 'resolved']),
  policy: text,
  title: text,
  summary: text,
  severity: z.enum(['critical', 'error', 'warning', 'info']),
  route: z.enum(['page', 'ticket']),
  source: text,
  sinceMs: z.number(),
  atMs: z.number(),
  measured: z
    .object({
      what: text,
      unit: z.enum(['ratio', 'seconds', 'burn_rate', 'count']),
      value: z.number(),
      threshold: z.number(),
      badWhen: z.enum(['above', 'below']),
    })
    .optional(),
  budget: z
    .object({
      slo: text,
      objectivePercent: text,
      windowMs: z.number(),
      spentRatio: z.number(),
      incidentSpentRatio: z.number().optional(),
      remainingRatio: z.number(),
      burnRate: z.number().optional(),
      exhaustionMs: z.number().optional(),
    })
    .optional(),
  top: z
    .object({
      kind: z.enum(['route', 'stream', 'subscription']),
      name: text,
      badCount: z.number(),
      totalBadCount: z.number(),
    })
    .optional(),
  acknowledgedBy: text.optional(),
  links: z.object({
    dashboard: text.optional(),
    trace: text.optional(),
    playbook: text.optional(),
  }),
  playbookText: z
    .string()
    .transform((given) => cut(given, PLAYBOOK_CHARS_MAX))
    .optional(),
  isTest: z.boolean().optional(),
});

/** The one name of a notification: `incident/2`. */
export function notificationKey({
  incidentId,
  sequence,
}: Pick<Notification, 'incidentId' | 'sequence'>): string {
  return `${incidentId}/${sequence}`;
}
