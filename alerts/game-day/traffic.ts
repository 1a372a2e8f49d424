/** The traffic of a drill, bounded: an alert on requests needs requests, and one on messages needs a message that waits. */
import type { Clock } from '../../runtime/index.ts';
import { CANARY_STREAM } from '../../telemetry/index.ts';
import type { Drill } from './drill.ts';

/** Four a second are 20 within five seconds, the guard of the shipped policies, and no load. */
const REQUEST_EVERY_MS = 250;
/** Requests that wait two seconds each are eight at once. */
const IN_FLIGHT_MAX = 16;
const MESSAGE_EVERY_MS = 5_000;
const TIMEOUT_MS = 10_000;

export interface TrafficOptions {
  /** Base URL of the API. */
  readonly url: string;
  /** Sent as a bearer token; empty: none. */
  readonly token: string;
  readonly clock: Clock;
}

/** Until `signal` aborts; what the service answers does not matter. Messages go to the canary's own stream, which no user reads. */
export async function driveTraffic(
  { url, token, clock }: TrafficOptions,
  kind: Drill['traffic'],
  signal: AbortSignal,
): Promise<void> {
  const inFlight = new Set<Promise<unknown>>();
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const ask = (path: string, request: RequestInit) => {
    const asked = fetch(new URL(path, url), {
      ...request,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
      .then((response) => response.arrayBuffer())
      .catch(() => undefined)
      .finally(() => inFlight.delete(asked));
    inFlight.add(asked);
  };
  const send = () => {
    if (kind === 'requests') return ask('/v1/streams', { headers });
    const nowMs = clock.nowMs();
    return ask(`/v1/streams/${CANARY_STREAM}/events`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({
        id: `game-day-${nowMs.toString(36)}`,
        timestamp: new Date(nowMs).toISOString(),
      }),
    });
  };
  while (!signal.aborted) {
    if (inFlight.size < IN_FLIGHT_MAX) send();
    await clock.sleep(kind === 'requests' ? REQUEST_EVERY_MS : MESSAGE_EVERY_MS, signal);
  }
  await Promise.all(inFlight);
}
