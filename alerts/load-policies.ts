/** The one reader of alerts/policies.yaml: strict, and every problem at once. */
import { AppError, DefinitionSource } from '../runtime/index.ts';
import type { Path } from '../runtime/index.ts';
import type { Slo } from '../slo/index.ts';
import { checkCondition, toCondition } from './condition-file.ts';
import type { Policy, Rung } from './policy.ts';
import { conditionSchema, fileSchema, policySchema } from './policy-schema.ts';
import type { PoliciesFile, PolicyFile } from './policy-schema.ts';
import type { Silence } from './silence.ts';
import { NO_DATA_RUNG, sloPolicy } from './slo-policy.ts';

/** All that alerting is defined by. */
export interface AlertDefinitions {
  /** Those of the SLOs and those written by hand, by name. */
  readonly policies: readonly Policy[];
  readonly maintenance: readonly Silence[];
  /** Time between two evaluations. */
  readonly intervalMs: number;
}

/** How long the signal of a policy has to be without an answer before `no_data: alert` fires. */
const NO_DATA_FOR_MS = 900_000;
const SECOND_MS = 1_000;

/**
 * The policies of a file and those that the SLOs' burn-rate tiers come to.
 * @throws AppError `invalid_definition` with one line a problem: `file:line path: expected …, such as …; got …`.
 */
export function loadPolicies(file: string, slos: readonly Slo[]): AlertDefinitions {
  return read(new DefinitionSource(file, []), slos);
}

/** The same of a text, named `file` in messages. */
export function parsePolicies(text: string, file: string, slos: readonly Slo[]): AlertDefinitions {
  return read(new DefinitionSource(file, [], text), slos);
}

function read(source: DefinitionSource, slos: readonly Slo[]): AlertDefinitions {
  const head = source.isReadable ? readHead(source, slos) : undefined;
  const items = rawPolicies(source.raw);
  const names = [...slos.map(({ name }) => name), ...items.map(nameOf)];
  const written = items.map((item, index) => readPolicy(source, index, item, head, names));
  for (const [index, policy] of written.entries()) {
    if (!policy || !inhibitsItself(policy, written)) continue;
    const at = ['policies', index, 'inhibited_by'];
    source.report(at, 'expected no circle: policies that inhibit each other tell nobody');
  }
  if (source.problems.length > 0 || !head) {
    throw new AppError(
      'invalid_definition',
      `The alert policies are not valid:\n  ${source.problems.join('\n  ')}`,
      { detail: { problems: source.problems } },
    );
  }
  const { tiers, for: forMs, keep_firing_for: keepFiringForMs } = head.burn_rate;
  const options = {
    ...(tiers ? { tiers } : {}),
    forMs,
    keepFiringForMs,
    noDataForMs: head.burn_rate.no_data_for,
  };
  const policies = [
    ...slos.map((slo) => sloPolicy(slo, options)),
    ...written.filter((each) => each !== undefined),
  ];
  return {
    policies: policies.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    maintenance: head.maintenance.map(toSilence),
    intervalMs: head.interval,
  };
}

function readHead(source: DefinitionSource, slos: readonly Slo[]): PoliciesFile | undefined {
  const result = fileSchema.safeParse(source.raw);
  source.reportIssues(result.error);
  const head = result.data;
  if (!head) return undefined;
  if (head.interval < SECOND_MS) source.report(['interval'], 'expected at least 1s, such as 30s');
  const known = new Set(slos.flatMap((slo) => slo.tiers.map(({ name }) => name)));
  for (const [index, tier] of (head.burn_rate.tiers ?? []).entries()) {
    if (known.has(tier)) continue;
    const names = [...known].join(', ') || 'none';
    source.report(['burn_rate', 'tiers', index], `expected a tier of an SLO, one of ${names}`);
  }
  for (const [index, { name, from, to }] of head.maintenance.entries()) {
    if (to <= from) {
      source.report(['maintenance', index, 'to'], 'expected an instant after from, such as 2h on');
    }
    if (head.maintenance.slice(0, index).some((other) => other.name === name)) {
      source.report(['maintenance', index, 'name'], 'expected a name of its own');
    }
  }
  return head;
}

function readPolicy(
  source: DefinitionSource,
  index: number,
  item: unknown,
  head: PoliciesFile | undefined,
  names: readonly (string | undefined)[],
): Policy | undefined {
  const at: Path = ['policies', index];
  const result = policySchema.safeParse(item);
  source.reportIssues(result.error, at);
  const fields = isRecord(item) ? item : {};
  const name = nameOf(item);
  if (name !== undefined && names.indexOf(name) !== names.lastIndexOf(name)) {
    source.report([...at, 'name'], 'expected a name that no other policy or SLO has');
  }
  checkPart(source, [...at, 'condition'], fields['condition']);
  const cloud = fields['cloud'];
  if (isRecord(cloud)) checkPart(source, [...at, 'cloud', 'condition'], cloud['condition']);
  for (const [place, other] of (result.data?.inhibited_by ?? []).entries()) {
    if (names.includes(other) && other !== name) continue;
    source.report([...at, 'inhibited_by', place], 'expected the name of another policy or SLO');
  }
  if (!result.success || !head) return undefined;
  const place = { file: source.file, line: source.lineOf([...at, 'name']) };
  return toPolicy(result.data, head, place);
}

/** Whether following `inhibited_by` from a policy leads back to it. */
function inhibitsItself(policy: Policy, all: readonly (Policy | undefined)[]): boolean {
  const seen = new Set<string>();
  const ahead = [...policy.inhibitedBy];
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    if (name === policy.name) return true;
    if (seen.has(name)) continue;
    seen.add(name);
    ahead.push(...(all.find((each) => each?.name === name)?.inhibitedBy ?? []));
  }
  return false;
}

function checkPart(source: DefinitionSource, at: Path, raw: unknown): void {
  const condition = conditionSchema.safeParse(raw);
  if (!condition.success) return;
  checkCondition(condition.data, (path, message) => source.report([...at, ...path], message));
}

function toPolicy(file: PolicyFile, head: PoliciesFile, place: Policy['place']): Policy {
  const condition = toCondition(file.condition);
  const common = { keepFiringForMs: file.keep_firing_for };
  const rungs: Rung[] = [
    {
      name: 'threshold',
      severity: file.severity,
      route: file.route,
      condition,
      forMs: file.for,
      summary: `${file.title}.`,
      ...common,
    },
  ];
  if (file.no_data === 'alert' && condition.kind === 'threshold') {
    rungs.push({
      name: NO_DATA_RUNG,
      severity: 'warning',
      route: 'ticket',
      condition: { kind: 'absent', signal: condition.signal },
      forMs: NO_DATA_FOR_MS,
      keepFiringForMs: 0,
      summary: `Nothing is known about it, as no series answers: ${file.title}.`,
    });
  }
  return {
    name: file.name,
    title: file.title,
    service: file.service ?? head.service,
    owner: file.owner ?? head.owner,
    description: file.description,
    userImpact: file.user_impact,
    playbook: file.playbook,
    labels: file.labels,
    by: file.condition.by,
    rungs,
    inhibitedBy: file.inhibited_by,
    firesWhenBlind: file.when_blind === 'fire',
    ...(file.cloud ? { cloudCondition: toCondition(file.cloud.condition) } : {}),
    place,
  };
}

function toSilence(window: PoliciesFile['maintenance'][number]): Silence {
  return {
    id: `maintenance/${window.name}`,
    kind: 'maintenance',
    matchers: window.matches,
    reason: window.reason,
    by: window.by,
    startsAtMs: window.from,
    endsAtMs: window.to,
  };
}

function rawPolicies(raw: unknown): readonly unknown[] {
  const policies: unknown = isRecord(raw) ? raw['policies'] : undefined;
  return Array.isArray(policies) ? policies : [];
}

function nameOf(item: unknown): string | undefined {
  const name: unknown = isRecord(item) ? item['name'] : undefined;
  return typeof name === 'string' ? name : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
