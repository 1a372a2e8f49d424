/** Notifications that the tests of this folder render and send: one incident from its page to its end, and a ticket. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Notification } from '../../../alerts/index.ts';

const SINCE_MS = Date.UTC(2026, 10, 26, 3, 2, 11);
const MINUTE_MS = 60_000;

/** The first page of an incident with everything that a page can say. */
export const page: Notification = {
  incidentId: 'api-availability-20261126T030211Z',
  sequence: 0,
  state: 'triggered',
  policy: 'api-availability',
  title: 'Requests fail',
  summary: 'About every eighth request is answered with an error; what was accepted is safe.',
  severity: 'critical',
  route: 'page',
  source: 'highwater-local',
  sinceMs: SINCE_MS,
  atMs: SINCE_MS + 2 * MINUTE_MS,
  measured: {
    what: 'Error ratio over 5m',
    unit: 'ratio',
    value: 0.1234,
    threshold: 0.0144,
    badWhen: 'above',
  },
  budget: {
    slo: 'api-availability',
    objectivePercent: '99.9',
    windowMs: 30 * 86_400_000,
    spentRatio: 0.42,
    incidentSpentRatio: 0.031,
    remainingRatio: 0.58,
    burnRate: 123.4,
    exhaustionMs: 3.4 * 3_600_000,
  },
  top: {
    kind: 'route',
    name: 'GET /v1/streams/{stream}/events',
    badCount: 812,
    totalBadCount: 1_003,
  },
  links: {
    dashboard: 'https://console.example.com/dashboard?slo=api-availability&from=now-1h',
    trace: 'https://traces.example.com/4bf92f3577b34da6a3ce929d0e0e4736',
    playbook: 'https://docs.example.com/playbooks/api-availability.md',
  },
  playbookText: readFileSync(
    join(import.meta.dirname, '../../../alerts/playbooks/api-availability.md'),
    'utf8',
  ),
};

export const acknowledged: Notification = {
  ...page,
  sequence: 1,
  state: 'acknowledged',
  atMs: SINCE_MS + 5 * MINUTE_MS,
  acknowledgedBy: 'kim@example.com',
};

export const resolved: Notification = {
  ...page,
  sequence: 2,
  state: 'resolved',
  atMs: SINCE_MS + 16 * MINUTE_MS,
  measured: { ...page.measured!, value: 0.0002 },
};

/** Little is known of it: no budget, no trace, no playbook text. */
export const ticket: Notification = {
  incidentId: 'dead-letters-1',
  sequence: 0,
  state: 'triggered',
  policy: 'dead-letters',
  title: 'Messages are refused',
  summary: 'Some events of transactions cannot be stored as they are; they wait in quarantine.',
  severity: 'warning',
  route: 'ticket',
  source: 'highwater-local',
  sinceMs: SINCE_MS,
  atMs: SINCE_MS,
  measured: {
    what: 'Refused messages over 10m',
    unit: 'count',
    value: 1_234,
    threshold: 0,
    badWhen: 'above',
  },
  top: { kind: 'stream', name: 'transactions', badCount: 1_200, totalBadCount: 1_234 },
  links: {},
};

export const raised: Notification = {
  ...ticket,
  sequence: 1,
  state: 'severity_raised',
  severity: 'error',
  route: 'page',
  atMs: SINCE_MS + 90 * MINUTE_MS,
};

/** What an incident of another id says: `count` of them, each triggered and resolved. */
export function incidents(count: number, name = 'incident'): readonly Notification[] {
  return Array.from({ length: count }, (_, index) => [
    { ...page, incidentId: `${name}-${index}`, title: `${name} ${index}` },
    { ...resolved, incidentId: `${name}-${index}`, title: `${name} ${index}`, sequence: 1 },
  ]).flat();
}
