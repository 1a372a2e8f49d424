import test from 'ava';
import {
  acknowledge,
  addSilence,
  endSilence,
  NO_ALERTS,
  parseAlertsState,
} from '../../alerts/index.ts';
import type { Silence } from '../../alerts/index.ts';
import { AGE, AVAILABILITY_SLO, definitionsOf, FROM_MS, MINUTE_MS, Run } from './definitions.ts';
import type { Held } from './definitions.ts';

const HOUR_MS = 60 * MINUTE_MS;
const on: Held = { 'age/threshold': true };
const off: Held = {};
const SLO_ONLY = () => definitionsOf('', [AVAILABILITY_SLO]);
const rungs = (...names: readonly string[]): Held =>
  Object.fromEntries(names.map((name) => [`availability/${name}`, true]));

/** What the policy says beside the condition; what holds at each evaluation, 30 s apart, and what comes of it. */
const SEQUENCES: readonly (readonly [
  string,
  string,
  readonly (readonly [Held, readonly string[]])[],
])[] = [
  [
    'without for it fires at once and resolves at once',
    '',
    [
      [on, ['firing age/threshold told']],
      [on, []],
      [off, ['resolved age/threshold told']],
      [off, []],
    ],
  ],
  [
    'with for it is pending, and fires at the first evaluation that is late enough',
    '    for: 1m\n',
    [
      [on, ['pending age/threshold']],
      [on, []],
      [on, ['firing age/threshold told']],
      [off, ['resolved age/threshold told']],
    ],
  ],
  [
    'what ends before its for tells nobody, and begins anew',
    '    for: 1m\n',
    [
      [on, ['pending age/threshold']],
      [on, []],
      [off, ['cancelled age/threshold']],
      [on, ['pending age/threshold']],
      [on, []],
      [on, ['firing age/threshold told']],
    ],
  ],
  [
    'kept firing over a gap, and resolved the whole time after the end',
    '    keep_firing_for: 1m\n',
    [
      [on, ['firing age/threshold told']],
      [off, []],
      [on, []],
      [off, []],
      [off, []],
      [off, ['resolved age/threshold told']],
    ],
  ],
];

for (const [title, more, steps] of SEQUENCES) {
  test(title, (t) => {
    const run = new Run(definitionsOf(`${AGE}${more}`));
    for (const [held, words] of steps) t.deepEqual(run.words(held), words);
  });
}

test('label groups are incidents of their own', (t) => {
  const run = new Run(definitionsOf(AGE));
  const [a, b] = [{ stream: 'a' }, { stream: 'b' }];
  t.deepEqual(run.words({ 'age/threshold': [a] }), ['firing age/threshold a told']);
  t.deepEqual(run.words({ 'age/threshold': [b, a] }), ['firing age/threshold b told']);
  t.deepEqual(run.words({ 'age/threshold': [b] }), ['resolved age/threshold a told']);
  t.deepEqual(
    run.state.incidents.map(({ key }) => key),
    ['age/stream=b'],
  );
});

test('four tiers are one incident that gets louder, is told thrice, and resolves once', (t) => {
  const run = new Run(SLO_ONLY());
  t.deepEqual(run.words(rungs('ticket-3d')), ['firing availability/ticket-3d told']);
  t.deepEqual(run.words(rungs('ticket-3d', 'ticket-1d')), ['joined availability/ticket-1d']);
  t.deepEqual(run.words(rungs('ticket-3d', 'ticket-1d', 'page-6h')), [
    'raised availability/page-6h told',
  ]);
  t.deepEqual(run.words(rungs('ticket-3d', 'ticket-1d', 'page-6h', 'page-1h')), [
    'raised availability/page-1h told',
  ]);
  const [incident] = run.state.incidents;
  t.is(incident!.severity, 'critical');
  t.is(incident!.route, 'page');
  t.deepEqual(incident!.firingRungs, ['page-1h', 'page-6h', 'ticket-1d', 'ticket-3d']);
  t.deepEqual(run.words(rungs('ticket-3d')), [
    'left availability/page-1h',
    'left availability/page-6h',
    'left availability/ticket-1d',
  ]);
  t.deepEqual(run.words({}), ['resolved availability/page-1h told']);
});

test('a faster tier inhibits the slower ones: total outage, one page', (t) => {
  const run = new Run(
    definitionsOf('', [AVAILABILITY_SLO], 'burn_rate: { keep_firing_for: 0s }\n'),
  );
  t.deepEqual(run.words(rungs('page-1h')), ['firing availability/page-1h told']);
  t.deepEqual(run.words(rungs('page-1h', 'page-6h', 'ticket-1d', 'ticket-3d')), [
    'joined availability/page-6h',
    'joined availability/ticket-1d',
    'joined availability/ticket-3d',
  ]);
  t.deepEqual(run.words(rungs('ticket-1d', 'ticket-3d')), [
    'left availability/page-1h',
    'left availability/page-6h',
  ]);
  t.is(run.state.incidents[0]!.severity, 'critical', 'it does not fall while it is open');
  t.deepEqual(run.words({}), ['resolved availability/page-1h told']);
  t.deepEqual(run.state.incidents, []);
});

test('a restart neither loses nor repeats a page, and its time counts for no for', (t) => {
  const run = new Run(definitionsOf(`${AGE}    for: 2m\n`));
  t.deepEqual(run.words(on), ['pending age/threshold']);
  t.deepEqual(run.words(on), []);
  // Down for an hour: 30 s of the 2 min were seen.
  t.deepEqual(run.words(on, HOUR_MS), []);
  t.deepEqual(run.words(on), []);
  t.deepEqual(run.words(on), []);
  t.deepEqual(run.words(on), ['firing age/threshold told']);
  t.deepEqual(run.words(on, HOUR_MS), [], 'still firing: no page again');
  t.deepEqual(run.words(off, HOUR_MS), ['resolved age/threshold told'], 'ended meanwhile: told');
});

test('an evaluation of an instant that was evaluated changes nothing', (t) => {
  const run = new Run(definitionsOf(AGE));
  run.step(on);
  const { state } = run;
  t.deepEqual(run.words(off, 0), []);
  t.deepEqual(run.words(off, -MINUTE_MS), []);
  t.deepEqual(run.state, state);
});

test('a rung that is defined no more ends', (t) => {
  const run = new Run(definitionsOf(AGE));
  run.step(on);
  const after = new Run(definitionsOf('', [AVAILABILITY_SLO]));
  after.state = run.state;
  after.nowMs = run.nowMs;
  t.deepEqual(after.words({}), ['resolved age/threshold told']);
});

const SILENCE: Silence = {
  id: 's1',
  kind: 'silence',
  matchers: [{ label: 'policy', op: '=~', value: 'a.*' }],
  reason: 'deploy',
  by: 'ops',
  startsAtMs: FROM_MS,
  endsAtMs: FROM_MS + 90_000,
};

test('a silence tells nobody while states go on, and tells at its end what still fires', (t) => {
  const run = new Run(definitionsOf(AGE));
  run.state = addSilence(run.state, SILENCE);
  t.deepEqual(run.words(on), ['firing age/threshold']);
  t.deepEqual(run.state.incidents[0]!.muted, { kind: 'silence', by: 's1', reason: 'deploy' });
  t.deepEqual(run.words(on), []);
  t.deepEqual(run.words(on), ['unmuted age/threshold told']);
  t.deepEqual(run.state.silences, []);
  t.deepEqual(run.words(off), ['resolved age/threshold told']);
});

test('what began and ended within a silence tells nobody', (t) => {
  const run = new Run(definitionsOf(AGE));
  run.state = addSilence(run.state, SILENCE);
  t.deepEqual(run.words(on), ['firing age/threshold']);
  t.deepEqual(run.words(off), ['resolved age/threshold']);
});

test('a silence during an incident keeps the end told and a raise quiet until it is over', (t) => {
  const run = new Run(SLO_ONLY());
  run.step(rungs('ticket-1d'));
  run.state = addSilence(run.state, { ...SILENCE, endsAtMs: FROM_MS + HOUR_MS });
  t.deepEqual(run.words(rungs('ticket-1d')), ['muted availability/ticket-1d']);
  t.deepEqual(run.words(rungs('ticket-1d', 'page-1h')), ['raised availability/page-1h']);
  run.state = endSilence(run.state, 's1');
  t.deepEqual(run.words(rungs('ticket-1d', 'page-1h')), ['unmuted availability/page-1h told']);
});

test('a maintenance window of the definitions is a silence', (t) => {
  const from = new Date(FROM_MS).toISOString();
  const to = new Date(FROM_MS + MINUTE_MS).toISOString();
  const run = new Run(
    definitionsOf(
      AGE,
      [],
      `maintenance:\n  - { name: move, reason: the disk moves, by: ops, matches: '{policy="age",stream!="b"}', from: '${from}', to: '${to}' }\n`,
    ),
  );
  const groups = { 'age/threshold': [{ stream: 'a' }, { stream: 'b' }] };
  t.deepEqual(run.words(groups), ['firing age/threshold a', 'firing age/threshold b told']);
  t.deepEqual(run.state.incidents[0]!.muted, {
    kind: 'maintenance',
    by: 'maintenance/move',
    reason: 'the disk moves',
  });
  t.deepEqual(run.words(groups), ['unmuted age/threshold a told']);
});

test('a policy that another one inhibits is told once that one is over', (t) => {
  const cause = AGE.replace('name: age', 'name: cause').replace(
    'severity: error',
    'severity: critical',
  );
  const run = new Run(definitionsOf(`${AGE}    inhibited_by: [cause]\n${cause}`));
  t.deepEqual(run.words({ ...on, 'cause/threshold': true }), [
    'firing age/threshold',
    'firing cause/threshold told',
  ]);
  t.is(run.state.incidents[0]!.muted?.kind, 'inhibition');
  t.deepEqual(run.words(on), ['unmuted age/threshold told', 'resolved cause/threshold told']);
});

test('a quieter policy does not inhibit a louder one', (t) => {
  const cause = AGE.replace('name: age', 'name: cause').replace('route: page', 'route: ticket');
  const run = new Run(definitionsOf(`${AGE}    inhibited_by: [cause]\n${cause}`));
  t.deepEqual(run.words({ ...on, 'cause/threshold': true }), [
    'firing age/threshold told',
    'firing cause/threshold told',
  ]);
});

test('an acknowledgement stays until the incident gets louder', (t) => {
  const run = new Run(SLO_ONLY());
  run.step(rungs('ticket-1d'));
  const { id } = run.state.incidents[0]!;
  run.state = acknowledge(run.state, id, { by: 'ops', atMs: run.nowMs, note: 'seen' }).state;
  run.step(rungs('ticket-1d'));
  t.deepEqual(run.state.incidents[0]!.acknowledged, {
    by: 'ops',
    atMs: FROM_MS + 30_000,
    note: 'seen',
  });
  run.step(rungs('ticket-1d', 'page-1h'));
  t.is(run.state.incidents[0]!.acknowledged, undefined);
  t.is(run.state.incidents[0]!.id, id);
  t.throws(() => acknowledge(run.state, 'nothing', { by: 'ops', atMs: 0 }), {
    message: /no open incident nothing/,
  });
});

const REFUSED: readonly (readonly [string, Partial<Silence>, RegExp])[] = [
  ['no matcher', { matchers: [] }, /at least one matcher/],
  [
    'a broken pattern',
    { matchers: [{ label: 'policy', op: '=~', value: '(' }] },
    /a regular expression for policy; got \(/,
  ],
  ['no reason', { reason: ' ' }, /expected a reason/],
  ['nobody', { by: '' }, /expected who sets it/],
  ['no end', { endsAtMs: FROM_MS }, /an end after the start, within 30d/],
  ['an end too far', { endsAtMs: FROM_MS + 31 * 24 * HOUR_MS }, /within 30d/],
];
for (const [title, part, message] of REFUSED) {
  test(`a silence is refused with ${title}`, (t) => {
    t.throws(() => addSilence(NO_ALERTS, { ...SILENCE, ...part }), { message });
  });
}

test('silences are limited, replaced by id, and ended by id', (t) => {
  let state = NO_ALERTS;
  for (let index = 0; index < 100; index++)
    state = addSilence(state, { ...SILENCE, id: String(index) });
  t.throws(() => addSilence(state, SILENCE), { message: /at most 100 silences/ });
  state = endSilence(state, '99');
  state = addSilence(state, { ...SILENCE, id: '5', reason: 'other' });
  t.is(state.silences.length, 99);
  t.throws(() => endSilence(state, 'x'), { message: /no silence x/ });
});

test('a kept state is read back, and anything else refused', (t) => {
  const run = new Run(SLO_ONLY());
  run.step(rungs('ticket-1d', 'page-1h'));
  run.state = addSilence(run.state, SILENCE);
  t.deepEqual(parseAlertsState(JSON.parse(JSON.stringify(run.state))), run.state);
  for (const wrong of [
    undefined,
    {},
    { ...run.state, version: 2 },
    { ...run.state, alerts: [{}] },
  ]) {
    t.throws(() => parseAlertsState(wrong), { message: /expected the state of alerts, version 1/ });
  }
});

test('labels of any length give an id that receivers take, and different ones give different ids', (t) => {
  const run = new Run(definitionsOf(AGE));
  const long = 'x'.repeat(2_000);
  run.step({ 'age/threshold': [{ stream: `${long}a` }, { stream: `${long}b` }] });
  const ids = run.state.incidents.map(({ id }) => id);
  t.is(new Set(ids).size, 2);
  t.true(ids.every((id) => id.length <= 500 && id.startsWith('age/stream=x')));
});
