/** The lanes of the service: which requests share one, and how many each lets in. */
import type { Request } from 'express';
import type { ServiceDeps } from '../deps.ts';
import type { Handler } from '../route.ts';
import { LANES, Lane } from './lane.ts';
import type { LaneLimits, LaneName } from './lane.ts';

/** `read` is `query` for a page and `export` for a stream of rows. */
export type RouteLane = 'read' | 'publish' | 'push';
export type Lanes = Readonly<Record<LaneName, Lane>>;

/** Of two seconds' work at most, in all lanes: what begins is answered well within a second where the warehouse is well. */
const WAIT_MS = 500;

/**
 * The embedded warehouse answers four queries at once, each in a few milliseconds: 16 keep it busy, and 64 more wait a
 * fraction of a second. BigQuery takes longer and more at once; there `API_QUERIES_MAX` is larger. An export holds its
 * place for as long as its client reads.
 */
export function laneLimits(queriesMax: number): Readonly<Record<LaneName, LaneLimits>> {
  return {
    query: { activeMax: queriesMax, waitingMax: 4 * queriesMax, waitMs: WAIT_MS },
    export: { activeMax: 4, waitingMax: 4, waitMs: WAIT_MS },
    publish: { activeMax: 64, waitingMax: 64, waitMs: WAIT_MS },
    // Each waits for its commit, of some 200 ms: these are thousands of messages a second.
    push: { activeMax: 1_000, waitingMax: 0, waitMs: WAIT_MS },
  };
}

export const QUERIES_MAX_DEFAULT = 16;

/** Each lane counts those it sends away. */
export function openLanes({ clock, metrics, lanes }: ServiceDeps): Lanes {
  const limits = { ...laneLimits(QUERIES_MAX_DEFAULT), ...lanes };
  const open = (name: LaneName) => {
    const shed = metrics?.counter('http_requests_shed_total', { lane: name });
    return new Lane({ name, limits: limits[name], clock, onShed: () => shed?.add(1) });
  };
  const opened = {
    query: open('query'),
    export: open('export'),
    publish: open('publish'),
    push: open('push'),
  };
  metrics?.observe('http_requests_waiting', () =>
    LANES.map((lane) => ({ labels: { lane }, value: opened[lane].waitingCount })),
  );
  return opened;
}

/** The handler in its lane: it begins when there is room, and gives the place back when it is done. */
export function inLane(lanes: Lanes, lane: RouteLane, handle: Handler): Handler {
  return async (request, response) => {
    const left = new AbortController();
    response.once('close', () => left.abort());
    const chosen = lane === 'read' ? readLane(lanes, request) : lanes[lane];
    await chosen.run(() => handle(request, response), left.signal);
  };
}

function readLane(lanes: Lanes, { headers }: Request): Lane {
  return /ndjson|csv/i.test(headers.accept ?? '') ? lanes.export : lanes.query;
}
