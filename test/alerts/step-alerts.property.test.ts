import test from 'ava';
import {
  array,
  assert,
  boolean,
  integer,
  nat,
  property,
  record,
  subarray,
  tuple,
} from 'fast-check';
import { compareLoudness } from '../../alerts/index.ts';
import type { Transition } from '../../alerts/index.ts';
import { AGE, AVAILABILITY_SLO, definitionsOf, MINUTE_MS, Run } from './definitions.ts';
import type { Held } from './definitions.ts';

const STEP_MS = 30_000;
const RUNGS = ['page-1h', 'page-6h', 'ticket-1d', 'ticket-3d', 'no-data'] as const;
const RUNS = { numRuns: process.env['HIGHWATER_TEST_FULL'] === '1' ? 300 : 100 };

/** Runs of the same answer, as faults have it, rather than noise. */
const course = array(tuple(boolean(), integer({ min: 1, max: 6 })), { maxLength: 20 }).map((runs) =>
  runs.flatMap(([holds, length]) => Array.from({ length }, () => holds)),
);
const heldCourse = array(
  record({ held: subarray([...RUNGS]), length: integer({ min: 1, max: 4 }) }),
  { maxLength: 20 },
);

test('for and keep_firing_for are what they say, over any history', (t) => {
  const said = property(
    course,
    integer({ min: 0, max: 5 }),
    integer({ min: 0, max: 5 }),
    (history, forSteps, keepSteps) => {
      const run = new Run(
        definitionsOf(
          `${AGE}    for: ${forSteps * 30}s\n    keep_firing_for: ${keepSteps * 30}s\n`,
        ),
      );
      const firing = history.map((holds) => {
        run.step(holds ? { 'age/threshold': true } : {});
        return run.state.incidents.length > 0;
      });
      return firing.every(
        (isFiring, at) => isFiring === isFiringAt(history, at, forSteps, keepSteps),
      );
    },
  );
  t.notThrows(() => assert(said, RUNS));
});

/**
 * Said backwards: it fires at `at` where some earlier (or this) evaluation completed a run of holding of `forSteps`, and since then it
 * was never without the condition for `keepSteps` evaluations and one more.
 */
function isFiringAt(
  history: readonly boolean[],
  at: number,
  forSteps: number,
  keepSteps: number,
): boolean {
  for (let completed = at; completed >= 0; completed--) {
    const run = history.slice(Math.max(0, completed - forSteps), completed + 1);
    if (run.length < forSteps + 1 || !run.every(Boolean)) continue;
    const since = history.slice(completed + 1, at + 1);
    let longest = 0;
    let missing = 0;
    for (const holds of since) {
      missing = holds ? 0 : missing + 1;
      longest = Math.max(longest, missing);
    }
    if (longest <= keepSteps) return true;
  }
  return false;
}

const heldAt = (names: readonly string[]): Held =>
  Object.fromEntries(names.map((name) => [`availability/${name}`, true]));

test('receivers hear of each incident once, again only where it is louder, and of its end', (t) => {
  const said = property(heldCourse, (history) => {
    const run = new Run(
      definitionsOf('', [AVAILABILITY_SLO], 'burn_rate: { keep_firing_for: 1m }\n'),
    );
    for (const { held, length } of history) {
      for (let index = 0; index < length; index++) run.step(heldAt(held));
    }
    for (let index = 0; index < 5; index++) run.step({});
    const told = run.all.filter(({ isTold }) => isTold);
    const byIncident = Map.groupBy(told, ({ incident }) => incident!.id);
    return (
      run.state.incidents.length === 0 &&
      [...byIncident.values()].every(isWellTold) &&
      told.filter(({ kind }) => kind === 'resolved').length === byIncident.size
    );
  });
  t.notThrows(() => assert(said, RUNS));
});

function changesOf(run: Run): string {
  const changes = run.all.filter(({ kind }) => kind !== 'muted' && kind !== 'unmuted');
  return JSON.stringify(changes.map(({ kind, atMs, rung }) => [kind, atMs, rung]));
}

function silenceable(): Run {
  return new Run(definitionsOf('', [AVAILABILITY_SLO], 'burn_rate: { for: 30s }\n'));
}

function isWellTold(events: readonly Transition[]): boolean {
  const first = events[0]!;
  const last = events.at(-1)!;
  if (first.kind !== 'firing' || last.kind !== 'resolved') return false;
  const middle = events.slice(0, -1);
  return middle.every(({ kind, incident }, index) => {
    if (index === 0) return true;
    const before = middle[index - 1]!.incident!;
    return kind === 'raised' && compareLoudness(incident!, before) > 0;
  });
}

test('a silence changes what is told and nothing else', (t) => {
  const said = property(
    heldCourse,
    nat(60),
    integer({ min: 1, max: 60 }),
    (history, from, length) => {
      const [plain, silenced] = [silenceable(), silenceable()];
      const startsAtMs = plain.nowMs + from * STEP_MS;
      const endsAtMs = startsAtMs + length * STEP_MS;
      silenced.state = {
        ...silenced.state,
        silences: [
          {
            id: 's',
            kind: 'silence',
            matchers: [{ label: 'policy', op: '=', value: 'availability' }],
            reason: 'r',
            by: 'b',
            startsAtMs,
            endsAtMs,
          },
        ],
      };
      for (const { held, length: count } of history) {
        for (let index = 0; index < count; index++) {
          plain.step(heldAt(held));
          silenced.step(heldAt(held));
          if (JSON.stringify(plain.state.alerts) !== JSON.stringify(silenced.state.alerts))
            return false;
        }
      }
      const quiet = silenced.all.filter(
        ({ atMs, isTold, kind }) =>
          isTold && kind !== 'resolved' && atMs >= startsAtMs && atMs < endsAtMs,
      );
      return changesOf(plain) === changesOf(silenced) && quiet.length === 0;
    },
  );
  t.notThrows(() => assert(said, RUNS));
});

test('the same in steps of any length up to three intervals: what is told ends with a resolve', (t) => {
  const steps = array(tuple(boolean(), integer({ min: 1, max: 90 })), {
    maxLength: 60,
  });
  const said = property(steps, (history) => {
    const run = new Run(definitionsOf(`${AGE}    for: 1m\n    keep_firing_for: 1m\n`));
    for (const [holds, seconds] of history)
      run.step(holds ? { 'age/threshold': true } : {}, seconds * 1_000);
    const pendingMs = run.all.filter(({ kind }) => kind === 'pending').map(({ atMs }) => atMs);
    return run.all
      .filter(({ kind }) => kind === 'firing')
      .every(({ atMs }) => pendingMs.some((startMs) => startMs <= atMs - MINUTE_MS));
  });
  t.notThrows(() => assert(said, RUNS));
});
