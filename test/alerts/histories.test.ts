/** The evaluator and real Prometheus, step by step, on generated histories: pending, firing and resolved at the same instants. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { alertName, ruleGroups, rulesYaml } from '../../alerts/index.ts';
import { seriesText, valuesText } from '../../alerts/compile/promtool-test.ts';
import type { CaseSample } from '../../alerts/compile/case-series.ts';
import { findPrometheus } from '../helpers/prometheus.ts';
import { generateHistory, STEP_COUNT, STEP_MS } from './generated-histories.ts';
import type { History } from './generated-histories.ts';
import { promtool, withFiles } from './shipped.ts';

const IS_FULL = process.env['HIGHWATER_TEST_FULL'] === '1';
/** Each holds some 15 policies, and 25 alerts that are pending or fire, over 50 steps. */
const WORLD_COUNT = IS_FULL ? 150 : 6;
const SEED = Number(process.env['HIGHWATER_TEST_SEED'] ?? 1);
const TICK_MS = 10_000;

/** Seeds that showed a disagreement once. */
const ROWS: readonly number[] = [];

test('evaluator and Prometheus 3 agree at every step, samples on the edges of windows', async (t) => {
  await compare(t, 3, 0);
});

test('evaluator and Prometheus 2 agree at every step, samples beside the edges of windows', async (t) => {
  await compare(t, 2, TICK_MS);
});

async function compare(t: ExecutionContext, major: 2 | 3, offsetMs: number): Promise<void> {
  t.timeout(600_000);
  const found = await findPrometheus(major);
  if (found.kind === 'missing') {
    if (process.env['CI']) t.fail(found.reason);
    else t.pass(`skipped. ${found.reason}`);
    t.log(found.reason);
    return;
  }
  const seeds = [
    ...ROWS,
    ...Array.from({ length: WORLD_COUNT }, (_, index) => SEED * 100_003 + index),
  ];
  const histories = seeds.map((seed) =>
    generateHistory({ seed, offsetMs, isForPrometheus2: major === 2 }),
  );
  const files: Record<string, string> = {};
  const tests: string[] = [];
  for (const [index, history] of histories.entries()) {
    const groups = ruleGroups(history.definitions, () => '');
    files[`rules-${index}.yaml`] = rulesYaml(groups);
    files[`test-${index}.yaml`] = JSON.stringify(testOf(history, index, seeds[index]!, offsetMs));
    tests.push(`test-${index}.yaml`);
  }
  const said = await withFiles(files, (folder) =>
    promtool(found.promtool, ['test', 'rules', ...tests.map((name) => `${folder}/${name}`)]),
  );
  t.true(
    said.isContent,
    said.output.replaceAll(/^.*SUCCESS.*$|^Unit Testing:.*$/gm, '').slice(0, 4_000),
  );
  const all = histories.flatMap((history) =>
    history.said.filter(({ policy }) => !history.excused.has(policy)),
  );
  const firing = all.filter(({ phase }) => phase === 'firing');
  const excusedCount = histories.reduce((sum, { excused }) => sum + excused.size, 0);
  const policyCount = histories.reduce(
    (sum, { definitions }) => sum + definitions.policies.length,
    0,
  );
  t.log(
    `${histories.length} worlds, ${policyCount - excusedCount} policies, ${firing.length} alerts that fired, ${(policyCount - excusedCount) * STEP_COUNT} steps compared; ${excusedCount} policies excused`,
  );
  t.true(firing.length > 8 * histories.length, 'most policies fire at some step');
  // Twice the threshold for half the window lies on it exactly: such policies are no fair question at that step.
  t.true(excusedCount < policyCount * (major === 2 ? 0.5 : 0.3), 'most are compared');
}

/** One question a policy: at which steps each of its alerts was pending, and at which firing, as bits. */
function testOf(history: History, index: number, seed: number, offsetMs: number): unknown {
  const blanks = Math.round(offsetMs / TICK_MS);
  const tick = (samples: readonly CaseSample[]): readonly CaseSample[] =>
    samples.flatMap((sample) => [
      ...Array.from({ length: blanks }, () => undefined),
      sample,
      ...Array.from({ length: STEP_MS / TICK_MS - 1 - blanks }, () => undefined),
    ]);
  const bits = Array.from({ length: STEP_COUNT }, (_, step) => 2 ** step);
  const asked = history.definitions.policies
    .filter(({ name }) => !history.excused.has(name))
    .flatMap((policy) => policy.rungs.map((rung) => ({ policy, rung })));
  return {
    rule_files: [`rules-${index}.yaml`],
    evaluation_interval: `${STEP_MS / 1_000}s`,
    tests: [
      {
        name: `seed ${seed}`,
        interval: `${TICK_MS / 1_000}s`,
        input_series: [
          { series: 'bit', values: bits.map((bit) => `${bit} _ _`).join(' ') },
          ...history.series.map(({ name, labels, samples }) => ({
            series: seriesText(name, labels),
            values: valuesText({ samples: tick(samples) }),
          })),
        ],
        promql_expr_test: asked.map(({ policy, rung }) => {
          const by = ['alertstate', ...policy.by].join(', ');
          const alerts = `sum by (${by}) (ALERTS{alertname="${alertName(policy, rung)}"})`;
          return {
            expr: `sum_over_time((${alerts} * on () group_left () bit)[${STEP_COUNT * STEP_MS}ms:${STEP_MS}ms])`,
            eval_time: `${(STEP_COUNT - 1) * STEP_MS}ms`,
            exp_samples: history.said
              .filter((each) => each.policy === policy.name && each.rung === rung.name)
              .map(({ phase, labels, bits: value }) => ({
                labels: seriesText('', { alertstate: phase, ...labels }),
                value,
              })),
          };
        }),
      },
    ],
  };
}
