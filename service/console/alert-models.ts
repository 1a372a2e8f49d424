/** What the console's pages of alerts are made of: the answers of the API's routes. */
import {
  evidenceJson,
  incidentCost,
  incidentJson,
  alertsJson,
  silenceJson,
} from '../../alerts/index.ts';
import type { AlertsSource, EvidenceJson, IncidentJson } from '../../alerts/index.ts';
import type { IncidentFilter, IncidentModel, NowModel, Reader } from '../../dashboards/index.ts';
import { AppError, messageOf } from '../../runtime/index.ts';
import { mayDo } from '../auth/principal.ts';
import type { Principal } from '../auth/principal.ts';
import { ANYONE } from '../auth/method-none.ts';
import type { ServiceDeps } from '../deps.ts';
import { evidenceContext, evidenceOf, policyOf, wholeIncident } from '../routes/alerts.ts';

/** Rows of the list; the API pages through more. */
const INCIDENTS_SHOWN = 100;
/** Incidents of an SLO with their cost, each two questions about the past. */
const COSTED_MAX = 20;
/** As an acknowledgement and a silence take it. */
const NAME_CHARS_MAX = 100;

export function readerOf(principal: Principal | undefined): Reader {
  const isNamed = principal !== undefined && principal.id !== ANYONE.id;
  return {
    mayOperate: principal !== undefined && mayDo(principal, 'operator'),
    name: isNamed ? principal.id.slice(0, NAME_CHARS_MAX) : undefined,
  };
}

export function alertsOfNow(
  { alerts, gameDays, clock }: ServiceDeps,
  reader: Reader,
): NonNullable<NowModel['alerts']> | undefined {
  if (!alerts) return undefined;
  const open = alerts.log.incidents({ isOpen: true, countMax: INCIDENTS_SHOWN });
  const nowMs = clock.nowMs();
  const silences = [
    ...alerts.known.state.silences,
    ...alerts.definitions.maintenance.filter((each) => each.startsAtMs <= nowMs),
  ].filter(({ endsAtMs }) => endsAtMs > nowMs);
  return {
    alerts: alertsJson(alerts, nowMs),
    open: open.map((record) => incidentJson(record, policyOf(alerts, record.incident.policy))),
    silences: silences.map(silenceJson),
    reader,
    hasGameDays: gameDays !== undefined,
  };
}

export function incidentsOf(
  alerts: AlertsSource,
  filter: IncidentFilter,
  policy?: string,
): readonly IncidentJson[] {
  return alerts.log
    .incidents({
      ...(filter === 'all' ? {} : { isOpen: filter === 'open' }),
      ...(policy === undefined ? {} : { policy }),
      countMax: policy === undefined ? INCIDENTS_SHOWN : COSTED_MAX,
    })
    .map((record) => incidentJson(record, policyOf(alerts, record.incident.policy)));
}

/** @throws AppError `not_found` */
export async function incidentModel(
  deps: ServiceDeps,
  alerts: AlertsSource,
  id: string,
): Promise<Omit<IncidentModel, 'reader'>> {
  return {
    incident: wholeIncident(alerts, id),
    evidence: await optional(deps, id, () => evidenceOf(deps, alerts, id)),
    playbook: deps.playbook ?? (() => undefined),
    nowMs: deps.clock.nowMs(),
  };
}

/** Newest incidents of an SLO's own policy, and what each cost of its budget. */
export async function costedIncidents(deps: ServiceDeps, slo: string) {
  const { alerts } = deps;
  const cost = new Map<string, EvidenceJson['budget']>();
  const policies = alerts?.definitions.policies.filter((policy) => policy.slo === slo) ?? [];
  if (!alerts || !policies[0]) return undefined;
  const incidents = incidentsOf(alerts, 'all', policies[0].name);
  const context = evidenceContext(deps, alerts, policies[0].name);
  for (const { id } of context ? incidents : []) {
    const record = alerts.log.incident(id);
    if (!record || !context) continue;
    const spent = await optional(deps, id, () => incidentCost(record, context));
    cost.set(id, spent ? evidenceJson(id, { ...NOTHING_DRAWN, cost: spent }).budget : null);
  }
  return { incidents, cost };
}

const NOTHING_DRAWN = {
  title: '',
  unit: 'count',
  lines: [],
  threshold: undefined,
  query: undefined,
  fromMs: 0,
  toMs: 0,
  stepMs: 0,
} as const;

/** What cannot be read leaves the rest of a page standing. */
async function optional<T>(
  { logger }: ServiceDeps,
  incidentId: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    logger.warn('incident_evidence_unavailable', { incidentId, error: messageOf(error) });
    return undefined;
  }
}

/** @throws AppError `not_found` where this process evaluates no alerts */
export function alertsOf({ alerts }: ServiceDeps): AlertsSource {
  if (alerts) return alerts;
  throw new AppError('not_found', 'This process evaluates no alerts.');
}
