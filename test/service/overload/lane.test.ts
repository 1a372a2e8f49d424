/** Lanes: so many at once, so many waiting for so long, the rest sent away at once. */
import test from 'ava';
import { VirtualClock } from '../../../runtime/index.ts';
import { Lane } from '../../../service/overload/lane.ts';

const NEVER = new AbortController().signal;

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function openLane() {
  const clock = new VirtualClock();
  let shedCount = 0;
  const lane = new Lane({
    name: 'query',
    limits: { activeMax: 2, waitingMax: 3, waitMs: 500 },
    clock,
    onShed: () => (shedCount += 1),
  });
  const works: PromiseWithResolvers<void>[] = [];
  const begun: string[] = [];
  const enter = (name: string, left = NEVER) =>
    lane.run(() => {
      begun.push(name);
      const work = Promise.withResolvers<void>();
      works.push(work);
      return work.promise;
    }, left);
  return { clock, lane, works, begun, enter, shedCount: () => shedCount };
}

test('as many run as may, others wait their turn in order, and the rest are sent away at once', async (t) => {
  const { works, begun, enter, shedCount, lane } = openLane();
  const all = ['a', 'b', 'c', 'd', 'e'].map((name) => enter(name));
  await t.throwsAsync(enter('f'), { code: 'overloaded' });
  t.is(shedCount(), 1);
  t.deepEqual(begun, ['a', 'b']);
  t.is(lane.waitingCount, 3);
  for (let count = 0; count < 5; count += 1) {
    works[count]!.resolve();
    await settle();
  }
  await Promise.all(all);
  t.deepEqual(begun, ['a', 'b', 'c', 'd', 'e']);
  t.is(lane.waitingCount, 0);
  const again = [enter('g'), enter('h')];
  await settle();
  t.deepEqual(begun.slice(-2), ['g', 'h'], 'all places came back');
  for (const work of works) work.resolve();
  await Promise.all(again);
});

test('who waited too long is sent away, and takes no place', async (t) => {
  const { clock, works, begun, enter, shedCount } = openLane();
  const running = [enter('a'), enter('b')];
  const late = t.throwsAsync(enter('late'), { code: 'overloaded' });
  await clock.advance(500);
  await late;
  t.is(shedCount(), 1);
  const next = enter('next');
  works[0]!.resolve();
  await settle();
  t.deepEqual(begun, ['a', 'b', 'next']);
  for (const work of works) work.resolve();
  await Promise.all([...running, next]);
});

test('who leaves while waiting is forgotten; work that fails gives its place back', async (t) => {
  const { works, begun, enter, lane, shedCount } = openLane();
  const running = [enter('a'), enter('b')];
  const leaving = new AbortController();
  const left = enter('left', leaving.signal);
  const next = enter('next');
  leaving.abort();
  await left;
  t.is(lane.waitingCount, 1);
  works[0]!.reject(new Error('broken'));
  await t.throwsAsync(running[0]!, { message: 'broken' });
  await settle();
  t.deepEqual(begun, ['a', 'b', 'next']);
  t.is(shedCount(), 0);
  for (const work of works) work.resolve();
  await Promise.all([running[1], next]);
});
