/** The canary: an event published through the public API and read back there, over and over, as a user would. */
import { messageOf } from '../runtime/index.ts';
import type { Clock, Logger } from '../runtime/index.ts';
import type { Metrics } from './metrics.ts';

/** The canary's own stream; its requests carry it in their route, so that SLOs of users leave them out. */
export const CANARY_STREAM = 'canary';

/** Polls begin at this pace and slow down to the other: an event that is readable within a second costs about five. */
const POLL_MIN_MS = 100;
const POLL_MAX_MS = 1_000;
const POLL_GROWTH = 1.5;
/** An event not readable by then is given up; it counts at its full age. The largest freshness that an SLO asks about. */
export const PROBE_TIMEOUT_MS = 120_000;
/** A request that hangs must not hold the loop. */
const REQUEST_TIMEOUT_MS = 10_000;

export interface CanaryOptions {
  /** Base URL of the API. */
  readonly url: string;
  /** Sent as a bearer token; empty: none. */
  readonly token: string;
  readonly intervalMs: number;
  /** Sets this process's canary events apart from every other's. */
  readonly instance: string;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Canary {
  close(): Promise<void>;
}

/** One probe at a time: one that takes longer than the interval delays the next. */
export function startCanary(options: CanaryOptions): Canary {
  const { metrics, clock, intervalMs, logger } = options;
  const stop = new AbortController();
  const freshness = metrics.histogram('canary_freshness_seconds', {});
  const outcomes = {
    read_back: metrics.counter('canary_probes_total', { outcome: 'read_back' }),
    publish_failed: metrics.counter('canary_probes_total', { outcome: 'publish_failed' }),
    timed_out: metrics.counter('canary_probes_total', { outcome: 'timed_out' }),
  };
  let newestAtMs = clock.nowMs();
  metrics.observe('canary_age_seconds', () => [
    { labels: {}, value: Math.max(0, clock.nowMs() - newestAtMs) / 1_000 },
  ]);

  const run = async () => {
    for (let count = 1; !stop.signal.aborted; count += 1) {
      const publishedAtMs = clock.nowMs();
      const id = `${options.instance}-${publishedAtMs.toString(36)}-${count}`;
      const result = await probe(options, id, publishedAtMs, stop.signal);
      if (stop.signal.aborted) return;
      outcomes[result.outcome].add(1);
      if (result.outcome !== 'publish_failed') freshness.observe(result.seconds);
      if (result.outcome === 'read_back') newestAtMs = publishedAtMs;
      else logger.warn('canary_failed', { outcome: result.outcome, reason: result.reason });
      const restMs = intervalMs - (clock.nowMs() - publishedAtMs);
      await clock.sleep(Math.max(0, restMs), stop.signal);
    }
  };
  const done = run();
  return {
    async close() {
      stop.abort();
      await done;
    },
  };
}

type Probed = { readonly seconds: number; readonly reason?: string } & {
  readonly outcome: 'read_back' | 'publish_failed' | 'timed_out';
};

async function probe(
  { url, token, clock }: CanaryOptions,
  id: string,
  publishedAtMs: number,
  signal: AbortSignal,
): Promise<Probed> {
  const startedAtMs = clock.monotonicMs();
  const elapsedMs = () => clock.monotonicMs() - startedAtMs;
  const headers = token ? { authorization: `Bearer ${token}` } : undefined;
  const events = `${url}/v1/streams/${CANARY_STREAM}/events`;
  const posted = await ask(events, signal, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ id, timestamp: new Date(publishedAtMs).toISOString() }),
  });
  if (posted.status !== 202) {
    return { outcome: 'publish_failed', seconds: elapsedMs() / 1_000, reason: posted.reason };
  }
  let reason = 'no answer yet';
  let delayMs = POLL_MIN_MS;
  while (elapsedMs() < PROBE_TIMEOUT_MS && !signal.aborted) {
    await clock.sleep(delayMs, signal);
    delayMs = Math.min(POLL_MAX_MS, delayMs * POLL_GROWTH);
    const read = await ask(`${events}/${id}`, signal, headers ? { headers } : {});
    if (read.status === 200) return { outcome: 'read_back', seconds: elapsedMs() / 1_000 };
    ({ reason } = read);
  }
  return { outcome: 'timed_out', seconds: elapsedMs() / 1_000, reason };
}

/** The status, 0 where there was no answer; the body is read to its end, so that the connection serves again. */
async function ask(
  url: string,
  stopping: AbortSignal,
  init: RequestInit,
): Promise<{ readonly status: number; readonly reason: string }> {
  try {
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
    const response = await fetch(url, { ...init, signal });
    await response.arrayBuffer();
    return { status: response.status, reason: `status ${response.status}` };
  } catch (error) {
    return { status: 0, reason: messageOf(error) };
  }
}
