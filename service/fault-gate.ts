/** Injected failures of the API: requests that wait and requests that fail, as asked for on purpose. */
import type { RequestHandler } from 'express';
import { AppError } from '../runtime/index.ts';
import type { Clock } from '../runtime/index.ts';
import type { Faults } from '../telemetry/index.ts';

/** Probes tell the truth whatever is injected. */
const SPARED: readonly string[] = ['/healthz', '/readyz'];

export function faultGate(
  faults: Pick<Faults, 'errorIsDue' | 'latencyMs'>,
  clock: Clock,
): RequestHandler {
  return async (request, _response, next) => {
    if (SPARED.includes(request.path)) return next();
    const delayMs = faults.latencyMs();
    if (delayMs > 0) await clock.sleep(delayMs);
    if (!faults.errorIsDue()) return next();
    return next(
      new AppError('injected_fault', 'This request fails on purpose: a fault is injected.'),
    );
  };
}
