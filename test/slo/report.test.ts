/** The report of a month: its arithmetic by hand, and its two forms as they were reviewed. */
import test from 'ava';
import { parseMonth, reportHtml, reportMarkdown, sloReport } from '../../slo/index.ts';
import type { LedgerRow, Month } from '../../slo/index.ts';

const HOUR_MS = 3_600_000;
const NOVEMBER = parseMonth('2026-11')!;

/** An hour of the month: bad of valid, by an objective. */
function hour(index: number, bad: number, validCount: number, percent = 99.9): LedgerRow {
  return {
    slo: 'api-availability',
    revision: `r${percent}`,
    startAtMs: NOVEMBER.fromMs + index * HOUR_MS,
    objectivePercentText: String(percent),
    budgetRatio: Number(((100 - percent) / 100).toPrecision(12)),
    goodCount: validCount - bad,
    validCount,
  };
}

/** 720 hours of 1,000 requests, 10 bad ones in hour 100 and 200 in hour 300; from hour 360 the objective is 99.5. */
const ROWS = Array.from({ length: 720 }, (_, index) =>
  hour(index, index === 100 ? 10 : index === 300 ? 200 : 0, 1_000, index < 360 ? 99.9 : 99.5),
);
const SLO = { name: 'api-availability', title: 'Requests succeed' };

test('each hour counts by the objective of its time', (t) => {
  const report = sloReport(SLO, ROWS, NOVEMBER, NOVEMBER.toMs);
  t.deepEqual(report.counts, { goodCount: 719_790, validCount: 720_000 });
  t.is(report.badCount, 210);
  // 719,790 / 720,000.
  t.is(report.sliRatio?.toFixed(9), '0.999708333');
  // 360 · 1,000 · 0.001 + 360 · 1,000 · 0.005.
  t.is(report.allowedCount, 2_160);
  // 1 − 210 / 2,160.
  t.is(report.remainingRatio?.toFixed(9), '0.902777778');
  t.deepEqual(report.objectives, [
    { percentText: '99.9', fromAtMs: NOVEMBER.fromMs },
    { percentText: '99.5', fromAtMs: NOVEMBER.fromMs + 360 * HOUR_MS },
  ]);
  t.is(report.hoursCounted, 720);
  t.is(report.hoursOver, 720);
  t.deepEqual(
    report.worst.map(({ startAtMs }) => (startAtMs - NOVEMBER.fromMs) / HOUR_MS),
    [300, 100],
  );
  t.is(report.course.length, 720);
  t.is(report.course[99]?.remainingRatio, 1);
  t.is(report.course[100]?.remainingRatio, Number((1 - 10 / 2_160).toPrecision(14)));
  t.is(report.course[100]?.atMs, NOVEMBER.fromMs + 101 * HOUR_MS);
  t.is(report.course.at(-1)?.remainingRatio, report.remainingRatio);
});

test('of a month under way the hours that are over count; of one to come, none', (t) => {
  const midMs = NOVEMBER.fromMs + 36.5 * HOUR_MS;
  const running = sloReport(SLO, ROWS.slice(0, 36), NOVEMBER, midMs);
  t.is(running.hoursOver, 36);
  t.is(running.hoursCounted, 36);
  const future = sloReport(SLO, [], NOVEMBER, NOVEMBER.fromMs - 1);
  t.is(future.hoursOver, 0);
  t.is(future.sliRatio, undefined);
  t.is(future.remainingRatio, undefined);
});

test('a month is a year and a month from 01 to 12', (t) => {
  t.deepEqual(parseMonth('2026-12'), {
    name: '2026-12',
    fromMs: Date.UTC(2026, 11, 1),
    toMs: Date.UTC(2027, 0, 1),
  });
  for (const text of ['', '2026', '2026-13', '2026-00', '2026-1', ' 2026-11', '2026-11-01']) {
    t.is(parseMonth(text), undefined, text);
  }
});

/** Three days of hours are enough for a picture that can be reviewed. */
const DAYS = ROWS.filter((_, index) => index < 72).map((row, index) =>
  index === 30 ? hour(30, 250, 1_000) : index === 48 ? hour(48, 3.5, 1_000, 99.5) : row,
);
const REPORTS = [
  sloReport(SLO, DAYS, NOVEMBER, NOVEMBER.fromMs + 72 * HOUR_MS),
  sloReport(
    { name: 'api-latency', title: '<script>alert("&")</script>' },
    [hour(0, 10, 1_000, 95)],
    NOVEMBER,
    NOVEMBER.fromMs + 72 * HOUR_MS,
  ),
  sloReport({ name: 'quiet', title: 'Nothing happened' }, [], NOVEMBER, NOVEMBER.toMs),
];

test('in Markdown it is what was reviewed', (t) => {
  t.snapshot(reportMarkdown(NOVEMBER, REPORTS));
});

test('in HTML it is what was reviewed', (t) => {
  t.snapshot(reportHtml(NOVEMBER, REPORTS));
});

test('the page needs nothing from elsewhere, and what definitions say is text in it', (t) => {
  const html = reportHtml(NOVEMBER, REPORTS);
  t.notRegex(html, /https?:|<script|src=|@import/);
  t.true(html.includes('&#60;script&#62;alert(&#34;&#38;&#34;)&#60;/script&#62;'));
});

test('the picture falls where the budget does, and its lowest point is to scale', (t) => {
  const month: Month = NOVEMBER;
  const overspent = sloReport(SLO, [hour(0, 1, 1_000), hour(1, 2, 1_000)], month, month.toMs);
  // Allowed 2: after 1 bad half is left, after 3 it is −0.5.
  t.deepEqual(
    overspent.course.map(({ remainingRatio }) => remainingRatio),
    [0.5, -0.5],
  );
  const html = reportHtml(month, [overspent]);
  const points = /class="line missed" points="([^"]+)"/.exec(html)?.[1]?.split(' ') ?? [];
  // 144 units from 1 (at 12) to −0.5 (at 156): 96 a whole budget. An hour is 792 / 720 = 1.1 wide.
  t.deepEqual(points, ['56.0,12.0', '57.1,60.0', '58.2,156.0']);
});
