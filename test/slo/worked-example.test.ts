/** The worked example of docs/slo.md, recomputed: each number by hand from the counts of its table, and by the code. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { parseDuration } from '../../runtime/index.ts';
import { sloStatus } from '../../slo/index.ts';
import { AVAILABILITY, slosOf } from './definitions.ts';
import { AT_MS, counted } from './statuses.ts';

const EXAMPLE = /## A worked example\n([\s\S]*?)\n## /.exec(
  readFileSync('docs/slo.md', 'utf8'),
)![1]!;

/** Window, bad, valid, error ratio and burn rate of each row. */
const ROWS = EXAMPLE.split('\n')
  .map((line) => /^\| ([\d dhm]+?) +\|(.*)\|$/.exec(line))
  .filter((match) => match !== null)
  .map(([, window, cells]) => {
    const [bad, valid, errorRatio, burnRate] = cells!
      .split('|')
      .map((cell) => Number(cell.replaceAll(',', '').trim()));
    const windowMs = parseDuration(window!.replaceAll(' ', ''))!;
    return { windowMs, bad: bad!, valid: valid!, errorRatio: errorRatio!, burnRate: burnRate! };
  });
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const rowOf = (windowMs: number) => ROWS.find((row) => row.windowMs === windowMs)!;

/** The text says this, but for where its lines break. */
function says(words: string): boolean {
  return EXAMPLE.replaceAll(/\s+/g, ' ').includes(words);
}

test('each row of the table follows from its own counts', (t) => {
  t.deepEqual(
    ROWS.map(({ windowMs }) => windowMs),
    [30 * DAY_MS, 3 * DAY_MS, DAY_MS, 6 * HOUR_MS, HOUR_MS, HOUR_MS / 12],
  );
  for (const { bad, valid, errorRatio, burnRate } of ROWS) {
    t.true(Math.abs(bad / valid - errorRatio) < 1e-12, `${bad} / ${valid}`);
    t.true(Math.abs(errorRatio / 0.001 - burnRate) < 1e-9, `${errorRatio} / 0.001`);
  }
});

test('each sentence below it is its own arithmetic', (t) => {
  // Of every "a op b … = c" the left side is worked out from left to right of precedence, without the code.
  const number = String.raw`-?[\d,]+(?:\.\d+)?`;
  const unit = String.raw`(?: (?:h|d|min))?`;
  const sums = new RegExp(
    String.raw`((?:[(]?${number}${unit}[)]? ?[−·×/+] ?)+[(]?${number}${unit}[)]?) = (${number})`,
    'g',
  );
  const found = [...EXAMPLE.replaceAll(/\s+/g, ' ').matchAll(sums)];
  t.true(found.length >= 12, `${found.length} sums`);
  for (const [, left, right] of found) {
    const value = worked(left!);
    const told = Number(right!.replaceAll(',', ''));
    const digits = /\.(\d+)$/.exec(right!)?.[1]?.length ?? 0;
    t.true(
      Math.abs(value - told) <= 0.5 * 10 ** -digits + 1e-12,
      `${left} = ${right}; got ${value}`,
    );
  }
});

/** Products before sums, brackets first. */
function worked(text: string): number {
  const plain = text
    .replaceAll(',', '')
    .replaceAll(/ ?(?:h|d|min)\b/g, '')
    .replaceAll('−', '-');
  const inner = /\(([^()]+)\)/.exec(plain);
  if (inner) return worked(plain.replace(inner[0], String(worked(inner[1]!))));
  const terms = plain.split(/ ([+-]) /);
  let sum = 0;
  for (let at = 0; at < terms.length; at += 2) {
    const factors = terms[at]!.trim().split(/ ?([·×/]) ?/);
    let product = Number(factors[0]);
    for (let next = 1; next < factors.length; next += 2) {
      const factor = Number(factors[next + 1]);
      product = factors[next] === '/' ? product / factor : product * factor;
    }
    sum += terms[at - 1] === '-' ? -product : product;
  }
  return sum;
}

test('the status of these counts has the figures of the text', (t) => {
  const slo = slosOf(AVAILABILITY)[0]!;
  const { bad, valid } = rowOf(30 * DAY_MS);
  const windows = new Map(
    ROWS.filter(({ windowMs }) => windowMs < 30 * DAY_MS).map((row) => [
      row.windowMs,
      counted(row.bad, row.valid),
    ]),
  );
  // The short windows of the tiers that the table leaves out.
  windows.set(HOUR_MS / 2, counted(40, 1_000)).set(2 * HOUR_MS, counted(60, 4_000));
  const status = sloStatus(slo, {
    atMs: AT_MS,
    sinceAtMs: undefined,
    period: counted(bad, valid),
    windows,
  });
  for (const row of status.windows) {
    const told = rowOf(row.windowMs);
    if (!told) continue;
    t.is(row.errorRatio, told.errorRatio);
    t.is(row.burnRate, told.burnRate);
  }
  const { budget, forecast } = status;
  const hour = status.windows.find((each) => each.windowMs === HOUR_MS)!;
  t.true(says(`SLI: (1,000,000 − 250) / 1,000,000 = ${status.sliRatio}`));
  t.true(
    says(`0.001 × 1,000,000 = ${budget?.allowedCount.toLocaleString('en')} bad events allowed`),
  );
  t.true(says(`1 − 250 / 1,000 = ${budget?.remainingRatio} remains`));
  t.true(says(`0.001 × 43,200 = ${budget?.allowedMinutes} allowed`));
  t.true(says(`0.75 × 43.2 = ${budget?.remainingMinutes} remain`));
  t.true(says(`60 / 1,000 = ${hour.budgetSpentRatio} of the budget`));
  t.true(says(`0.75 × 720 h / 30 = ${hour.exhaustionMs! / HOUR_MS} h`));
  for (const { tier } of status.tiers) {
    t.true(
      says(
        `= ${tier.factor.value}, threshold ${tier.factor.value} × 0.001 = ${tier.thresholdRatio.value}`,
      ),
      tier.name,
    );
  }
  t.deepEqual(
    status.tiers.filter(({ isBurning }) => isBurning).map(({ tier }) => tier.name),
    ['page-1h'],
  );
  t.true(says(`0.75 − 7 / 30 = ${forecast?.remainingRatio.toFixed(4)} remains`));
  t.true(says(`0.75 × 30 d / 1 = ${(forecast!.exhaustionAtMs! - AT_MS) / DAY_MS} d`));
});
