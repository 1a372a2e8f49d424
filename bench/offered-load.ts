/** A process that offers requests at a steady rate, whatever the answers do, and reports how long every answer took. */
import { Agent, request } from 'node:http';
import { systemClock } from '../runtime/index.ts';

export interface OfferOptions {
  readonly url: string;
  /** Asked in turn, over and over. */
  readonly paths: readonly string[];
  readonly requestsPerSecond: number;
  readonly durationSeconds: number;
}

/** Durations of the answers by their status. */
export interface OfferedLoad {
  readonly acceptedMs: readonly number[];
  readonly shedMs: readonly number[];
  /** Of `/healthz`, asked all the while. */
  readonly healthMs: readonly number[];
  /** Answers of another status, and requests without one. */
  readonly failedCount: number;
}

/**
 * Requests begun by then do not count: some hundred connections are opened, and a busy service takes in one a turn of its
 * loop. Behind a load balancer they are there before.
 */
const WARM_UP_MS = 3_000;
/** Requests begin in groups, this far apart: timers are no finer. */
const GROUP_MS = 5;
/** One more where all are busy, so that no request waits here for another's answer. */
const SOCKETS_MAX = 2_000;

const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX });
const offered = await offer(JSON.parse(process.argv[2] ?? '{}') as OfferOptions);
agent.destroy();
// Some ten thousand answers take a moment to be sent.
process.send?.(offered, undefined, undefined, () => process.disconnect?.());

async function offer({
  url,
  paths,
  requestsPerSecond,
  durationSeconds,
}: OfferOptions): Promise<OfferedLoad> {
  const acceptedMs: number[] = [];
  const shedMs: number[] = [];
  const healthMs: number[] = [];
  let failedCount = 0;
  const beganAtMs = systemClock.monotonicMs();
  const timed = async (path: string, isHealth = false) => {
    const startedAtMs = systemClock.monotonicMs();
    const status = await statusOf(url + path);
    const durationMs = systemClock.monotonicMs() - startedAtMs;
    const isCounted = startedAtMs - beganAtMs >= WARM_UP_MS;
    if (!isCounted && (status === 200 || status === 503)) return;
    if (status === 200) (isHealth ? healthMs : acceptedMs).push(durationMs);
    else if (status === 503 && !isHealth) shedMs.push(durationMs);
    else failedCount += 1;
  };
  const under: Promise<void>[] = [];
  for (let sentCount = 0; ; await systemClock.sleep(GROUP_MS)) {
    const elapsedMs = systemClock.monotonicMs() - beganAtMs;
    if (elapsedMs >= WARM_UP_MS + durationSeconds * 1_000) break;
    const dueCount = Math.floor((elapsedMs / 1_000) * requestsPerSecond);
    for (; sentCount < dueCount; sentCount += 1) {
      under.push(timed(paths[sentCount % paths.length] ?? '/'));
    }
    under.push(timed('/healthz', true));
  }
  await Promise.all(under);
  return { acceptedMs, shedMs, healthMs, failedCount };
}

/** 0 where there is no answer. */
function statusOf(url: string): Promise<number> {
  return new Promise((resolve) => {
    request(url, { agent }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    })
      .once('error', () => resolve(0))
      .end();
  });
}
