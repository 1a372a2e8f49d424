import test from 'ava';
import {
  answerCondition,
  evaluateAlerts,
  alertPlan,
  conditionSignals,
  evaluatePolicy,
  NO_ALERTS,
} from '../../alerts/index.ts';
import type { Condition } from '../../alerts/index.ts';
import { AppError } from '../../runtime/index.ts';
import type { SignalReader, SignalValue } from '../../telemetry/index.ts';
import { AGE, AVAILABILITY_SLO, definitionsOf, FROM_MS } from './definitions.ts';

const one = (value: number): readonly SignalValue[] => [{ labels: {}, value }];
const ratio = definitionsOf(
  AGE.replace(
    /condition:[^]*/,
    'condition: { ratio: { part: a_total, whole: b_total }, window: 5m, above: 1%, min_events: 20, min_bad_events: 3 }\n',
  ),
).policies[0]!.rungs[0]!.condition;
const burn = definitionsOf('', [AVAILABILITY_SLO]).policies[0]!.rungs[0]!.condition;

/** The condition, its answers in order, and the values for which it holds. */
const ROWS: readonly (readonly [
  string,
  Condition,
  (readonly SignalValue[])[],
  readonly number[],
])[] = [
  ['above the bound', ratio, [one(0.011), one(300), one(3)], [0.011]],
  ['at the bound', ratio, [one(0.01), one(300), one(3)], []],
  ['below the traffic guard', ratio, [one(0.5), one(19), one(9)], []],
  ['at the traffic guard', ratio, [one(0.5), one(20), one(10)], [0.5]],
  ['below the guard on bad events', ratio, [one(0.1), one(20), one(2)], []],
  ['no traffic: 0 / 0', ratio, [one(Number.NaN), one(0), one(0)], []],
  ['no series at all', ratio, [[], [], []], []],
  ['no bad series: its guard has no element', ratio, [one(0), one(300), []], []],
  // long: 15 of 1000 = 0.015, short: 2 of 100 = 0.02, threshold 0.0144
  ['burning in both windows', burn, [one(15), one(1_000), one(2), one(100)], [0.015]],
  ['burning in the long window alone', burn, [one(15), one(1_000), one(1), one(100)], []],
  ['burning in the short window alone', burn, [one(14), one(1_000), one(2), one(100)], []],
  ['too few bad events', burn, [one(2), one(10), one(2), one(10)], []],
  ['no bad series', burn, [[], one(1_000), [], one(100)], []],
  ['no traffic in the short window', burn, [one(15), one(1_000), one(0), one(0)], []],
  ['no data in the short window', burn, [one(15), one(1_000), [], []], []],
];

for (const [title, condition, answers, values] of ROWS) {
  test(`${condition.kind}: ${title}`, (t) => {
    t.is(conditionSignals(condition).length, answers.length);
    t.deepEqual(
      answerCondition(condition, answers).held.map(({ value }) => value),
      values,
    );
  });
}

test('only the label groups that hold are held, whatever the order of their labels', (t) => {
  const [policy] = definitionsOf(AGE).policies;
  const values: SignalValue[] = [
    { labels: { stream: 'a' }, value: 121 },
    { labels: { stream: 'b' }, value: 120 },
  ];
  const [observation] = evaluatePolicy(policy!, [[values]]);
  t.deepEqual(observation!.held, [values[0]]);
  t.deepEqual(observation!.measured, values);
});

test('absent holds where nothing answers, NaN being an answer', (t) => {
  const absent: Condition = { kind: 'absent', signal: conditionSignals(ratio)[0]! };
  t.deepEqual(answerCondition(absent, [[]]).held, [{ labels: {}, value: 1 }]);
  t.deepEqual(answerCondition(absent, [one(Number.NaN)]).held, []);
});

test('every signal is asked once, and label groups beyond the limit are left out and counted', async (t) => {
  const definitions = definitionsOf(AGE, [AVAILABILITY_SLO]);
  const plan = alertPlan(definitions.policies);
  t.is(new Set(plan.signals.map((each) => JSON.stringify(each))).size, plan.signals.length);
  const many = Array.from({ length: 203 }, (_, index) => ({
    labels: { stream: `s${String(index).padStart(3, '0')}` },
    value: 999,
  }));
  const reader = readerOf((index) => (plan.signals[index]!.kind === 'last' ? many : []));
  const { observations, state } = await evaluateAlerts(
    definitions,
    plan,
    reader,
    NO_ALERTS,
    FROM_MS,
  );
  t.is(observations.find(({ policy }) => policy.name === 'age')!.droppedCount, 3);
  t.is(state.incidents.filter(({ policy }) => policy === 'age').length, 200);
});

test('where the reader does not answer, states stay, and the policy that watches for it fires', async (t) => {
  const watcher = AGE.replace('name: age', 'name: watcher');
  const definitions = definitionsOf(`${AGE}${watcher}    when_blind: fire\n`);
  const plan = alertPlan(definitions.policies);
  const old = [{ labels: { stream: 'a' }, value: 500 }];
  const first = await evaluateAlerts(
    definitions,
    plan,
    readerOf(() => old),
    NO_ALERTS,
    FROM_MS,
  );
  t.deepEqual(
    first.state.incidents.map(({ key }) => key),
    ['age/stream=a', 'watcher/stream=a'],
  );
  const failing: SignalReader = {
    ...readerOf(() => []),
    read: () => Promise.reject(new AppError('metrics_unavailable', 'nothing answers')),
  };
  const blind = await evaluateAlerts(definitions, plan, failing, first.state, FROM_MS + 30_000);
  t.is(blind.failure, 'nothing answers');
  t.deepEqual(
    blind.state.incidents.map(({ key }) => key),
    ['watcher', 'age/stream=a'],
  );
  t.deepEqual(
    blind.transitions.map(({ kind, policy, isTold }) => [kind, policy, isTold]),
    [
      ['firing', 'watcher', true],
      ['resolved', 'watcher', true],
    ],
  );
});

test('a bug in a reader is thrown', async (t) => {
  const definitions = definitionsOf(AGE);
  const broken: SignalReader = {
    ...readerOf(() => []),
    read: () => Promise.reject(new TypeError('a bug')),
  };
  await t.throwsAsync(
    evaluateAlerts(definitions, alertPlan(definitions.policies), broken, NO_ALERTS, FROM_MS),
    { instanceOf: TypeError },
  );
});

function readerOf(answer: (index: number) => readonly SignalValue[]): SignalReader {
  return {
    lookbackMaxMs: 86_400_000,
    read: (signals) => Promise.resolve(signals.map((_, index) => answer(index))),
    readRange: () => Promise.resolve([]),
  };
}
