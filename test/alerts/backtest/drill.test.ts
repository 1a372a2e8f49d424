/** Synthetic incidents: the same from the same seed, felt when they say so, and scored as they should be. */
import test from 'ava';
import { conditionsAt, drill, modelHistory, SCENARIOS } from '../../../alerts/backtest/index.ts';
import type { Episode } from '../../../alerts/backtest/index.ts';
import { loadPolicies } from '../../../alerts/index.ts';
import { seededRandom } from '../../../runtime/index.ts';
import { loadSlos } from '../../../slo/index.ts';
import { evaluate } from '../../../telemetry/index.ts';
import { scoreOf } from '../../../alerts/backtest/synthetic/score.ts';

const START_MS = Date.UTC(2026, 0, 5);
const MINUTE_MS = 60_000;
const STREAMS = [{ name: 'events', subscription: 'events-ingest' }];
const VALID = {
  metric: 'http_server_request_duration_seconds',
  matchers: [{ label: 'http_route', op: '!=', value: '/readyz' }],
} as const;
const BAD = {
  ...VALID,
  matchers: [...VALID.matchers, { label: 'http_response_status_code', op: '=~', value: '5..' }],
} as const;

function scenario(name: string) {
  const found = SCENARIOS.find((each) => each.name === name);
  if (!found) throw new Error(`no scenario ${name}`);
  return found;
}

/** Where the pain is, and the last value of every series. */
function sumsOf(seed: string) {
  const random = seededRandom(seed);
  const plan = scenario('flapping').plan(random, START_MS);
  const span = { fromMs: START_MS, minuteCount: 200 };
  const store = modelHistory(STREAMS, random, span, (atMs) => conditionsAt(plan, atMs));
  const sums = [...store.all()].map(({ head }) => head.value(head.count - 1));
  return { pains: plan.pains, sums };
}

function pagedAt(pagedAtMs: number): Episode {
  return {
    policy: 'a',
    labels: {},
    route: 'page',
    severity: 'error',
    rungs: ['threshold'],
    startedAtMs: pagedAtMs,
    firedAtMs: pagedAtMs,
    pagedAtMs,
    ticketedAtMs: undefined,
    resolvedAtMs: undefined,
    mutedBy: undefined,
  };
}

test('a history is the same from the same seed, and another from another', (t) => {
  t.deepEqual(sumsOf('a'), sumsOf('a'));
  t.notDeepEqual(sumsOf('a'), sumsOf('b'));
});

test('requests fail in the model while the scenario says that users feel it', (t) => {
  const random = seededRandom('outage');
  const plan = scenario('total-outage').plan(random, START_MS);
  const [pain] = plan.pains;
  const span = { fromMs: START_MS, minuteCount: 4 * 1_440 };
  const store = modelHistory(STREAMS, random, span, (atMs) => conditionsAt(plan, atMs));
  const ratio = (atMs: number) => {
    const signal = { kind: 'ratio', part: BAD, whole: VALID, by: [], windowMs: 120_000 } as const;
    return evaluate(signal, store, atMs)[0]!.value;
  };
  t.true(ratio(pain!.startMs) < 0.01);
  t.true(ratio(pain!.startMs + 2 * MINUTE_MS) > 0.9);
  t.true(ratio(pain!.endMs) > 0.9);
  t.true(ratio(pain!.endMs + 2 * MINUTE_MS) < 0.01);
});

test('the shipped policies find every outage within five minutes, and tell nobody awake of a slow burn', async (t) => {
  const slos = loadSlos('slo', STREAMS);
  const candidates = [{ name: 'shipped', definitions: loadPolicies('alerts/policies.yaml', slos) }];
  const scenarios = ['total-outage', 'stalled-ingester', 'slow-burn'];
  const options = { candidates, streams: STREAMS, seedCount: 1, seed: 'test', scenarios };
  const [result] = await drill(options);
  const page = (name: string) => result!.scenarios.find((each) => each.scenario === name)!.page;
  for (const name of ['total-outage', 'stalled-ingester']) {
    t.like(page(name), { painCount: 1, foundCount: 1, falseCount: 0 }, name);
    t.true(page(name).timesToDetectMs[0]! <= 5 * MINUTE_MS, name);
  }
  t.is(page('slow-burn').toldCount, 0);
  const { ticket } = result!.scenarios.find((each) => each.scenario === 'slow-burn')!;
  t.like(ticket, { painCount: 1, foundCount: 1 });
});

test('a page outside of what deserves one is false, a page of a ticket’s pain too, and an unnoticed pain is missed', (t) => {
  const hour = 60 * MINUTE_MS;
  const pains = [
    { startMs: hour, endMs: 2 * hour, deserves: 'page' as const },
    { startMs: 5 * hour, endMs: 6 * hour, deserves: 'ticket' as const },
    { startMs: 8 * hour, endMs: 9 * hour, deserves: 'page' as const },
  ];
  const told = [hour + MINUTE_MS, hour + 5 * MINUTE_MS, 3 * hour, 5 * hour + 1].map(pagedAt);
  t.deepEqual(scoreOf('page', told, pains), {
    toldCount: 4,
    falseCount: 2,
    painCount: 2,
    foundCount: 1,
    timesToDetectMs: [MINUTE_MS],
  });
});
