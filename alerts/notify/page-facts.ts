/** The sentences of a page, in the order that a woken person needs them; every channel shows these. */
import type { Notification, NotificationLinks, NotifiedBudget } from './notification.ts';
import {
  countWords,
  cut,
  durationWords,
  oneLine,
  percentWords,
  utcWords,
  valueWords,
} from './notification-words.ts';

export interface Fact {
  readonly label: string;
  readonly text: string;
}

export interface Link {
  readonly label: 'Dashboard' | 'Trace' | 'Playbook';
  readonly url: string;
}

/** Of one fact; a route or a summary is far shorter. */
export const FACT_CHARS_MAX = 2_000;
/** Of a link. Source: the longest URL that Cloud Monitoring takes in a policy's links. */
const URL_CHARS_MAX = 2_083;

/** `PAGE`, `TICKET`, `WORSE: PAGE, CRITICAL`, `ACKNOWLEDGED by Kim`, `RESOLVED after 14 min`; with `TEST` before it where it is one. */
export function stateWords(notification: Notification): string {
  return notification.isTest === true
    ? `TEST ${ownStateWords(notification)}`
    : ownStateWords(notification);
}

/** `Requests fail: every tenth request is answered with an error.`, on one line; once resolved, in words of the past. */
export function headline({ title, summary, state, isTest }: Notification): string {
  const link = state === 'resolved' ? '. It was: ' : ': ';
  return oneLine(`${isTest === true ? 'TEST: ' : ''}${title}${link}${summary}`);
}

/** What is known of: figure and threshold, budget, where, severity, policy, since when. */
export function pageFacts(notification: Notification): readonly Fact[] {
  const { measured, budget, top, severity, policy, source } = notification;
  const facts: (Fact | undefined)[] = [
    measured && {
      label: 'Measured',
      text: `${measured.what}: ${valueWords(measured.unit, measured.value)}; bad ${measured.badWhen} ${valueWords(measured.unit, measured.threshold)}`,
    },
    budget && { label: 'Error budget', text: budgetWords(budget) },
    top && {
      label: `Worst ${top.kind}`,
      text: `${top.name}: ${countWords(top.badCount)} of ${countWords(top.totalBadCount)} bad events${top.totalBadCount > 0 ? ` (${percentWords(top.badCount / top.totalBadCount)})` : ''}`,
    },
    { label: 'Since', text: sinceWords(notification) },
    { label: 'Severity', text: severity },
    { label: 'Policy', text: policy },
    { label: 'System', text: source },
  ];
  return facts
    .filter((fact) => fact !== undefined)
    .map(({ label, text }) => ({ label, text: cut(oneLine(text), FACT_CHARS_MAX) }));
}

/** Links that a receiver takes: http or https, not too long. */
export function pageLinks({ dashboard, trace, playbook }: NotificationLinks): readonly Link[] {
  const links: readonly { label: Link['label']; url: string | undefined }[] = [
    { label: 'Dashboard', url: dashboard },
    { label: 'Trace', url: trace },
    { label: 'Playbook', url: playbook },
  ];
  return links.flatMap(({ label, url }) =>
    url !== undefined && isUsableUrl(url) ? [{ label, url }] : [],
  );
}

function ownStateWords({ state, route, severity, sinceMs, atMs, acknowledgedBy }: Notification) {
  switch (state) {
    case 'triggered':
      return route === 'page' ? 'PAGE' : 'TICKET';
    case 'severity_raised':
      return `WORSE: ${route.toUpperCase()}, ${severity.toUpperCase()}`;
    case 'acknowledged':
      return `ACKNOWLEDGED${acknowledgedBy === undefined ? '' : ` by ${oneLine(cut(acknowledgedBy, 100))}`}`;
    case 'resolved':
      return `RESOLVED after ${durationWords(atMs - sinceMs)}`;
    default:
      return state satisfies never;
  }
}

function sinceWords({ state, sinceMs, atMs }: Notification): string {
  const lasted = durationWords(atMs - sinceMs);
  return state === 'resolved'
    ? `${utcWords(sinceMs)} until ${utcWords(atMs)} (${lasted})`
    : `${utcWords(sinceMs)} (${lasted} before this notification)`;
}

function budgetWords(budget: NotifiedBudget): string {
  const { slo, objectivePercent, windowMs, spentRatio, incidentSpentRatio, remainingRatio } =
    budget;
  const whole = `the budget of ${slo} (${objectivePercent} % over ${durationWords(windowMs)})`;
  const own =
    incidentSpentRatio === undefined
      ? ''
      : `, ${percentWords(incidentSpentRatio)} by this incident`;
  const left =
    remainingRatio > 0
      ? `${percentWords(remainingRatio)} is left`
      : 'nothing is left: it is overspent';
  return `${percentWords(spentRatio)} of ${whole} is spent${own}; ${left}.${rateWords(budget)}`;
}

function rateWords({ burnRate, exhaustionMs, remainingRatio }: NotifiedBudget): string {
  const rate =
    burnRate === undefined ? '' : ` It burns at ${countWords(burnRate)} × the allowed rate.`;
  if (exhaustionMs === undefined || remainingRatio <= 0) return rate;
  return `${rate} At this rate it is gone in ${durationWords(exhaustionMs)}.`;
}

function isUsableUrl(url: string): boolean {
  if (url.length > URL_CHARS_MAX || !URL.canParse(url)) return false;
  return ['http:', 'https:'].includes(new URL(url).protocol);
}
