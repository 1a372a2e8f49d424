/** The gate: every reason to refuse, and closed wherever something is missing. */
import test from 'ava';
import { isAppError } from '../../runtime/index.ts';
import {
  decideGate,
  parseHistoryAnswer,
  parseSloAnswer,
  parseSlosAnswer,
} from '../../slo/index.ts';
import type { GateOptions, SlosJson } from '../../slo/index.ts';
import { AVAILABILITY, FRESHNESS, LATENCY, slosOf } from './definitions.ts';
import { answerOf, counted, NO_DATA, statusOf } from './statuses.ts';

const HOUR_MS = 3_600_000;
const [availability, latency] = [
  slosOf(AVAILABILITY.replace('    title', '    labels: { journey: read }\n    title'))[0]!,
  slosOf(LATENCY)[0]!,
];
/** 1,000,000 events allow 1,000 bad ones: 250 leave 75 %. The same in each tier window: burn rate 0.25. */
const FINE = statusOf(availability, counted(250, 1_000_000), counted(25, 100_000));
const FINE_TOO = statusOf(latency, counted(0, 1_000), counted(0, 10));
const OPTIONS: GateOptions = { names: [], labels: {}, revisions: {}, remainingRatioMin: 0 };

const CASES: readonly (readonly [string, SlosJson, Partial<GateOptions>, readonly string[]])[] = [
  ['all is well', answerOf([FINE, FINE_TOO]), {}, []],
  [
    'no event to judge is no reason to refuse',
    answerOf([statusOf(availability, counted(0, 0), counted(0, 0))]),
    {},
    [],
  ],
  [
    'stale by more than three intervals',
    answerOf([FINE], 45_001),
    {},
    ['The status is stale: evaluated at 2026-11-20T12:00:00.000Z.'],
  ],
  ['three intervals old is not stale', answerOf([FINE], 45_000), {}, []],
  [
    'nothing evaluated yet',
    { ...answerOf([]), evaluated_at: null, is_stale: true },
    {},
    [
      'The status is stale: evaluated at no time yet.',
      'No SLO is chosen by the names and labels given.',
    ],
  ],
  [
    'a name that there is not',
    answerOf([FINE]),
    { names: ['availability', 'nosuch'] },
    ['nosuch: there is no such SLO.'],
  ],
  [
    'labels that none has',
    answerOf([FINE]),
    { labels: { journey: 'write' } },
    ['No SLO is chosen by the names and labels given.'],
  ],
  [
    'another definition',
    answerOf([FINE]),
    { revisions: { availability: '0123456789ab' } },
    [`availability: measured by definition ${availability.revision}, not by 0123456789ab.`],
  ],
  [
    'a definition that there is not',
    answerOf([FINE]),
    { revisions: { nosuch: '0123456789ab' } },
    ['nosuch: there is no such SLO.'],
  ],
  [
    'the definition asked for',
    answerOf([FINE]),
    { revisions: { availability: availability.revision } },
    [],
  ],
  [
    'no data',
    answerOf([statusOf(availability, NO_DATA, NO_DATA)]),
    {},
    ['availability: no data. No sample of the indicator is known.'],
  ],
  [
    'no data lately, though the budget is full',
    answerOf([statusOf(availability, counted(0, 1_000), NO_DATA)]),
    {},
    ['availability: no data. No sample of the indicator in the last 5m.'],
  ],
  [
    'a budget that is gone',
    answerOf([statusOf(availability, counted(1_200, 1_000_000), counted(0, 10))]),
    {},
    ['availability: -20 % of the error budget remains, more than 0 % must.'],
  ],
  [
    'exactly as much left as must be exceeded',
    answerOf([FINE]),
    { remainingRatioMin: 0.75 },
    ['availability: 75 % of the error budget remains, more than 75 % must.'],
  ],
  ['a little more left than must be', answerOf([FINE]), { remainingRatioMin: 0.7499 }, []],
  [
    // 30 of 1,000 is 30 times the budget of 0.001; above 14.4, 6, 3 and 1.
    'a page burns; tickets do not refuse',
    answerOf([statusOf(availability, counted(250, 1_000_000), counted(30, 1_000))]),
    {},
    ['availability: page-1h, page-6h burns now.'],
  ],
  [
    // 4 of 1,000 is 4 times the budget: above the tickets' 3 and 1, below the pages' 14.4 and 6.
    'only tickets burn',
    answerOf([statusOf(availability, counted(250, 1_000_000), counted(4, 1_000))]),
    {},
    [],
  ],
  [
    'a burn rate above the one that is allowed',
    answerOf([statusOf(availability, counted(250, 1_000_000), counted(4, 1_000))]),
    { burnMax: { burnRate: 3.9, windowMs: HOUR_MS } },
    ['availability: burn rate 4 over 1h, at most 3.9 is allowed.'],
  ],
  [
    'a burn rate at the one that is allowed',
    answerOf([statusOf(availability, counted(250, 1_000_000), counted(4, 1_000))]),
    { burnMax: { burnRate: 4, windowMs: HOUR_MS } },
    [],
  ],
  [
    'a window that is not measured',
    answerOf([FINE]),
    { burnMax: { burnRate: 2, windowMs: 7 * HOUR_MS } },
    ['availability: no burn rate over 7h is known, only over 5m, 30m, 1h, 2h, 6h, 1d, 3d.'],
  ],
  [
    'only the SLOs that are named count',
    answerOf([FINE, statusOf(latency, NO_DATA, NO_DATA)]),
    { names: ['availability'] },
    [],
  ],
  [
    'only the SLOs with the label count',
    answerOf([FINE, statusOf(latency, NO_DATA, NO_DATA)]),
    { labels: { journey: 'read' } },
    [],
  ],
];

for (const [title, answer, options, reasons] of CASES) {
  test(`${title}: ${reasons.length === 0 ? 'allowed' : 'refused'}`, (t) => {
    const verdict = decideGate(answer, { ...OPTIONS, ...options });
    t.deepEqual(verdict.reasons, reasons);
    t.is(verdict.isAllowed, reasons.length === 0);
  });
}

test('a window without data is refused where its burn rate is asked for', (t) => {
  const [slo] = answerOf([FINE]).slos;
  const rows = slo!.burn_rates.map((row) => ({ ...row, valid_count: null }));
  const answer = { ...answerOf([FINE]), slos: [{ ...slo!, burn_rates: rows }] };
  const burnMax = { burnRate: 2, windowMs: HOUR_MS };
  const { reasons } = decideGate(answer, { ...OPTIONS, burnMax });
  t.deepEqual(reasons, ['availability: no data over 1h.']);
});

test('every reason of every SLO is told at once', (t) => {
  const answer = answerOf(
    [
      statusOf(availability, counted(1_200, 1_000_000), counted(30, 1_000)),
      statusOf(latency, NO_DATA, NO_DATA),
    ],
    60_000,
  );
  const { reasons, checked } = decideGate(answer, OPTIONS);
  t.is(reasons.length, 4);
  t.deepEqual(checked, ['availability', 'latency']);
});

test('an answer is read as it was written, and anything else is refused', (t) => {
  const freshness = slosOf(FRESHNESS)[0]!;
  const statuses = [FINE, FINE_TOO, statusOf(freshness, NO_DATA, NO_DATA)];
  const written = answerOf(statuses);
  const wire: unknown = JSON.parse(JSON.stringify(written));
  t.deepEqual(parseSlosAnswer(wire), written);
  for (const slo of written.slos) t.deepEqual(parseSloAnswer(slo), slo);

  const broken: readonly unknown[] = [
    undefined,
    null,
    'no',
    [],
    {},
    { ...written, is_stale: 'false' },
    { ...written, slos: [{ ...written.slos[0], state: 'fine' }] },
    ...Object.keys(written).map((key) => ({ ...written, [key]: undefined })),
    ...Object.keys(written.slos[0]!).map((key) => ({
      ...written,
      slos: [{ ...written.slos[0], [key]: undefined }],
    })),
  ];
  for (const each of broken) {
    const error = t.throws(() => parseSlosAnswer(each), undefined, JSON.stringify(each));
    t.true(isAppError(error, 'metrics_unavailable'));
    t.regex(error.message, /^The answer is none of \/v1\/slos: /);
  }
  t.throws(() => parseSloAnswer({}), { message: /none of \/v1\/slos\/\{slo\}/ });
  t.throws(() => parseHistoryAnswer({ slo: 'a', hours: [{}] }), { message: /hours\.0\./ });
});
