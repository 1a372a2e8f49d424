/** The figures of `/v1/slos` beside real Prometheus servers that scrape the same running service at the same interval. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../runtime/index.ts';
import { countSignals, parseSlos, parseSlosAnswer } from '../../slo/index.ts';
import type { Slo, SloJson } from '../../slo/index.ts';
import { toPromQL } from '../../telemetry/index.ts';
import type { Signal } from '../../telemetry/index.ts';
import { eventually, temporaryFolder } from '../helpers/highwater-process.ts';
import { findPrometheus, queryPrometheus, startPrometheus } from '../helpers/prometheus.ts';
import type { PrometheusServer } from '../helpers/prometheus.ts';
import { startedHighwater } from '../helpers/started-highwater.ts';
import type { StartedHighwater } from '../helpers/started-highwater.ts';

const INTERVAL_SECONDS = 1;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const READS =
  'http_server_request_duration_seconds{http_route="/v1/streams/:stream/events",http_request_method="GET"}';
const COMMON = `
    title: A title
    description: A description.
    user_impact: None.
    playbook: alerts/playbooks/freshness.md
    window: 1h
    tiers: [{ name: fast, severity: page, budget: 10%, long: 5m, short: 1m }]`;
const DEFINITIONS = `service: api
owner: test
slos:
  - name: errors
    objective: 99${COMMON}
    indicator: { ratio: { bad: '${READS.replace('}', ',http_response_status_code=~"5.."}')}', valid: '${READS}' } }
  - name: latency
    objective: 95${COMMON}
    indicator: { at_or_below: { histogram: '${READS}', at_most: 1s } }
  - name: stall
    objective: 50${COMMON}
    indicator:
      slices:
        gauge: pubsub_googleapis_com:subscription_oldest_unacked_message_age{subscription_id="events-ingest"}
        at_most: 5s
        slice: 1m
        presence: highwater_build_info
`;

/** Requests as the client saw them; a request that it had back in a second took the service no longer. */
interface Sent {
  readonly doneAtMs: number;
  readonly isFailed: boolean;
  readonly isInstant: boolean;
}

test('the figures of /v1/slos are those of Prometheus 2 and 3 that scrape the same service', async (t) => {
  t.timeout(600_000);
  const found = [await findPrometheus(2), await findPrometheus(3)];
  for (const each of found) {
    if (each.kind === 'found') continue;
    if (process.env['CI']) t.fail(each.reason);
    else t.pass(`skipped. ${each.reason}`);
    t.log(each.reason);
    return;
  }
  const folder = temporaryFolder();
  mkdirSync(join(folder.path, 'slo'));
  writeFileSync(join(folder.path, 'slo/a.yaml'), DEFINITIONS);
  const service = await startedHighwater(['--no-demo'], {
    HIGHWATER_DATA_DIR: join(folder.path, 'data'),
    HIGHWATER_SLO_DIR: join(folder.path, 'slo'),
    HIGHWATER_FAULTS: 'allow',
    METRICS_SAMPLE_INTERVAL: `${INTERVAL_SECONDS}s`,
    SLO_INTERVAL: '1s',
    CANARY_INTERVAL: '0s',
    LOG_LEVEL: 'warn',
  });
  const scrape = { url: `${service.metricsUrl}/metrics`, intervalSeconds: INTERVAL_SECONDS };
  const servers: PrometheusServer[] = [];
  try {
    for (const each of found) {
      if (each.kind === 'found') servers.push(await startPrometheus(each, { scrape }));
    }
    await compareAll(t, service, servers);
  } finally {
    for (const server of servers) await server.close();
    await service.close();
    folder.remove();
  }
});

async function compareAll(
  t: ExecutionContext,
  service: StartedHighwater,
  servers: readonly PrometheusServer[],
): Promise<void> {
  const startedAtMs = systemClock.nowMs();
  const slos = parseSlos(DEFINITIONS, 'a.yaml', []);
  const valid = toPromQL(countSignals(slos[0]!.indicator, HOUR_MS).valid);
  // All series of the route are there from the start at 0. Once everyone has seen them so, nobody misses a first request.
  await eventually(
    'zeros in both servers',
    async () => {
      const nowMs = systemClock.nowMs();
      const answers = await Promise.all(servers.map((each) => queryPrometheus(each, valid, nowMs)));
      return answers.every(([first]) => first?.value === 0);
    },
    2 * MINUTE_MS,
  );
  await eventually('zeros in the service', async () => {
    return (await statuses(service)).get('errors')?.counted.valid_count === 0;
  });
  const sent: Sent[] = [];
  await send(service, sent, 100);
  await fault(service, { errors: '0.2' });
  await send(service, sent, 100);
  await fault(service, { errors: '0', latency: '1500ms' });
  await send(service, sent, 40);
  await fault(service);
  const failedCount = sent.filter(({ isFailed }) => isFailed).length;
  t.is(failedCount, 20, 'one of five of 100');
  t.is(sent.length, 240);

  // A stall of some seconds, well within a minute, so that each server sees it in the same one.
  await eventually(
    'the first half of a minute',
    () => secondOfMinute() > 2 && secondOfMinute() < 30,
    2 * MINUTE_MS,
  );
  await fault(service, { ingest: 'stopped' });
  await publish(service);
  const age =
    'pubsub_googleapis_com:subscription_oldest_unacked_message_age{subscription_id="events-ingest"} > 6';
  await eventually(
    'a stall that both servers see',
    async () => {
      const nowMs = systemClock.nowMs();
      const answers = await Promise.all(servers.map((each) => queryPrometheus(each, age, nowMs)));
      return answers.every(({ length }) => length === 1);
    },
    2 * MINUTE_MS,
  );
  await fault(service);
  await eventually(
    'the end of the minute and some seconds',
    async () => {
      const status = (await statuses(service)).get('stall');
      return (status?.counted.bad_count ?? 0) > 0 && secondOfMinute() > 4 && secondOfMinute() < 50;
    },
    3 * MINUTE_MS,
  );

  const ours = await statuses(service);
  const atMs = Date.parse(ours.get('errors')!.evaluated_at);
  // Prometheus has scraped the instant that it is asked about.
  await systemClock.sleep(3_000 * INTERVAL_SECONDS);
  const firstSentAtMs = Math.min(...sent.map(({ doneAtMs }) => doneAtMs));
  for (const [index, server] of servers.entries()) {
    const who = `Prometheus ${index + 2}`;
    // Requests ended long before `atMs` and began after the first samples, which were 0, so that both sides enclose the same
    // requests. What differs is how far each carries its last sample on to `atMs`: by less than 1.1 of its mean interval
    // (Prometheus's rule). The service's is taken to be below 2 s; a scrape that is not answered within its second is lost.
    const [scrapes] = await queryPrometheus(server, 'sum(sum_over_time(up[1h]))', atMs);
    const scrapeCount = scrapes?.value ?? 0;
    t.true(scrapeCount >= 10, `${who} has scraped`);
    const meanMs = Math.max(2_000, (atMs - startedAtMs) / (scrapeCount - 1));
    const carried = (1.1 * meanMs) / (atMs - firstSentAtMs);
    t.log(`${who}: ${scrapeCount} scrapes, counts within ${(100 * carried).toFixed(1)} %`);
    for (const slo of slos) {
      const status = ours.get(slo.name)!;
      t.is(Date.parse(status.evaluated_at), atMs);
      const theirs = await countsOf(server, slo, slo.windowMs, atMs);
      const what = `${who}, ${slo.name}: ours ${JSON.stringify(status.counted)}, theirs ${JSON.stringify(theirs)}`;
      if (slo.name === 'stall') {
        // Whole minutes; the first may have been seen by one side alone.
        t.true(Math.abs(status.counted.valid_count! - theirs.valid) <= 1, what);
        t.is(status.counted.bad_count, theirs.bad, what);
        t.true(theirs.bad >= 1, what);
      } else {
        t.true(isWithin(status.counted.valid_count!, theirs.valid, carried), what);
        t.true(isWithin(status.counted.bad_count!, theirs.bad, carried), what);
        t.true(isWithin(theirs.valid, sent.length, carried), what);
        // Good and valid events are carried on alike, so their ratio is free of it: the same figure to nine digits.
        const errorRatio = theirs.bad / theirs.valid;
        t.true(isWithin(1 - status.sli_ratio!, errorRatio, 1e-9), what);
        const remaining = 1 - errorRatio / slo.objective.budgetRatio.value;
        t.true(Math.abs(status.budget!.remaining_ratio - remaining) < 1e-6, what);
      }
      for (const row of status.burn_rates) {
        const windowMs = row.window_seconds * 1_000;
        const counts = await countsOf(server, slo, windowMs, atMs);
        const burn =
          counts.valid === 0 ? 0 : counts.bad / counts.valid / slo.objective.budgetRatio.value;
        const told = `${what}; burn rate over ${row.window}: ours ${row.burn_rate}, theirs ${burn}`;
        // A window that begins in the middle of the requests encloses others on each side.
        const cut = sent.filter(({ doneAtMs }) => Math.abs(doneAtMs - (atMs - windowMs)) < 5_000);
        if (slo.name === 'stall') t.is(row.bad_count, counts.bad, told);
        else if (cut.length === 0) t.true(Math.abs(row.burn_rate - burn) <= 1e-6 * burn, told);
        t.is(row.burn_rate > 0, burn > 0, told);
      }
    }
  }
  // What the client knows: the very errors, and between the slow ones that were asked for and all that it waited for.
  const errors = ours.get('errors')!;
  t.true(isWithin(1 - errors.sli_ratio!, failedCount / sent.length, 1e-9));
  const slowMost = sent.filter(({ isInstant }) => !isInstant).length / sent.length;
  const slow = 1 - ours.get('latency')!.sli_ratio!;
  t.true(
    slow >= 40 / sent.length - 1e-9 && slow <= slowMost + 1e-9,
    `${slow} of at most ${slowMost}`,
  );
  t.log(`errors ${JSON.stringify(errors.counted)}, ${sent.length} sent, ${failedCount} failed`);
}

/** Good and valid events as a Prometheus counts them by the compiled queries. */
async function countsOf(server: PrometheusServer, slo: Slo, windowMs: number, atMs: number) {
  const { part, counted, valid } = countSignals(slo.indicator, windowMs);
  const ask = async (signal: Signal) =>
    (await queryPrometheus(server, toPromQL(signal), atMs))[0]?.value ?? 0;
  const [some, all] = [await ask(counted), await ask(valid)];
  return { valid: all, bad: part === 'bad' ? some : all - some };
}

async function statuses({ url }: StartedHighwater): Promise<ReadonlyMap<string, SloJson>> {
  const answer: unknown = await (await fetch(`${url}/v1/slos`)).json();
  // The route is as broken as the others while errors are injected.
  if (typeof answer === 'object' && answer && 'code' in answer) return new Map();
  return new Map(parseSlosAnswer(answer).slos.map((slo) => [slo.name, slo]));
}

/** Sends so many reads, ten at a time. */
async function send({ url }: StartedHighwater, sent: Sent[], count: number): Promise<void> {
  let left = count;
  const one = async () => {
    while (left-- > 0) {
      const startedMs = systemClock.monotonicMs();
      const response = await fetch(`${url}/v1/streams/events/events?limit=1`);
      await response.arrayBuffer();
      sent.push({
        doneAtMs: systemClock.nowMs(),
        isFailed: response.status >= 500,
        isInstant: systemClock.monotonicMs() - startedMs <= 1_000,
      });
    }
  };
  await Promise.all(Array.from({ length: 10 }, one));
}

async function publish({ url }: StartedHighwater): Promise<void> {
  const response = await fetch(`${url}/v1/streams/events/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: 'stalled', timestamp: new Date(systemClock.nowMs()), data: 1 }),
  });
  if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`);
}

/** Sets faults; without settings, clears them. */
async function fault(
  { metricsUrl }: StartedHighwater,
  settings?: Readonly<Record<string, string>>,
): Promise<void> {
  const response = await fetch(`${metricsUrl}/faults`, {
    method: settings ? 'POST' : 'DELETE',
    ...(settings && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(settings),
    }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
}

function secondOfMinute(): number {
  return (systemClock.nowMs() % MINUTE_MS) / 1_000;
}

function isWithin(one: number, other: number, shareMax: number): boolean {
  return Math.abs(one - other) <= shareMax * Math.max(Math.abs(one), Math.abs(other));
}
