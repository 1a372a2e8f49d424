/** Requests to a running service at a steady pace, whatever it answers, so that alerts have traffic to judge. */
import { setTimeout as delay } from 'node:timers/promises';

const EVERY_MS = 100;
/** A service that is slow on purpose has this many at once. */
const IN_FLIGHT_MAX = 16;

export interface SteadyRequests {
  /** Where to ask from now on; a restarted service has another port. */
  url: string;
  stop(): Promise<void>;
}

export function steadyRequests(url: string, path = '/v1/streams'): SteadyRequests {
  const stopping = new AbortController();
  const inFlight = new Set<Promise<unknown>>();
  const requests: SteadyRequests = {
    url,
    async stop() {
      stopping.abort();
      await running;
      await Promise.all(inFlight);
    },
  };
  const one = () => {
    const asked = fetch(new URL(path, requests.url), { signal: stopping.signal })
      .then((response) => response.arrayBuffer())
      .catch(() => undefined)
      .finally(() => inFlight.delete(asked));
    inFlight.add(asked);
  };
  const running = (async () => {
    while (!stopping.signal.aborted) {
      if (inFlight.size < IN_FLIGHT_MAX) one();
      await delay(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return requests;
}
