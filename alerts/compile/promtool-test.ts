/** Cases as the unit tests of promtool, Prometheus's own tool. */
import { stringify } from 'yaml';
import { formatDuration } from '../../runtime/index.ts';
import type { Labels } from '../../telemetry/index.ts';
import { alertName } from '../policy.ts';
import type { CaseSample, CaseSeries } from './case-series.ts';
import type { PolicyCase } from './policy-cases.ts';

const HEAD = `# Made by "highwater compile": what every alert does with made-up series. Run: promtool test rules rules.test.yaml
`;

/**
 * The file's text; `ruleFiles` are paths from its own folder. What fires is asked of `ALERTS`, the series that Prometheus itself keeps of
 * every alert.
 */
export function promtoolTests(cases: readonly PolicyCase[], ruleFiles: readonly string[]): string {
  const evaluationMs = Math.min(...cases.map((each) => each.evaluationMs));
  const document = {
    rule_files: ruleFiles,
    evaluation_interval: formatDuration(evaluationMs),
    tests: cases.map(promtoolTest),
  };
  return `${HEAD}${stringify(document, { lineWidth: 0 })}`;
}

function promtoolTest(each: PolicyCase): unknown {
  const { policy, rung, kind, series, sampleMs, checks } = each;
  const by = ['alertname', ...policy.by].join(', ');
  const alertname = alertName(policy, rung);
  const expr = `sum by (${by}) (ALERTS{alertname="${alertname}",alertstate="firing"})`;
  return {
    name: `${policy.name}/${rung.name}: ${kind}`,
    interval: formatDuration(sampleMs),
    input_series: series.map((one) => ({
      series: seriesText(one.name, one.labels),
      values: valuesText(one),
    })),
    promql_expr_test: checks.map(({ atMs, firing }) => ({
      expr,
      eval_time: formatDuration(atMs),
      exp_samples: firing.map((labels) => ({
        labels: seriesText('', { alertname, ...labels }),
        value: 1,
      })),
    })),
  };
}

export function seriesText(name: string, labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return `${name}{${pairs.join(', ')}}`;
}

/** Samples in promtool's short form: `1+2x3` is 1 3 5 7, `_x2` two without a sample. */
export function valuesText({ samples }: Pick<CaseSeries, 'samples'>): string {
  const parts: string[] = [];
  for (let at = 0; at < samples.length;) {
    const count = runLength(samples, at);
    parts.push(runText(samples, at, count));
    at += count;
  }
  return parts.join(' ');
}

/** Samples from `at` on that rise by the same step; the sums are those that promtool makes. */
function runLength(samples: readonly CaseSample[], at: number): number {
  const first = samples[at];
  if (first === undefined) {
    const next = samples.findIndex((sample, index) => index > at && sample !== undefined);
    return (next === -1 ? samples.length : next) - at;
  }
  if (first === 'stale') return 1;
  const second = samples[at + 1];
  if (typeof second !== 'number') return 1;
  const step = stepOf(first, second);
  if (step === undefined) return 1;
  let count = 2;
  while (at + count < samples.length && samples[at + count] === first + step * count) count++;
  return count;
}

/** The step whose text leads from the one to the other exactly. */
function stepOf(first: number, second: number): number | undefined {
  const step = Number((second - first).toPrecision(12));
  return first + step === second ? step : undefined;
}

function runText(samples: readonly CaseSample[], at: number, count: number): string {
  const first = samples[at];
  if (first === undefined) return count === 1 ? '_' : `_x${count}`;
  if (first === 'stale' || count === 1) return String(first);
  const step = stepOf(first, samples[at + 1] as number) ?? 0;
  return `${first}${step < 0 ? '-' : '+'}${Math.abs(step)}x${count - 1}`;
}
