import { readFileSync } from 'node:fs';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { parse } from 'yaml';
import {
  cloudAlertPolicies,
  compiledAlerts,
  policyCases,
  rulesYaml,
  runCase,
} from '../../alerts/index.ts';
import { playbookOf } from '../../cli/alerts.ts';
import { staleFiles } from '../../cli/commands/compile.ts';
import { compiledFiles } from '../../cli/compiled.ts';
import { isAppError, loadConfig } from '../../runtime/index.ts';
import { findPrometheus } from '../helpers/prometheus.ts';
import { AGE, AVAILABILITY_SLO, definitionsOf } from './definitions.ts';
import { GROUPS, promtool, SHIPPED, withFiles } from './shipped.ts';

interface PromtoolFile {
  readonly rule_files: string[];
  readonly evaluation_interval: string;
  readonly tests: { readonly name: string }[];
}

test('the compiled files are those that the definitions give: npx highwater compile', (t) => {
  t.deepEqual(staleFiles(compiledFiles(loadConfig())), []);
});

test('a changed, a missing and a left-over file are stale', (t) => {
  const [rules, ...others] = compiledFiles(loadConfig());
  const changed = [{ ...rules!, content: `${rules!.content}\n` }, ...others.slice(1)];
  t.deepEqual(staleFiles([...changed, { path: 'alerts/compiled/x.yaml', content: '' }]), [
    { path: 'alerts/compiled/rules.yaml', what: 'changed' },
    { path: 'alerts/compiled/x.yaml', what: 'new' },
    { path: others[0]!.path, what: 'deleted' },
  ]);
});

test('compiling twice gives the same bytes', (t) => {
  t.deepEqual(compiledAlerts(SHIPPED, playbookOf), compiledAlerts(SHIPPED, playbookOf));
});

test('every alert has a case that fires it and one that keeps it quiet, and every policy all that apply', (t) => {
  const cases = policyCases(SHIPPED);
  for (const policy of SHIPPED.policies) {
    for (const rung of policy.rungs) {
      const own = cases.filter((each) => each.policy === policy && each.rung === rung);
      t.true(own.some(({ checks }) => checks.some(({ firing }) => firing.length > 0)));
      t.true(own.some(({ checks }) => checks.every(({ firing }) => firing.length === 0)));
    }
  }
  const kinds = (name: string) =>
    new Set(cases.filter(({ policy }) => policy.name === name).map(({ kind }) => kind)).size;
  t.is(kinds('api-availability'), 8, 'all but label groups');
  t.is(kinds('api-latency-mean'), 8, 'all but label groups');
  t.is(
    kinds('backlog-age'),
    5,
    'a gauge has neither guard nor reset nor traffic, and a spike of 30 s is not below its for',
  );
  t.is(kinds('dead-letters'), 7, 'no spike is short where one event is too much; no guard');
  t.is(kinds('freshness-transactions'), 5, 'slices have neither guard nor reset nor traffic');
});

test('the evaluator passes every compiled case', async (t) => {
  t.timeout(300_000);
  for (const each of policyCases(SHIPPED)) {
    const { failures } = await runCase(SHIPPED, each);
    t.deepEqual(failures, [], `${each.policy.name}/${each.rung.name}: ${each.kind}`);
  }
});

for (const major of [2, 3] as const) {
  test(`promtool ${major} finds the compiled rules in order, and every compiled case passes`, async (t) => {
    t.timeout(600_000);
    const path = await promtoolOf(t, major);
    if (path === undefined) return;
    const checked = await promtool(path, ['check', 'rules', 'alerts/compiled/rules.yaml']);
    t.true(checked.isContent, checked.output);
    let testedCount = 0;
    for (const { path: file } of compiledAlerts(SHIPPED, playbookOf)) {
      if (!file.endsWith('.test.yaml')) continue;
      const compiled = parse(readFileSync(file, 'utf8')) as PromtoolFile;
      t.deepEqual(compiled.rule_files, ['rules.yaml']);
      // Each policy's tests run on its own group: promtool would evaluate all the others at every step, too.
      const byPolicy = Map.groupBy(compiled.tests, ({ name }) => name.split('/')[0]!);
      for (const [policy, tests] of byPolicy) {
        const group = GROUPS.find(({ name }) => name === `highwater-${policy}`)!;
        const files = {
          'rules.yaml': rulesYaml([group]),
          'rules.test.yaml': JSON.stringify({ ...compiled, tests }),
        };
        const said = await withFiles(files, (folder) =>
          promtool(path, ['test', 'rules', `${folder}/rules.test.yaml`]),
        );
        t.true(said.isContent, `${file} ${policy}: ${said.output.slice(0, 3_000)}`);
        testedCount += tests.length;
      }
    }
    t.is(testedCount, policyCases(SHIPPED).length, 'no case is left out');
  });
}

test('promtool refuses a case whose expectation is wrong', async (t) => {
  const path = await promtoolOf(t, 3);
  if (path === undefined) return;
  const definitions = definitionsOf(AGE);
  const [rules, tests] = compiledAlerts(definitions, () => '# Playbook with {{ braces }}\n');
  const wrong = tests!.content.replace('value: 1', 'value: 2');
  t.not(wrong, tests!.content);
  for (const [content, isContent] of [
    [tests!.content, true],
    [wrong, false],
  ] as const) {
    const files = { 'rules.yaml': rules!.content, 'rules.test.yaml': content };
    const said = await withFiles(files, (folder) =>
      promtool(path, ['test', 'rules', `${folder}/rules.test.yaml`]),
    );
    t.is(said.isContent, isContent, said.output);
  }
});

test('what Cloud Monitoring takes: one policy a route, both windows of a burn in one query', (t) => {
  const policies = cloudAlertPolicies(SHIPPED, playbookOf);
  const page = policies['api-availability-page']!;
  t.is(page.severity, 'CRITICAL');
  t.deepEqual(
    page.conditions.map(({ name, duration_seconds }) => [name, duration_seconds]),
    [
      ['ApiAvailabilityPage1h', 0],
      ['ApiAvailabilityPage6h', 0],
    ],
  );
  t.regex(
    page.conditions[0]!.query,
    /\[1h\][^]*> 0\.0144\nand\n[^]*\[5m\][^]*> 0\.0144\nand\n[^]*>= 50\nand\n[^]*>= 5$/,
  );
  t.notRegex(page.conditions[0]!.query, /slo:/);
  t.is(policies['api-availability-ticket']!.severity, 'WARNING');
  t.is(policies['api-latency-mean-page']!.severity, 'ERROR');
  t.is(
    policies['uptime-page']!.conditions[0]!.query,
    'max by (check_id) (monitoring_googleapis_com:uptime_check_check_passed) < 1',
  );
  for (const [key, policy] of Object.entries(policies)) {
    t.true(policy.conditions.length <= 6, key);
    t.true(policy.documentation.length <= 8_192, key);
    t.true(policy.auto_close_seconds >= 1_800, key);
    for (const each of policy.conditions) {
      t.is(each.evaluation_interval_seconds % 30, 0, key);
      t.regex(each.name, /^[a-zA-Z_][a-zA-Z0-9_]*$/, key);
    }
    for (const value of Object.values(policy.labels)) t.regex(value, /^[a-z0-9_-]{1,63}$/, key);
  }
});

test('a playbook that Cloud Monitoring would refuse is refused, with its size', (t) => {
  const definitions = definitionsOf('', [AVAILABILITY_SLO]);
  const error = t.throws(() => cloudAlertPolicies(definitions, () => 'é'.repeat(8_000)), {
    message:
      /availability: expected a playbook of at most 8192 characters and 10240 bytes; .* comes to 80\d\d and 160\d\d/,
  });
  t.true(isAppError(error, 'invalid_definition'));
});

async function promtoolOf(t: ExecutionContext, major: 2 | 3): Promise<string | undefined> {
  const found = await findPrometheus(major);
  if (found.kind === 'found') return found.promtool;
  if (process.env['CI']) t.fail(found.reason);
  else t.pass(`skipped. ${found.reason}`);
  t.log(found.reason);
  return undefined;
}
