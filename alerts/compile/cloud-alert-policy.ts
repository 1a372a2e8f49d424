/** Policies as Cloud Monitoring takes them: every figure and text that Terraform needs, so that it derives nothing. */
import { AppError } from '../../runtime/index.ts';
import { conditionPromQL } from '../condition-promql.ts';
import type { AlertDefinitions } from '../load-policies.ts';
import { alertName, compareLoudness } from '../policy.ts';
import type { Policy, Route, Rung } from '../policy.ts';
import type { PlaybookOf } from './prometheus-rules.ts';

export interface CloudAlertCondition {
  readonly name: string;
  /** Self-contained PromQL; both windows of a burn rate in one query. */
  readonly query: string;
  readonly duration_seconds: number;
  readonly evaluation_interval_seconds: number;
}

/** One policy of Cloud Monitoring: what of a policy has the same route, its conditions joined by OR: one incident each. */
export interface CloudAlertPolicy {
  readonly display_name: string;
  readonly severity: 'CRITICAL' | 'ERROR' | 'WARNING';
  readonly route: Route;
  readonly subject: string;
  /** Markdown; the whole playbook. */
  readonly documentation: string;
  readonly auto_close_seconds: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly conditions: readonly CloudAlertCondition[];
}

/** Source: Cloud Monitoring, alert policy documentation: 8,192 characters and 10,240 bytes; a subject of 255 bytes. */
export const DOCUMENTATION_CHARS_MAX = 8_192;
export const DOCUMENTATION_BYTES_MAX = 10_240;
const SUBJECT_BYTES_MAX = 255;
/** Source: the API refuses less. */
const AUTO_CLOSE_SECONDS_MIN = 1_800;
/** Source: the interval of a PromQL condition is a multiple of 30 s. */
const INTERVAL_STEP_MS = 30_000;
/** Source: conditions of one policy. */
const CONDITIONS_MAX = 6;

/**
 * By a key that stays the same: `api-availability-page`.
 * @throws AppError `invalid_definition` where a playbook or a policy is beyond what Cloud Monitoring takes.
 */
export function cloudAlertPolicies(
  { policies, intervalMs }: AlertDefinitions,
  playbookOf: PlaybookOf,
): Readonly<Record<string, CloudAlertPolicy>> {
  const interval = Math.ceil(intervalMs / INTERVAL_STEP_MS) * INTERVAL_STEP_MS;
  const all = policies.flatMap((policy) =>
    (['page', 'ticket'] as const).flatMap((route) => {
      const rungs = policy.rungs.filter((rung) => rung.route === route);
      if (rungs.length === 0) return [];
      const made = cloudPolicy(policy, route, rungs, interval, playbookOf(policy.playbook));
      return [[`${policy.name}-${route}`, made] as const];
    }),
  );
  return Object.fromEntries(all);
}

function cloudPolicy(
  policy: Policy,
  route: Route,
  rungs: readonly Rung[],
  intervalMs: number,
  playbook: string,
): CloudAlertPolicy {
  const [loudest] = rungs.toSorted((a, b) => compareLoudness(b, a));
  const severity = (loudest?.severity ?? 'warning').toUpperCase();
  const content = documentation(policy, playbook);
  if (rungs.length > CONDITIONS_MAX) {
    throw refused(
      policy,
      `expected at most ${CONDITIONS_MAX} tiers of one route; got ${rungs.length}`,
    );
  }
  const keepMs = Math.max(...rungs.map(({ keepFiringForMs }) => keepFiringForMs));
  return {
    display_name: `${policy.title} (${policy.name}, ${route})`,
    severity: severity === 'CRITICAL' || severity === 'ERROR' ? severity : 'WARNING',
    route,
    subject: cutBytes(policy.title, SUBJECT_BYTES_MAX),
    documentation: content,
    auto_close_seconds: Math.max(AUTO_CLOSE_SECONDS_MIN, seconds(keepMs)),
    labels: {
      ...policy.labels,
      policy: policy.name,
      route,
      service: policy.service,
      owner: policy.owner,
    },
    conditions: rungs.map((rung) => cloudCondition(policy, rung, intervalMs)),
  };
}

function cloudCondition(policy: Policy, rung: Rung, intervalMs: number): CloudAlertCondition {
  const isFirst = rung === policy.rungs[0];
  const condition = (isFirst && policy.cloudCondition) || rung.condition;
  return {
    name: alertName(policy, rung),
    query: conditionPromQL(condition),
    duration_seconds: seconds(rung.forMs),
    evaluation_interval_seconds: seconds(intervalMs),
  };
}

function documentation(policy: Policy, playbook: string): string {
  const content = `${policy.userImpact}\n\n${playbook.trim()}\n`;
  const byteCount = Buffer.byteLength(content);
  if (content.length > DOCUMENTATION_CHARS_MAX || byteCount > DOCUMENTATION_BYTES_MAX) {
    throw refused(
      policy,
      `expected a playbook of at most ${DOCUMENTATION_CHARS_MAX} characters and ${DOCUMENTATION_BYTES_MAX} bytes; ${policy.playbook} comes to ${content.length} and ${byteCount}`,
    );
  }
  return content;
}

function refused({ place, name }: Policy, message: string): AppError {
  const problem = `${place.file}:${place.line} ${name}: ${message}`;
  return new AppError('invalid_definition', problem, { detail: { problems: [problem] } });
}

/** As much of a text as fits; a character that is cut through goes as a whole. */
function cutBytes(text: string, most: number): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, most), { stream: true });
}

function seconds(durationMs: number): number {
  return Math.ceil(durationMs / 1_000);
}
