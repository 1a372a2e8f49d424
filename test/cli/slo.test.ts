/** The commands of `highwater slo` as a user runs them, against a service of the test. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { silentLogger, systemClock } from '../../runtime/index.ts';
import { openLedgerFile, SloEvaluator } from '../../slo/index.ts';
import { freePort } from '../helpers/free-port.ts';
import { startHighwater, temporaryFolder } from '../helpers/highwater-process.ts';
import { startService } from '../service/server.ts';
import type { TestService } from '../service/server.ts';
import { AVAILABILITY, HEAD, LATENCY, slosOf } from '../slo/definitions.ts';
import { FakeReader } from '../slo/fake-reader.ts';

const folder = temporaryFolder();
const HOUR_MS = 3_600_000;
/** A command loads the whole program: seconds, and many of them on a busy machine. */
const TIMEOUT_MS = 300_000;
const nowMs = systemClock.nowMs();
let service: TestService;

test.before(async () => {
  const reader = new FakeReader();
  // One bad of 1,000 in each of 40 days' hours: the budget of 0.001 just goes; none bad in the last hour.
  for (let hour = 960; hour > 0; hour--) {
    const atMs = nowMs - hour * HOUR_MS;
    reader.put('ingest_messages_total', { outcome: 'committed' }, atMs, 999.5);
    reader.put('ingest_messages_total', { outcome: 'quarantined' }, atMs, 0.5);
  }
  reader.put('ingest_messages_total', { outcome: 'committed' }, nowMs, 100);
  const evaluator = new SloEvaluator({
    slos: slosOf(AVAILABILITY + LATENCY),
    reader,
    ledger: await openLedgerFile(join(folder.path, 'ledger')),
    intervalMs: 3_600_000,
    clock: systemClock,
    logger: silentLogger,
  });
  await evaluator.evaluate();
  service = await startService({ slos: evaluator });
});
test.after.always(async () => {
  await service?.stop();
  folder.remove();
});

async function run(words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const process = startHighwater(['slo', ...words], environment);
  const code = await process.exited;
  return { code, ...process.output };
}

function definitions(name: string, text: string): Readonly<Record<string, string>> {
  const dir = join(folder.path, name);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'a.yaml'), text);
  return { HIGHWATER_SLO_DIR: dir };
}

test.serial('status shows all SLOs in a table', async (t) => {
  t.timeout(TIMEOUT_MS);
  const { code, stdout, stderr } = await run(['status', '--url', service.url]);
  t.is(code, 0, stderr);
  t.regex(stdout, /^SLO +STATE +SLI +OBJECTIVE +BUDGET LEFT +BURN RATE +LASTS$/m);
  // 0.5 of 1,000 is half of the budget.
  t.regex(stdout, /^availability +(?:ok|young) +99\.95\d* % +99\.9 % +50\.\d+ % +0 over 1h +on$/m);
  t.regex(stdout, /^latency +no_data +- +95 % +- +0 over 1h +on$/m);
  t.regex(stdout, /^evaluated at \d{4}-\d\d-\d\dT/m);
});

test.serial('status of one SLO shows what was counted, each window and each tier', async (t) => {
  t.timeout(TIMEOUT_MS);
  const { code, stdout, stderr } = await run(['status', 'availability', '--url', service.url]);
  t.is(code, 0, stderr);
  t.regex(stdout, /^availability: Requests succeed$/m);
  // 719 or 720 hours of 1,000 with half a bad one, and 100 good ones now.
  t.regex(stdout, /^counted +3(?:59\.5|60) bad of 7(?:191|201)00 valid since /m);
  t.regex(
    stdout,
    /^budget +50\.00\d+ % left: 3(?:59\.5|60) of 7(?:19|20)\.1 spent, 21\.\d+ of 43\.\d+ minutes left$/m,
  );
  t.regex(stdout, /^1d +1(?:1\.5|2) +2[34]100 +0\.5 /m);
  t.regex(stdout, /^page-1h +page +above 14\.4 over 1h and 5m +quiet/m);
});

test.serial('a name that there is not is wrong use, with the names that there are', async (t) => {
  t.timeout(TIMEOUT_MS);
  const { code, stderr } = await run(['status', 'nosuch', '--url', service.url, '--json']);
  t.is(code, 2);
  t.regex(stderr, /404 There is no SLO nosuch; there are: availability, latency\./);
});

test.serial('the gate lets through, code 0', async (t) => {
  t.timeout(TIMEOUT_MS);
  const { code, stdout, stderr } = await run(['gate', 'availability', '--url', service.url]);
  t.is(code, 0, stderr);
  t.is(stdout, 'allowed: availability\n');
});

test.serial('the gate refuses with every reason, code 1', async (t) => {
  t.timeout(TIMEOUT_MS);
  const limits = ['--min-remaining', '60%', '--max-burn', '0.4@1d'];
  const { code, stdout } = await run(['gate', '--url', service.url, ...limits]);
  t.is(code, 1);
  const [head, ...reasons] = stdout.trimEnd().split('\n  ');
  t.is(head, 'refused:');
  t.is(reasons.length, 3, stdout);
  t.regex(
    reasons[0]!,
    /^availability: 50\.0\d* % of the error budget remains, more than 60 % must\.$/,
  );
  t.regex(reasons[1]!, /^availability: burn rate 0\.49\d* over 1d, at most 0\.4 is allowed\.$/);
  t.is(reasons[2], 'latency: no data. No sample of the indicator is known.');
});

test.serial('the gate is closed where nobody answers', async (t) => {
  t.timeout(TIMEOUT_MS);
  const url = `http://127.0.0.1:${await freePort()}`;
  const { code, stdout } = await run(['gate', '--url', url, '--json']);
  t.is(code, 1);
  t.deepEqual(JSON.parse(stdout), {
    isAllowed: false,
    reasons: [`No API answers at ${url}; start it (highwater start) or name it with --url.`],
    checked: [],
  });
});

test.serial('an option that is none is refused with an example, code 2', async (t) => {
  t.timeout(TIMEOUT_MS);
  const { code, stderr } = await run(['gate', '--max-burn', '2']);
  t.is(code, 2);
  t.regex(stderr, /expected a burn rate and a window, such as 2@1h/);
});

test.serial('report is the month as the service kept it', async (t) => {
  t.timeout(TIMEOUT_MS);
  const month = new Date(nowMs - 30 * 24 * HOUR_MS).toISOString().slice(0, 7);
  const out = join(folder.path, 'report.md');
  const words = ['report', 'availability', '--month', month, '--url', service.url, '--out', out];
  const { code, stdout, stderr } = await run(words);
  t.is(code, 0, stderr);
  t.is(stdout, '');
  const text = readFileSync(out, 'utf8');
  t.true(text.startsWith(`# SLO report, ${month}\n`));
  // Each hour has half a bad event of 1,000, and 1 is allowed.
  t.regex(text, /^\| availability \| 99\.95 % \| 99\.9 % \| 50 % \| met \|$/m);
});

test.serial(
  'lint names place, rule and reason; its code is 1 where there is an error',
  async (t) => {
    t.timeout(TIMEOUT_MS);
    const wrong = definitions('wrong', `${HEAD}${LATENCY.replace('300ms', '350ms')}`);
    const { code, stdout } = await run(['lint'], wrong);
    t.is(code, 1);
    t.regex(
      stdout,
      /a\.yaml:4 latency error \[no-bucket-bound\] at_most: 0\.35 is no bucket bound/,
    );
    t.regex(stdout, /^1 errors, \d+ notes$/m);
  },
);

test.serial('definitions that cannot be read are findings with file and line', async (t) => {
  t.timeout(TIMEOUT_MS);
  const broken = definitions('broken', `${HEAD}${AVAILABILITY.replace('99.9', '100')}`);
  const { code, stdout } = await run(['lint', '--json'], broken);
  t.is(code, 1);
  const [finding] = stdout.split('\n').map((line) => JSON.parse(line || 'null') as object);
  t.like(finding, { level: 'error', rule: 'invalid', line: 5 });
  t.regex(stdout, /expected a percentage above 0 and below 100, such as 99\.9/);
});

test.serial('list shows what is defined, and import what export wrote', async (t) => {
  t.timeout(TIMEOUT_MS);
  const here = definitions('exported', `${HEAD}${AVAILABILITY}`);
  const out = join(folder.path, 'openslo.yaml');
  const exported = await run(['export', '--openslo', '--out', out], here);
  t.is(exported.code, 0, exported.stderr);
  const imported = await run(['import', out]);
  t.is(imported.code, 0, imported.stderr);
  const { code, stdout, stderr } = await run(['list'], definitions('back', imported.stdout));
  t.is(code, 0, stderr);
  const { revision } = slosOf(AVAILABILITY)[0]!;
  const row = `^availability +99\\.9 % +30d +occurrences +data-platform +${revision} .*a\\.yaml:4$`;
  t.regex(stdout, new RegExp(row, 'm'));
});
