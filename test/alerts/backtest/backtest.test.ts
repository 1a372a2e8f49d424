/** Backtests of counts whose pages are worked out by hand, through the evaluator that the service runs. */
import test from 'ava';
import {
  backtest,
  backtestHtml,
  backtestJson,
  historyOfCounts,
} from '../../../alerts/backtest/index.ts';
import type { CountRow } from '../../../alerts/backtest/index.ts';
import { burnPolicies, MINUTE_MS, minutes, SLOS, START_MS } from './counts.ts';

const DAY = 1_440;

async function backtested(rows: readonly CountRow[], tiers?: readonly string[]) {
  const history = historyOfCounts(rows, SLOS, 'counts');
  const definitions = burnPolicies(history.slos, tiers);
  return backtest(history, [{ name: 'current', definitions }]);
}

const at = (minute: number) => START_MS + minute * MINUTE_MS;

test('a total outage of half an hour pages after its first minute, with 2.3 % of the budget gone', async (t) => {
  const start = 4 * DAY + 600;
  const isOut = (minute: number) => minute >= start && minute < start + 30;
  const result = await backtested(minutes(5 * DAY, (minute) => (isOut(minute) ? 100 : 0)));
  const [{ alerts, pageCount, ticketCount } = { alerts: [], pageCount: 0, ticketCount: 0 }] =
    result.candidates;
  // page-1h: of 60 samples 59 minutes are seen, 1 of 59 bad is 1.7 %, above 14.4 times 0.1 %.
  t.is(pageCount, 1);
  t.is(ticketCount, 0);
  const [page] = alerts;
  t.like(page, {
    policy: 'availability',
    route: 'page',
    severity: 'critical',
    slo: 'availability',
  });
  t.is(page?.pagedAtMs, at(start + 1));
  t.deepEqual(
    [page?.detection.painStartMs, page?.detection.painEndMs],
    [at(start), at(start + 30)],
  );
  t.is(page?.detection.timeToDetectMs, MINUTE_MS);
  // 100 bad events of the 0.001 · 100 · 43,200 = 4,320 that thirty days allow.
  t.is(page?.detection.budgetSpentRatio?.toFixed(6), (100 / 4_320).toFixed(6));
  // The last rung to let go is ticket-3d: its short window of 6 h stays above 0.1 % for as long as it sees the outage.
  t.is(page?.resolvedAtMs, at(start + 30 + 6 * 60 - 1));
});

test('a slow burn at four times the pace becomes one ticket, when its day and its three days allow it', async (t) => {
  const start = 3 * DAY;
  // 0.4 % bad: two events of every five minutes.
  const result = await backtested(
    minutes(5 * DAY, (minute) => (minute >= start && minute % 5 < 2 ? 1 : 0)),
  );
  const [{ alerts, pageCount, ticketCount } = { alerts: [], pageCount: 0, ticketCount: 0 }] =
    result.candidates;
  t.deepEqual([pageCount, ticketCount], [0, 1]);
  const [ticket] = alerts;
  // ticket-3d: 0.4 % of x minutes is 0.1 % of 4,319 after 1,080; ticket-1d: above 0.3 % of 1,439 after 1,079 already.
  t.true(Math.abs((ticket?.ticketedAtMs ?? 0) - at(start + 1_080)) <= 5 * MINUTE_MS);
  // 0.4 · 1,080 = 432 of 4,320.
  t.true(Math.abs((ticket?.detection.budgetSpentRatio ?? 0) - 0.1) < 0.001);
  t.is(ticket?.resolvedAtMs, undefined);
});

test('a single bad event pages nobody, and neither does a day without any event', async (t) => {
  const rows = minutes(4 * DAY, (minute) => (minute === 3 * DAY ? 2 : 0)).filter(
    (_, minute) => minute < 2 * DAY || minute > 2 * DAY + 300,
  );
  const [result] = (await backtested(rows, ['page-1h', 'page-6h'])).candidates;
  t.deepEqual(
    result?.alerts.filter(({ rungs }) => !rungs.includes('no-data')),
    [],
  );
});

test('where rows are missing the indicator has no data, and a ticket says so', async (t) => {
  const gap = { from: 2 * DAY, to: 2 * DAY + 120 };
  const rows = minutes(3 * DAY, () => 0).filter(
    (_, minute) => minute < gap.from || minute >= gap.to,
  );
  const [result] = (await backtested(rows)).candidates;
  t.is(result?.alerts.length, 1);
  const [ticket] = result?.alerts ?? [];
  t.like(ticket, { route: 'ticket', rungs: ['no-data'] });
  // Five minutes without a rise, less one sample, and fifteen more.
  const silent = ((ticket?.firedAtMs ?? 0) - at(gap.from)) / MINUTE_MS;
  t.true(silent >= 15 && silent <= 20, `${silent}`);
});

test('candidates stand side by side: without the fast tier the same outage pages later', async (t) => {
  const start = 4 * DAY;
  const rows = minutes(5 * DAY, (minute) => (minute >= start && minute < start + 60 ? 10 : 0));
  const history = historyOfCounts(rows, SLOS, 'counts');
  const result = await backtest(history, [
    { name: 'both', definitions: burnPolicies(history.slos) },
    { name: 'slow', definitions: burnPolicies(history.slos, ['page-6h']) },
  ]);
  // 10 % bad: 1.44 % of 59 minutes after 9, 0.6 % of 359 after 22.
  t.deepEqual(
    result.candidates.map(({ alerts }) => alerts[0]?.detection.timeToDetectMs),
    [9 * MINUTE_MS, 22 * MINUTE_MS],
  );
  const json = JSON.parse(JSON.stringify(backtestJson(result))) as ReturnType<typeof backtestJson>;
  t.deepEqual(
    json.candidates.map(({ candidate, page_count: pages }) => [candidate, pages]),
    [
      ['both', 1],
      ['slow', 1],
    ],
  );
  t.is(json.candidates[1]?.alerts[0]?.seconds_to_detect, 22 * 60);
  const html = backtestHtml(result);
  t.is(html.match(/<svg /g)?.length, 3);
  t.is(html.match(/<rect class="page"/g)?.length, 2);
  t.notRegex(html, /NaN|undefined/);
});

test('counts of an SLO that is not defined, and a row that stands twice, are refused', (t) => {
  t.throws(
    () =>
      historyOfCounts(
        minutes(3, () => 0, 'other'),
        SLOS,
        'c.csv',
      ),
    {
      message: 'c.csv: expected names of SLOs, availability; got other',
    },
  );
  const [row] = minutes(1, () => 0);
  t.throws(() => historyOfCounts([row!, row!], SLOS, 'c.csv'), {
    message: /expected one row of availability at 2026-01-05T00:00:00.000Z .* got two/,
  });
});

test('counts too coarse for a short window are named', (t) => {
  const rows = minutes(100, () => 0).filter((_, minute) => minute % 5 === 0);
  const { notes, stepMs } = historyOfCounts(rows, SLOS, 'c.csv');
  t.is(stepMs, 5 * MINUTE_MS);
  t.true(notes.some((note) => /too coarse .* availability page-1h \(5m\)/.test(note)));
});
