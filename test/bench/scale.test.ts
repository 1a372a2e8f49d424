/** The arithmetic of scale by hand, and the document that shows it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ASSUMPTIONS, assumptionsWith } from '../../bench/scale-assumptions.ts';
import { ingesterRates, scaleOf } from '../../bench/scale-model.ts';
import { SETTINGS } from '../../runtime/index.ts';
import { ROOT } from '../dashboards/shipped.ts';
import { shippedVariables } from '../terraform/shipped.ts';

const DOCUMENT = readFileSync(join(ROOT, 'docs/scale.md'), 'utf8');

/** Figures that are easy to work with by hand. */
const ROUND = assumptionsWith({
  eventsPerSecond: 10_000,
  peakRatio: 2,
  eventBytes: 150,
  attributeBytes: 11,
  rowBytes: 100,
  streams: 3,
  ingestMicros: 50,
  ingesterCpus: 1,
  busyRatio: 0.5,
  inFlightMax: 10_000,
  batchWaitMs: 200,
  appendMs: 280,
  ackWaitMs: 20,
  batchRowsMax: 4_200,
  commitsMax: 2,
  writeConnections: 2,
  writeConnectionMbPerSecond: 1,
  pullStreamMbPerSecondMax: 10,
});

test('an ingester is held back by the least of five things', (t) => {
  t.deepEqual(ingesterRates(ROUND), {
    // Half of a processor's million µs a second, 50 an event.
    processor: 10_000,
    // 10,000 in flight, each for 200 + 280 + 20 ms.
    'messages in flight': 20_000,
    // Twice 4,200 rows in 280 ms.
    'commits under way': 30_000,
    // 10 MB/s of messages of 150 + 11 + 39 bytes.
    'one streaming pull': 50_000,
    // Twice 1 MB/s of rows of 100 bytes.
    'write connections': 20_000,
  });
});

test('a rate needs so many ingesters, pulls and connections', (t) => {
  const counts = Object.fromEntries(scaleOf(ROUND).needs.map(({ what, count }) => [what, count]));
  t.like(counts, {
    // 20,000 events a second at the peak, 10,000 each.
    ingesters: 2,
    'streaming pulls': 6,
    'write connections': 12,
  });
  const more = scaleOf({ ...ROUND, eventsPerSecond: 10_001 }).needs[0];
  t.is(more?.count, 3);
  t.regex(more?.because ?? '', /held back by processor/);
});

test('limits come lowest first, each at the rate at which it is reached', (t) => {
  const { limits } = scaleOf({ ...ROUND, billedGibMax: 16.09325408935546875, daysRead: 2 });
  const rates = limits.map(({ eventsPerSecond }) => eventsPerSecond);
  t.deepEqual(
    rates,
    rates.toSorted((a, b) => a - b),
  );
  const rateOf = (what: RegExp) =>
    Math.round(limits.find((limit) => what.test(limit.what))!.eventsPerSecond);
  // 17.28 GB over two days of 86,400 s and 100 bytes a row.
  t.is(rateOf(/newest events/), 1_000);
  // 20 ingesters of 10,000, half of it on the mean.
  t.is(rateOf(/autoscaler/), 100_000);
  // 4,000 MB/s of messages of 200 bytes, half of it on the mean.
  t.is(rateOf(/publishing/), 10_000_000);
  t.is(rateOf(/bytes into BigQuery/), 15_000_000);
});

test('what a rate has reached is told by the same limits, whatever the rate', (t) => {
  t.deepEqual(
    scaleOf({ ...ROUND, eventsPerSecond: 1 }).limits,
    scaleOf({ ...ROUND, eventsPerSecond: 1_000_000 }).limits,
  );
});

test('a month costs what its bytes, hours and samples cost', (t) => {
  const costs = Object.fromEntries(
    scaleOf(ROUND).costs.map(({ what, dollarsPerMonth }) => [what, dollarsPerMonth]),
  );
  const month = 30 * 86_400;
  // 5.184e12 bytes of messages, in and out, at $40 a TiB.
  t.is(costs['Pub/Sub, published and delivered'], (2 * 1e4 * month * 200 * 40) / 2 ** 40);
  // Two of 1 vCPU and 1 GiB, all month.
  t.is(costs['Cloud Run, ingesters'], 2 * month * (0.000011244 + 0.000001235));
  t.is(costs['BigQuery, written'], ((1e4 * 86_400 * 100 * 30) / 2 ** 30) * 0.025);
  const perMillion = scaleOf(ROUND).costs[0]!;
  t.is(perMillion.dollarsPerMillionEvents, perMillion.dollarsPerMonth / ((1e4 * month) / 1e6));
});

test('assumptions that are settings or definitions of this tree are as they are there', (t) => {
  for (const { source, value } of Object.values(ASSUMPTIONS)) {
    if (!Object.hasOwn(SETTINGS, source)) continue;
    const settings = readFileSync(join(ROOT, 'docs/settings.md'), 'utf8');
    const text = new RegExp(`\\| \`${source}\` \\|.*\\| \`(\\S+)\` \\|`).exec(settings)?.[1] ?? '';
    const number = Number.parseFloat(text);
    t.true([number, number / 2 ** 30].includes(value), `${source}: ${text}, assumed ${value}`);
  }
  const { alert_policies: policies = {}, streams = {} } = shippedVariables();
  const conditions = Object.values(policies).flatMap((policy) => policy['conditions']);
  t.is(conditions.length, ASSUMPTIONS.alertConditions.value);
  t.is(Object.keys(streams).length, ASSUMPTIONS.streams.value);
  t.is(
    Number(streams['transactions']?.['message_retention_seconds']),
    ASSUMPTIONS.retentionDays.value * 86_400,
  );
});

test('what docs/scale.md shows is what its commands print', (t) => {
  const blocks = [...DOCUMENT.matchAll(/```sh\n(node [^`]*)```\n+```text\n([^`]*)```/g)];
  t.true(blocks.length >= 2);
  for (const [, command, shown] of blocks) {
    const printed = execFileSync('bash', ['-c', command!], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${join(process.execPath, '..')}:${process.env['PATH']}` },
    });
    t.true(printed.includes(shown!.trim()), command);
  }
});

test('an assumption that cannot be is refused with one that can', (t) => {
  const wrong = run('--cached-ratio', '1.5');
  t.is(wrong.status, 1);
  t.regex(wrong.stderr, /0 or more, 1 at most, such as 0\.5/);
  t.regex(run('--events-per-second', '0').stderr, /above 0, such as 1000/);
  const json = JSON.parse(run('--json', '--events-per-second', '5').stdout) as {
    assumptions: Record<string, number>;
  };
  t.is(json.assumptions['eventsPerSecond'], 5);
  for (const name of Object.keys(ASSUMPTIONS)) t.true(Object.hasOwn(json.assumptions, name), name);
});

function run(...words: readonly string[]) {
  return spawnSync(process.execPath, [join(ROOT, 'bench/scale.ts'), ...words], {
    encoding: 'utf8',
  });
}
