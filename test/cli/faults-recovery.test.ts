/** Faults on purpose, as an operator injects them: the right SLI, budget and burn rate move within two minutes, and recover. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../runtime/index.ts';
import { parseSlosAnswer } from '../../slo/index.ts';
import type { SloJson } from '../../slo/index.ts';
import { eventually, startHighwater, temporaryFolder } from '../helpers/highwater-process.ts';
import { startedHighwater } from '../helpers/started-highwater.ts';
import type { StartedHighwater } from '../helpers/started-highwater.ts';

/** What the issue promises. */
const MOVES_WITHIN_MS = 120_000;
/** A minute must begin after the recovery and end. */
const RECOVERS_WITHIN_MS = 180_000;
const TIMEOUT_MS = 900_000;

/** The shipped SLOs' indicators over an hour, with bounds that a busy test machine keeps, and one tier of five minutes. */
const COMMON = `
    title: A title
    description: A description.
    user_impact: None.
    playbook: alerts/playbooks/freshness.md
    window: 1h
    tiers: [{ name: fast, severity: page, budget: 10%, long: 5m, short: 1m }]`;
const READS =
  'http_server_request_duration_seconds{http_route="/v1/streams/:stream/events",http_request_method="GET"';
const DEFINITIONS = `service: api
owner: test
slos:
  - name: availability
    objective: 90${COMMON}
    indicator: { ratio: { bad: '${READS},http_response_status_code=~"5.."}', valid: '${READS}}' } }
  - name: latency
    objective: 90${COMMON}
    indicator: { at_or_below: { histogram: '${READS},http_response_status_code="200"}', at_most: 2500ms } }
  - name: freshness
    objective: 90${COMMON}
    low_traffic: { min_bad_events: 1 }
    indicator:
      slices:
        gauge: pubsub_googleapis_com:subscription_oldest_unacked_message_age{subscription_id="events-ingest"}
        at_most: 10s
        presence: highwater_build_info
  - name: canary
    objective: 90${COMMON}
    low_traffic: { min_bad_events: 1 }
    indicator: { slices: { gauge: canary_age_seconds, at_most: 20s, presence: highwater_build_info } }
`;

/** A service with its users: reads and events all the time, until closed. */
interface Scene {
  readonly service: StartedHighwater;
  /** The status of each SLO, by name. */
  statuses(): Promise<Readonly<Record<string, SloJson>>>;
  faults(...words: readonly string[]): Promise<void>;
  gate(
    ...words: readonly string[]
  ): Promise<{ code: number | null; stdout: string; stderr: string }>;
  close(): Promise<void>;
}

async function openScene(): Promise<Scene> {
  const folder = temporaryFolder();
  mkdirSync(join(folder.path, 'slo'));
  writeFileSync(join(folder.path, 'slo/a.yaml'), DEFINITIONS);
  const service = await startedHighwater(['--no-demo'], {
    HIGHWATER_DATA_DIR: join(folder.path, 'data'),
    HIGHWATER_SLO_DIR: join(folder.path, 'slo'),
    HIGHWATER_FAULTS: 'allow',
    METRICS_SAMPLE_INTERVAL: '1s',
    SLO_INTERVAL: '1s',
    CANARY_INTERVAL: '2s',
  });
  const { url } = service;
  const stop = new AbortController();
  const each = async (pauseMs: number, act: (count: number) => Promise<Response>) => {
    for (let count = 0; !stop.signal.aborted; count++) {
      await act(count).then(
        (response) => response.arrayBuffer(),
        () => undefined,
      );
      await systemClock.sleep(pauseMs, stop.signal);
    }
  };
  const events = `${url}/v1/streams/events/events`;
  const users = [
    ...Array.from({ length: 8 }, () => each(500, () => fetch(`${events}?limit=1`))),
    each(1_000, (count) => {
      const event = { id: `e${count}`, timestamp: new Date(systemClock.nowMs()), data: count };
      const headers = { 'content-type': 'application/json' };
      return fetch(events, { method: 'POST', headers, body: JSON.stringify(event) });
    }),
  ];
  return {
    service,
    async statuses() {
      // The route fails like any other while errors are injected.
      for (;;) {
        const response = await fetch(`${url}/v1/slos`);
        const answer: unknown = await response.json();
        if (!response.ok) continue;
        return Object.fromEntries(parseSlosAnswer(answer).slos.map((slo) => [slo.name, slo]));
      }
    },
    async faults(...words) {
      const command = startHighwater(['faults', ...words], { METRICS_PORT: portOf(service) });
      const code = await command.exited;
      if (code !== 0) throw new Error(command.output.stderr);
    },
    async gate(...words) {
      const command = startHighwater(['slo', 'gate', '--url', url, ...words]);
      return { code: await command.exited, ...command.output };
    },
    async close() {
      stop.abort();
      await Promise.all(users);
      await service.close();
      folder.remove();
    },
  };
}

/** `highwater faults` finds the metrics port by its setting. */
function portOf({ metricsUrl }: StartedHighwater): string {
  return new URL(metricsUrl).port;
}

/** Waits for a status of one SLO. */
function sees(
  scene: Scene,
  name: string,
  what: string,
  is: (slo: SloJson) => boolean,
  deadlineMs = MOVES_WITHIN_MS,
): Promise<SloJson> {
  return eventually(
    `${name}: ${what}`,
    async () => {
      const slo = (await scene.statuses())[name];
      return slo && is(slo) ? slo : undefined;
    },
    deadlineMs,
  );
}

const hasCounted = (least: number) => (slo: SloJson) => (slo.counted.valid_count ?? 0) >= least;
const burns = (slo: SloJson) => slo.tiers.some(({ is_burning: isBurning }) => isBurning);
const burnOver = (slo: SloJson, window: string) =>
  slo.burn_rates.find((row) => row.window === window)?.burn_rate ?? 0;

/** Whether SLI, budget and burn rate are all worse than before. */
function isWorse(now: SloJson, before: SloJson): boolean {
  return (
    now.sli_ratio! < before.sli_ratio! &&
    now.budget!.remaining_ratio < before.budget!.remaining_ratio &&
    burnOver(now, '5m') > burnOver(before, '5m')
  );
}

/**
 * What shows once the fault is over: nothing burns in the last minute, and SLI and budget rise above the lowest that they were.
 * The lowest comes after the end of the fault: the minute under way is still a bad one.
 */
async function recovers(t: ExecutionContext, scene: Scene, name: string): Promise<void> {
  let lowest: SloJson | undefined;
  const now = await sees(
    scene,
    name,
    'recovered',
    (slo) => {
      if (!lowest || slo.sli_ratio! < lowest.sli_ratio!) lowest = slo;
      return (
        !burns(slo) &&
        burnOver(slo, '1m') < 1 &&
        slo.sli_ratio! > lowest.sli_ratio! &&
        slo.budget!.remaining_ratio > lowest.budget!.remaining_ratio
      );
    },
    RECOVERS_WITHIN_MS,
  );
  t.log(`${name}: SLI ${lowest?.sli_ratio} at its lowest, ${now.sli_ratio} after`);
}

test('errors, latency and a stopped ingester each move their own SLI, and it recovers', async (t) => {
  t.timeout(TIMEOUT_MS);
  const scene = await openScene();
  try {
    const fine = await sees(scene, 'availability', 'counted', hasCounted(100));
    await sees(scene, 'freshness', 'a whole minute', hasCounted(1));
    const before = await scene.statuses();
    t.is(before['freshness']?.sli_ratio, 1);
    t.is(before['availability']?.sli_ratio, 1);
    t.false(burns(before['latency']!));
    const open = await scene.gate('availability', 'latency');
    t.is(open.code, 0, open.stdout);

    await scene.faults('set', 'errors=0.5');
    await sees(
      scene,
      'availability',
      'moved by errors=0.5',
      (slo) => burns(slo) && isWorse(slo, fine),
    );
    const beside = await scene.statuses();
    t.false(burns(beside['latency']!), 'latency stays');
    t.is(beside['freshness']?.counted.bad_count, 0, 'freshness stays');
    // The route that the gate asks fails like any other: it refuses then too, but not for the budget.
    const closed = await eventually('the gate hears of the budget', async () => {
      const answer = await scene.gate('availability');
      t.is(answer.code, 1);
      return answer.stdout.includes('on purpose') ? undefined : answer;
    });
    t.regex(closed.stdout, /^ {2}availability: .*(?:fast burns now|error budget remains)/m);

    await scene.faults('set', 'errors=0', 'latency=4s', 'ingest=stopped');
    await sees(
      scene,
      'latency',
      'moved by latency=4s',
      (slo) => burnOver(slo, '1m') > 1 && isWorse(slo, before['latency']!),
    );
    await sees(
      scene,
      'freshness',
      'moved by ingest=stopped, though nothing is processed',
      (slo) => burns(slo) && isWorse(slo, before['freshness']!),
    );
    const refused = await scene.gate('freshness');
    t.is(refused.code, 1);
    t.regex(refused.stdout, /^ {2}freshness: /m);

    await scene.faults('clear');
    await Promise.all(
      ['availability', 'latency', 'freshness'].map((name) => recovers(t, scene, name)),
    );
    // The gate opens again where the budget is not all gone.
    await sees(
      scene,
      'availability',
      'some budget',
      (slo) => slo.budget!.remaining_ratio > 0,
      RECOVERS_WITHIN_MS,
    );
    const again = await scene.gate('availability');
    t.is(again.code, 0, again.stdout);
    const early = scene.service.output.stderr.split('\n').filter((line) => /no_data/.test(line));
    t.deepEqual(early, [], 'no warning of missing data while the service starts');
  } finally {
    await scene.close();
  }
});

test('a broken warehouse moves availability, freshness and the canary, and they recover', async (t) => {
  t.timeout(TIMEOUT_MS);
  const scene = await openScene();
  try {
    const fine = await sees(scene, 'availability', 'counted', hasCounted(50));
    await sees(scene, 'canary', 'a whole minute', hasCounted(1));
    const before = await scene.statuses();

    await scene.faults('set', 'warehouse=broken', '--for', '10m');
    await sees(
      scene,
      'availability',
      'moved by warehouse=broken',
      (slo) => burns(slo) && isWorse(slo, fine),
    );
    t.is((await fetch(`${scene.service.url}/readyz`)).status, 503);
    await sees(
      scene,
      'freshness',
      'moved by warehouse=broken',
      (slo) => burns(slo) && isWorse(slo, before['freshness']!),
    );
    await sees(
      scene,
      'canary',
      'moved by warehouse=broken',
      (slo) => burns(slo) && isWorse(slo, before['canary']!),
    );
    const closed = await scene.gate();
    t.is(closed.code, 1);
    for (const name of ['availability', 'canary', 'freshness']) {
      t.regex(closed.stdout, new RegExp(`^ {2}${name}: `, 'm'), closed.stderr);
    }

    await scene.faults('clear');
    await Promise.all(
      ['availability', 'freshness', 'canary'].map((name) => recovers(t, scene, name)),
    );
    t.is((await fetch(`${scene.service.url}/readyz`)).status, 200);
  } finally {
    await scene.close();
  }
});
