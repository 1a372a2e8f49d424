/** Traces that are kept here: the newest of this process, and those that incidents lead to. */
import type { Request, Response } from 'express';
import { AppError } from '../../runtime/index.ts';
import { traceJson } from '../../telemetry/index.ts';
import type { KeptTrace } from '../../telemetry/index.ts';
import type { ServiceDeps } from '../deps.ts';
import { readQuery, shorten } from '../parameters.ts';
import { negotiate, sendWhole } from '../respond.ts';

type TraceDeps = Pick<ServiceDeps, 'alerts' | 'traces'>;

export function oneTrace(deps: TraceDeps, request: Request, response: Response): void {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const trace = traceOf(deps, String(request.params['trace']));
  sendWhole(request, response, 'json', JSON.stringify(traceJson(trace)));
}

/** @throws AppError `not_found` where it is not kept, or not any more */
export function traceOf(deps: TraceDeps, traceId: string): KeptTrace {
  const trace = findTrace(deps, traceId);
  if (trace) return trace;
  throw new AppError(
    'not_found',
    `No trace ${shorten(traceId)} is kept here; the newest traces of this process are, and those that incidents lead to.`,
  );
}

/** In memory it may have grown since an incident kept it. */
export function findTrace({ traces, alerts }: TraceDeps, traceId: string): KeptTrace | undefined {
  return traces?.(traceId) ?? alerts?.log.exampleTrace(traceId);
}
