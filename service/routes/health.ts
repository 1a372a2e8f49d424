/** Liveness and readiness: the process lives; a request would succeed. */
import type { Request, Response } from 'express';
import { messageOf } from '../../runtime/index.ts';
import type { Clock } from '../../runtime/index.ts';
import type { ReadinessCheck, ServiceDeps } from '../deps.ts';
import { readQuery, shorten } from '../parameters.ts';
import { negotiate, sendBody } from '../respond.ts';

/** Probes of Cloud Run and load balancers give up after a few seconds; we name the cause before that. */
export const CHECK_TIMEOUT_MS = 2_000;

export function healthz(request: Request, response: Response): void {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  sendBody(response, 'json', '{"status":"ok"}');
}

/** The handler of `/readyz`; a check that hangs is asked once, not once a probe. */
export function readyz({ checks, warehouse, clock }: ServiceDeps) {
  const named = new Map<string, ReadinessCheck>();
  named.set('warehouse', { name: 'warehouse', check: () => warehouse.check() });
  for (const each of checks) named.set(each.name, each);
  const probes = [...named.values()].map((each) => probe(each, clock));

  return async (request: Request, response: Response): Promise<void> => {
    negotiate(request, response, ['json']);
    readQuery(request.url, []);
    const results = await Promise.all(probes.map((ask) => ask()));
    const failing = results.filter((each) => !each.is_ready).map((each) => each.name);
    const status = failing.length === 0 ? 'ready' : 'not_ready';
    response.statusCode = failing.length === 0 ? 200 : 503;
    sendBody(response, 'json', JSON.stringify({ status, failing, checks: results }));
  };
}

function probe({ name, check }: ReadinessCheck, clock: Clock) {
  let underWay: Promise<string | undefined> | undefined;
  const outcome = async (): Promise<string | undefined> => {
    try {
      await Promise.resolve().then(check); // A check that throws at once must not outlive itself below.
      return undefined;
    } catch (error) {
      return shorten(messageOf(error));
    } finally {
      underWay = undefined;
    }
  };
  return async () => {
    const reason = await within(clock, CHECK_TIMEOUT_MS, (underWay ??= outcome()));
    return { name, is_ready: reason === undefined, reason: reason ?? null };
  };
}

async function within(
  clock: Clock,
  timeoutMs: number,
  answer: Promise<string | undefined>,
): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = clock.setTimer(timeoutMs, () => resolve(`no answer within ${timeoutMs} ms`), true);
  try {
    return await Promise.race([answer, promise]);
  } finally {
    timer.cancel();
  }
}
