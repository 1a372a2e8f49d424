/** Lint: what is valid to read and yet would not work, each with where, why and what would. */
import { formatDuration } from '../runtime/index.ts';
import { formatSelector, lintSelector } from '../slo/index.ts';
import type { SelectorRule } from '../slo/index.ts';
import { metricSpec } from '../telemetry/index.ts';
import type { MetricSpec, Selector, Signal } from '../telemetry/index.ts';
import { DOCUMENTATION_BYTES_MAX, DOCUMENTATION_CHARS_MAX } from './compile/cloud-alert-policy.ts';
import type { Condition } from './condition.ts';
import type { AlertDefinitions } from './load-policies.ts';
import type { Policy } from './policy.ts';

export type AlertLintRule =
  | SelectorRule
  | 'invalid'
  | 'late-in-cloud'
  | 'long-playbook'
  | 'missing-playbook'
  | 'never-fires'
  | 'over-maintenance'
  | 'short-window';

export interface AlertLintFinding {
  /** `error` fails the lint; `info` is worth knowing. */
  readonly level: 'error' | 'info';
  readonly rule: AlertLintRule;
  readonly file: string;
  readonly line: number;
  readonly policy: string;
  readonly message: string;
}

export interface AlertLintContext {
  /** The text of a playbook, or `undefined` where there is no such file. */
  readonly playbookOf: (path: string) => string | undefined;
  readonly nowMs: number;
}

type Report = (level: AlertLintFinding['level'], rule: AlertLintRule, message: string) => void;
type Kind = MetricSpec['kind'];

/** Metrics that others write: Prometheus itself, and Cloud Monitoring. */
const FOREIGN = /^(?:up$|monitoring_googleapis_com:)/;
/** A window holds at least so many evaluations, else one late sample decides. */
const EVALUATIONS_MIN = 4;
const MINUTE_MS = 60_000;

/** All findings, by policy; what concerns an SLO itself is told by the lint of SLOs. */
export function lintAlerts(
  { policies, maintenance, intervalMs }: AlertDefinitions,
  { playbookOf, nowMs }: AlertLintContext,
): readonly AlertLintFinding[] {
  const findings: AlertLintFinding[] = [];
  for (const policy of policies) {
    const { file, line } = policy.place;
    const report: Report = (level, rule, message) =>
      findings.push({ level, rule, file, line, policy: policy.name, message });
    lintPlaybook(policy, playbookOf(policy.playbook), report);
    const [rung] = policy.rungs;
    if (policy.slo !== undefined || !rung) continue;
    lintCondition(rung.condition, intervalMs, report);
    lintDelay(policy, report);
  }
  for (const { id, endsAtMs } of maintenance) {
    if (endsAtMs > nowMs) continue;
    const message = `${id} ended at ${new Date(endsAtMs).toISOString()}; delete it`;
    findings.push({
      level: 'info',
      rule: 'over-maintenance',
      file: '',
      line: 1,
      policy: '',
      message,
    });
  }
  return findings;
}

function lintPlaybook({ playbook }: Policy, text: string | undefined, report: Report): void {
  if (text === undefined) {
    report(
      'error',
      'missing-playbook',
      `there is no file ${playbook}; write it, or name the one that says what to do`,
    );
    return;
  }
  const byteCount = Buffer.byteLength(text);
  if (text.length > DOCUMENTATION_CHARS_MAX || byteCount > DOCUMENTATION_BYTES_MAX) {
    report(
      'error',
      'long-playbook',
      `${playbook} has ${text.length} characters and ${byteCount} bytes; an alert in Cloud Monitoring carries ${DOCUMENTATION_CHARS_MAX} and ${DOCUMENTATION_BYTES_MAX}`,
    );
  }
}

function lintCondition(condition: Condition, intervalMs: number, report: Report): void {
  if (condition.kind === 'burn') return;
  const { signal } = condition;
  for (const { selector, kinds } of selectorsOf(signal)) {
    if (FOREIGN.test(selector.metric)) continue;
    const spec = lintSelector(selector, kinds, report);
    for (const label of 'by' in signal ? signal.by : []) {
      if (!spec || spec.labels[label]) continue;
      const labels = Object.keys(spec.labels).join(', ') || 'none';
      report(
        'error',
        'unknown-label',
        `by: ${formatSelector(selector)} has no label ${label}; it has ${labels}`,
      );
    }
  }
  if (signal.windowMs < EVALUATIONS_MIN * intervalMs) {
    const least = formatDuration(EVALUATIONS_MIN * intervalMs);
    report(
      'error',
      'short-window',
      `window: ${formatDuration(signal.windowMs)} holds fewer than ${EVALUATIONS_MIN} evaluations; ${least} would do`,
    );
  }
  if (condition.kind !== 'threshold') return;
  const { comparison, bound } = condition;
  if (comparison === 'below' && bound <= 0 && 'counter' in signal) {
    report(
      'error',
      'never-fires',
      `below: a counter never rises by less than ${bound}; 1 would do`,
    );
  }
  if (comparison === 'above' && bound >= 1 && signal.kind === 'ratio') {
    report('error', 'never-fires', `above: a ratio is never above ${bound}; 1% is a ratio of 0.01`);
  }
}

/** What Cloud Monitoring knows late is late once more by its `for`. */
function lintDelay({ rungs }: Policy, report: Report): void {
  for (const { condition, forMs } of rungs) {
    if (condition.kind === 'burn' || forMs <= MINUTE_MS) continue;
    const delays = selectorsOf(condition.signal).map(
      ({ selector }) => metricSpec(selector.metric)?.cloudDelayMs ?? 0,
    );
    const delayMs = Math.max(...delays);
    if (delayMs === 0) continue;
    report(
      'info',
      'late-in-cloud',
      `for: ${formatDuration(forMs)} comes on top of the ${formatDuration(delayMs)} that Cloud Monitoring is late; 1m would do`,
    );
  }
}

function selectorsOf(signal: Signal): readonly { selector: Selector; kinds: readonly Kind[] }[] {
  switch (signal.kind) {
    case 'rate':
    case 'increase':
      return [{ selector: signal.counter, kinds: ['counter', 'histogram'] }];
    case 'ratio':
      return [signal.part, signal.whole].map((selector) => ({
        selector,
        kinds: ['counter', 'histogram'],
      }));
    case 'mean':
    case 'quantile':
    case 'countAtOrBelow':
    case 'shareAtOrBelow':
      return [{ selector: signal.histogram, kinds: ['histogram'] }];
    case 'max':
    case 'last':
    case 'sum':
    case 'goodSlices':
    case 'validSlices':
      break;
  }
  return [{ selector: signal.gauge, kinds: ['gauge'] }];
}
