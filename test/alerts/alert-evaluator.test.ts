/** The evaluator as a process runs it: what is told, once, through restarts and failures, and what people do by hand. */
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { AlertEvaluator, openAlertLog, parsePolicies } from '../../alerts/index.ts';
import type { FoundExample, Telling, Transition } from '../../alerts/index.ts';
import { AppError, silentLogger, VirtualClock } from '../../runtime/index.ts';
import { temporaryFolder } from '../helpers/highwater-process.ts';
import { FakeReader } from '../slo/fake-reader.ts';

const MINUTE_MS = 60_000;
const POLICY = `service: a
owner: b
interval: 1m
policies:
  - name: refused
    title: Messages are refused
    description: Refused messages of five minutes.
    user_impact: Events are missing.
    playbook: alerts/playbooks/dead-letters.md
    severity: error
    route: page
    condition: { increase: 'ingest_messages_total{outcome="quarantined"}', window: 5m, above: 2 }
`;

/** An evaluator over a log in a folder, with a clock to turn; `restart` opens another one on the same folder. */
function open(t: ExecutionContext, policies = POLICY) {
  const folder = temporaryFolder();
  const clock = new VirtualClock();
  const reader = new FakeReader();
  const told: Telling[] = [];
  const failing: { next: boolean; policy?: string } = { next: false };
  const examples: { of: (transition: Transition) => FoundExample | undefined } = {
    of: () => undefined,
  };
  const outcomes: string[] = [];
  const path = join(folder.path, 'alerts.sqlite');
  const make = () => {
    const log = openAlertLog(path, silentLogger);
    const evaluator = new AlertEvaluator({
      definitions: parsePolicies(policies, 'policies.yaml', []),
      reader,
      log,
      tell(telling) {
        if (failing.next || telling.incident.policy === failing.policy)
          return Promise.reject(new Error('the outbox is not there'));
        told.push(telling);
        return Promise.resolve();
      },
      exampleOf: (transition) => examples.of(transition),
      onEvaluated: (outcome) => outcomes.push(outcome),
      clock,
      logger: silentLogger,
    });
    return { log, evaluator };
  };
  let now = make();
  t.teardown(async () => {
    await now.evaluator.close();
    now.log.close();
    folder.remove();
  });
  return {
    reader,
    told,
    failing,
    examples,
    outcomes,
    clock,
    evaluator: () => now.evaluator,
    async restart() {
      await now.evaluator.close();
      now.log.close();
      now = make();
    },
    /** A minute later, with so many refused messages in it. */
    async minute(refusedCount: number) {
      await clock.advance(MINUTE_MS);
      reader.put('ingest_messages_total', { outcome: 'quarantined' }, clock.nowMs(), refusedCount);
      await now.evaluator.evaluate();
    },
  };
}

function words(told: readonly Telling[]) {
  return told.map(({ state, sequence }) => [state, sequence]);
}

test('an incident is told once and its end once, through a restart at every minute', async (t) => {
  const rig = open(t);
  for (const refused of [0, 1, 5, 5, 0, 0, 0, 0, 0, 0, 0]) {
    await rig.minute(refused);
    await rig.restart();
  }
  t.deepEqual(words(rig.told), [
    ['triggered', 0],
    ['resolved', 1],
  ]);
  const [record] = rig.evaluator().log.incidents({ countMax: 10 });
  t.is(record?.incident.policy, 'refused');
  t.is(record?.resolvedAtMs, rig.told[1]?.atMs);
  t.deepEqual(
    rig
      .evaluator()
      .log.timeline(record!.incident.id)
      .map(({ kind }) => kind),
    ['firing', 'resolved'],
  );
});

test('what could not be told is told after the restart, in its place', async (t) => {
  const rig = open(t);
  rig.failing.next = true;
  await rig.minute(5);
  await rig.minute(5);
  t.deepEqual(rig.told, []);
  await rig.restart();
  rig.failing.next = false;
  await rig.minute(0);
  t.deepEqual(words(rig.told), [['triggered', 0]]);
  await rig.minute(0);
  t.is(rig.told.length, 1);
});

test('an incident that cannot be told holds up no other, and is told in its order later', async (t) => {
  const [, refused = ''] = POLICY.split('policies:\n');
  const rig = open(t, `${POLICY}${refused.replace('name: refused', 'name: also-refused')}`);
  rig.failing.policy = 'also-refused';
  await rig.minute(5);
  for (let minute = 0; minute < 6; minute += 1) await rig.minute(0);
  const of = (policy: string) => words(rig.told.filter((each) => each.incident.policy === policy));
  const whole = [
    ['triggered', 0],
    ['resolved', 1],
  ];
  t.deepEqual(of('refused'), whole);
  t.deepEqual(of('also-refused'), []);
  delete rig.failing.policy;
  await rig.minute(0);
  t.deepEqual(of('also-refused'), whole);
});

test('an acknowledgement is kept and told to who knows of the incident; an unknown incident is refused', async (t) => {
  const rig = open(t);
  await rig.minute(5);
  const [{ incident } = { incident: undefined }] = rig.evaluator().log.incidents({ countMax: 1 });
  await rig.evaluator().acknowledge(incident!.id, 'kim', 'looking');
  t.deepEqual(words(rig.told), [
    ['triggered', 0],
    ['acknowledged', 1],
  ]);
  await rig.restart();
  t.like(rig.evaluator().known.state.incidents[0]?.acknowledged, { by: 'kim', note: 'looking' });
  await t.throwsAsync(rig.evaluator().acknowledge('none', 'kim'), { code: 'not_found' });
});

test('a silence outlives a restart; where it is ended, what it kept quiet is told', async (t) => {
  const rig = open(t);
  const startsAtMs = rig.clock.nowMs();
  rig.evaluator().silence({
    id: 's1',
    matchers: [{ label: 'policy', op: '=', value: 'refused' }],
    reason: 'a move',
    by: 'kim',
    startsAtMs,
    endsAtMs: startsAtMs + 3_600_000,
  });
  await rig.restart();
  await rig.minute(5);
  t.deepEqual(rig.told, []);
  t.is(rig.evaluator().log.incidents({ countMax: 1, isOpen: true })[0]?.incident.muted?.by, 's1');
  rig.evaluator().endSilence('s1', 'kim');
  await rig.minute(5);
  t.deepEqual(words(rig.told), [['triggered', 0]]);
});

test('where metrics do not answer, what fires goes on firing, and the failure shows', async (t) => {
  const rig = open(t);
  await rig.minute(5);
  rig.reader.failure = new AppError('metrics_unavailable', 'nobody answers');
  await rig.minute(0);
  const { failure, state, lastSuccessAtMs } = rig.evaluator().known;
  t.is(failure, 'nobody answers');
  t.is(state.incidents.length, 1);
  t.is(lastSuccessAtMs, rig.clock.nowMs() - MINUTE_MS);
  t.deepEqual(rig.outcomes, ['succeeded', 'failed']);
  t.false(rig.evaluator().isStale(rig.clock.nowMs()));
  t.true(rig.evaluator().isStale(rig.clock.nowMs() + 5 * MINUTE_MS));
});

function found(n: number): FoundExample {
  const traceId = `trace-${n}`;
  const span = { spanId: `span-${n}`, name: 'request', role: 'server' as const, isFailed: true };
  return {
    example: { traceId, spanId: span.spanId, value: n, atMs: n, url: `https://example.com/${n}` },
    trace: {
      traceId,
      spans: [
        { ...span, startedAtMs: n, durationMs: 1, attributes: { 'http.route': '/a' }, links: [] },
      ],
    },
  };
}

test('a page carries the trace that was chosen as it fired, the same after a restart, and its end carries it too', async (t) => {
  const rig = open(t);
  let count = 0;
  rig.examples.of = ({ kind }) => {
    t.is(kind, 'firing', 'looked for as it begins, and not while it goes on');
    return found(++count);
  };
  rig.failing.next = true;
  await rig.minute(5);
  await rig.restart();
  // What this process would choose now is another one; the page that was decided stays as it is.
  rig.examples.of = () => found(99);
  rig.failing.next = false;
  await rig.minute(5);
  const [first] = rig.told;
  t.deepEqual(first?.example, found(1).example);
  const { id } = first!.incident;
  await rig.evaluator().acknowledge(id, 'kim');
  for (let minute = 0; minute < 7; minute += 1) await rig.minute(0);
  t.deepEqual(
    rig.told.map(({ state, example }) => [state, example?.traceId]),
    [
      ['triggered', 'trace-1'],
      ['acknowledged', 'trace-1'],
      ['resolved', 'trace-1'],
    ],
  );
  const { log } = rig.evaluator();
  t.deepEqual(log.examples(id), [found(1).example]);
  t.deepEqual(log.exampleTrace('trace-1'), found(1).trace);
  t.is(log.exampleTrace('trace-2'), undefined);
  t.deepEqual(log.examples('none'), []);
});

test('where no trace is known, or the looking fails, the page goes out without one', async (t) => {
  for (const of of [
    () => undefined,
    () => {
      throw new Error('a bug');
    },
  ]) {
    const rig = open(t);
    rig.examples.of = of;
    await rig.minute(5);
    t.deepEqual(words(rig.told), [['triggered', 0]]);
    t.is(rig.told[0]?.example, undefined);
    t.deepEqual(rig.evaluator().log.examples(rig.told[0]!.incident.id), []);
  }
});

test('of a long trace an incident keeps 40 spans, the event’s own among them', async (t) => {
  const rig = open(t);
  const base = found(1);
  const [span] = base.trace.spans;
  const spans = Array.from({ length: 100 }, (_, n) => ({ ...span!, spanId: `span-${n + 100}` }));
  rig.examples.of = () => ({ ...base, trace: { ...base.trace, spans: [...spans, span!] } });
  await rig.minute(5);
  const kept = rig.evaluator().log.exampleTrace('trace-1');
  t.is(kept?.spans.length, 40);
  t.is(kept?.spans[0]?.spanId, 'span-1');
});

/** A policy that has to hold for as long as it is until the next evaluation but one, as `backlog-age` is shipped. */
const HELD = POLICY.replace('route: page\n', 'route: page\n    for: 2m\n');

for (const [what, offMs] of [
  ['a millisecond early', -1],
  ['late by a third of an interval', 20_000],
] as const) {
  test(`evaluations are whole intervals apart, though timers fire ${what}`, async (t) => {
    const clock = new VirtualClock();
    const startAtMs = clock.nowMs();
    const folder = temporaryFolder();
    const log = openAlertLog(join(folder.path, 'alerts.sqlite'), silentLogger);
    const reader = new FakeReader();
    reader.put('ingest_messages_total', { outcome: 'quarantined' }, startAtMs, 5);
    const told: Telling[] = [];
    const seenAtMs: number[] = [];
    const evaluator: AlertEvaluator = new AlertEvaluator({
      definitions: parsePolicies(HELD, 'policies.yaml', []),
      reader,
      log,
      tell: (telling) => Promise.resolve(void told.push(telling)),
      onEvaluated: () => seenAtMs.push(evaluator.known.state.evaluatedAtMs ?? 0),
      clock: {
        nowMs: () => clock.nowMs(),
        monotonicMs: () => clock.monotonicMs(),
        setTimer: (delayMs, callback) => clock.setTimer(delayMs + offMs, callback),
        sleep: (delayMs, signal) => clock.sleep(delayMs + offMs, signal),
      },
      logger: silentLogger,
    });
    evaluator.start();
    await clock.advance(4 * MINUTE_MS + 30_000);
    const closed = evaluator.close();
    await clock.advance(MINUTE_MS);
    await closed;
    log.close();
    folder.remove();
    t.deepEqual(
      seenAtMs.map((atMs) => atMs - startAtMs),
      [0, 1, 2, 3, 4].map((minute) => minute * MINUTE_MS),
    );
    t.is(told[0]?.atMs, startAtMs + 2 * MINUTE_MS, 'two intervals are two, and not three');
  });
}

test('an evaluation that takes longer than an interval is followed by the one that is due then', async (t) => {
  const clock = new VirtualClock();
  const startAtMs = clock.nowMs();
  const folder = temporaryFolder();
  const log = openAlertLog(join(folder.path, 'alerts.sqlite'), silentLogger);
  const seenAtMs: number[] = [];
  let isSlow = true;
  const evaluator: AlertEvaluator = new AlertEvaluator({
    definitions: parsePolicies(POLICY, 'policies.yaml', []),
    reader: {
      lookbackMaxMs: MINUTE_MS * 100,
      async read(signals) {
        if (isSlow) await clock.sleep(2.5 * MINUTE_MS);
        isSlow = false;
        return signals.map(() => []);
      },
      readRange: () => Promise.resolve([]),
    },
    log,
    tell: () => Promise.resolve(),
    onEvaluated: () => seenAtMs.push(evaluator.known.state.evaluatedAtMs ?? 0),
    clock,
    logger: silentLogger,
  });
  evaluator.start();
  await clock.advance(4.2 * MINUTE_MS);
  const closed = evaluator.close();
  await clock.advance(MINUTE_MS);
  await closed;
  log.close();
  folder.remove();
  t.deepEqual(
    seenAtMs.map((atMs) => (atMs - startAtMs) / MINUTE_MS),
    [0, 2, 3, 4],
  );
});
