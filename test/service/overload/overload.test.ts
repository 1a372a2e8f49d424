/** Three times what the service can answer, in virtual time: what is let in stays quick, the rest is sent away at once. */
import test from 'ava';
import { createLogger, VirtualClock } from '../../../runtime/index.ts';
import { openToLoopback } from '../../../service/index.ts';
import { observedWarehouse } from '../../../warehouse/index.ts';
import { eventually } from '../../helpers/highwater-process.ts';
import { raw, startService, testDeps } from '../server.ts';

/** A warehouse that answers four queries at once, each in 40 ms: four a round, a hundred a second. */
const QUERY_MS = 40;
const ACTIVE_MAX = 4;
const WAITING_MAX = 16;
const ROUNDS = 25;
/** Offered in each round: three times what is answered in it. */
const OFFERED_PER_ROUND = 3 * ACTIVE_MAX;

interface Line {
  readonly event: string;
  readonly route: string;
  readonly durationMs: number;
  readonly httpRequest: { readonly status: number };
}

test('at three times capacity, accepted requests stay quick, the rest are 503 at once, and health answers', async (t) => {
  const clock = new VirtualClock();
  const { deps, close } = await testDeps();
  let sleepingCount = 0;
  const slow = observedWarehouse(deps.warehouse, async (call, run) => {
    if (call.operation !== 'events') return run();
    sleepingCount += 1;
    await clock.sleep(QUERY_MS);
    sleepingCount -= 1;
    return run();
  });
  const lines: Line[] = [];
  const write = (text: string) => {
    const line = JSON.parse(text) as Line;
    if (line.event === 'http_request' && line.route.endsWith('/events')) lines.push(line);
  };
  const service = await startService({
    warehouse: slow,
    clock,
    logger: createLogger({ level: 'debug', format: 'json', write }),
    lanes: { query: { activeMax: ACTIVE_MAX, waitingMax: WAITING_MAX, waitMs: 500 } },
  });
  const ask = () => raw(service, '/v1/streams/events/events');

  const answers: ReturnType<typeof ask>[] = [];
  const expected = { inLaneCount: 0, closedCount: 0 };
  /** Time stands still until all that can happen at this instant has happened. */
  const settled = () =>
    eventually(
      JSON.stringify(expected),
      () =>
        lines.length === expected.closedCount &&
        sleepingCount === Math.min(ACTIVE_MAX, expected.inLaneCount),
      100_000,
    );
  const goOn = async () => {
    await clock.advance(QUERY_MS);
    const doneCount = Math.min(ACTIVE_MAX, expected.inLaneCount);
    expected.inLaneCount -= doneCount;
    expected.closedCount += doneCount;
    await settled();
  };

  for (let round = 0; round < ROUNDS; round += 1) {
    for (let count = 0; count < OFFERED_PER_ROUND; count += 1) answers.push(ask());
    const letInCount = Math.min(OFFERED_PER_ROUND, ACTIVE_MAX + WAITING_MAX - expected.inLaneCount);
    expected.inLaneCount += letInCount;
    expected.closedCount += OFFERED_PER_ROUND - letInCount;
    await settled();
    t.is((await raw(service, '/healthz')).status, 200);
    await goOn();
  }
  while (expected.inLaneCount > 0) await goOn();

  const durations = (status: number) =>
    lines.filter((each) => each.httpRequest.status === status).map((each) => each.durationMs);
  const accepted = durations(200).toSorted((a, b) => a - b);
  const shed = durations(503);
  t.is(accepted.length + shed.length, ROUNDS * OFFERED_PER_ROUND, 'there is no third answer');
  t.true(accepted.length >= ROUNDS * ACTIVE_MAX, 'as many are answered as can be');
  // Five rounds at most: sixteen that wait before it, four at a time, and its own.
  t.true(accepted.at(Math.floor(0.99 * accepted.length))! <= 5 * QUERY_MS);
  t.true(shed.length > accepted.length);
  t.true(
    shed.every((durationMs) => durationMs === 0),
    'at once',
  );
  for (const answer of await Promise.all(answers)) {
    t.is(answer.headers['retry-after'], answer.status === 503 ? '1' : undefined);
  }

  // Nothing needs a restart: the next request is answered as if nothing had been.
  const next = ask();
  expected.inLaneCount = 1;
  await settled();
  await goOn();
  t.is((await next).status, 200);
  t.is(lines.at(-1)?.durationMs, QUERY_MS);
  await service.stop();
  await close();
});

test('exports have a lane of their own: a slow reader holds up no page', async (t) => {
  const held = Promise.withResolvers<void>();
  const { deps, close } = await testDeps();
  const slow = observedWarehouse(deps.warehouse, async (call, run) => {
    if (call.operation === 'quarantined') await held.promise;
    return run();
  });
  const service = await startService({
    warehouse: slow,
    lanes: { export: { activeMax: 1, waitingMax: 0, waitMs: 100 } },
  });
  const csv = { headers: { accept: 'text/csv' } };
  const first = raw(service, '/v1/streams/events/quarantine', csv);
  const second = await eventually('an export that is sent away', async () => {
    const answer = await raw(service, '/v1/streams/events/events', csv);
    return answer.status === 503 ? answer : undefined;
  });
  t.like(JSON.parse(second.body), { code: 'overloaded' });
  t.is((await raw(service, '/v1/streams/events/events')).status, 200);
  held.resolve();
  t.is((await first).status, 200);
  await service.stop();
  await close();
});

test('identities are asked before a place in a lane is taken', async (t) => {
  let askedCount = 0;
  const service = await startService({
    identity: {
      ...openToLoopback,
      identify(request) {
        askedCount += 1;
        return openToLoopback.identify(request);
      },
    },
    lanes: { query: { activeMax: 0, waitingMax: 0, waitMs: 100 } },
  });
  t.is((await raw(service, '/v1/streams')).status, 503);
  t.is(askedCount, 1);
  await service.stop();
});
