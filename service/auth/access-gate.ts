/** The door before every route: finds what a path asks for, who is asking, and lets in or refuses. Closed by default. */
import { Router } from 'express';
import type { Request, RequestHandler, Response } from 'express';
import { AppError, isAppError } from '../../runtime/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { shorten } from '../parameters.ts';
import { ServiceError } from '../problem.ts';
import type { Route, RouteTable } from '../route.ts';
import type { Identity } from './identity.ts';
import { mayDo } from './principal.ts';
import type { Need, Principal } from './principal.ts';
import type { RequestLimits } from './request-limits.ts';

const ROUTE = 'route';
const PRINCIPAL = 'principal';
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const CHALLENGE = 'Bearer realm="highwater"';

export interface AccessGuards {
  readonly identity: Identity;
  /** Absent: everyone may ask as often as they like. */
  readonly requestLimits?: RequestLimits;
  readonly clock: Clock;
}

/** Paths are matched by Express's own router, so that the gate and the routes behind it can never disagree. */
export function accessGate(table: RouteTable, guards: AccessGuards): RequestHandler {
  const matcher = Router({ caseSensitive: true });
  for (const [path, route] of Object.entries(table)) {
    const found: RequestHandler = (_request, response, next) => {
      response.locals[ROUTE] = route;
      next('router');
    };
    if (route.mount) matcher.use(path, found);
    else matcher.route(path).all(found);
  }
  return (request, response, next) => {
    matcher(request, response, (error?: unknown) => {
      // `null` where a path was found and its router left.
      if (error) next(error);
      else letIn(request, response, guards).then(() => next(), next);
    });
  };
}

/** Whom the gate let in; absent where the operation needs nothing. */
export function principalOf(response: Response): Principal | undefined {
  return response.locals[PRINCIPAL] as Principal | undefined;
}

/** What an unknown path is answered. */
export function nothingAt(path: string): AppError {
  return new AppError(
    'not_found',
    `There is nothing at ${shorten(path)}; /docs lists what there is.`,
  );
}

async function letIn(request: Request, response: Response, guards: AccessGuards): Promise<void> {
  const route = response.locals[ROUTE] as Route | undefined;
  const need = route && needOf(route, request.method);
  if (need === 'nothing') return;
  const principal = await identified(request, response, guards, need);
  response.locals[PRINCIPAL] = principal;
  // What Pub/Sub pushes is bounded by the messages that may be under way.
  if (need !== 'push')
    guards.requestLimits?.admit(principal.id, response, guards.clock.monotonicMs());
  if (!route) {
    throw nothingAt(request.path);
  }
  if (need !== undefined && mayDo(principal, need)) return;
  throw new ServiceError(
    'forbidden',
    `This needs the role ${need ?? 'of nobody'}, which ${principal.id} has not.`,
    {
      headers: need
        ? { 'WWW-Authenticate': `${CHALLENGE}, error="insufficient_scope", scope="${need}"` }
        : {},
    },
  );
}

/** Methods that a route does not have, and OPTIONS, are answered to those who may use the methods that it has. */
function needOf({ get, post, mount }: Route, method: string): Need | undefined {
  if (mount) return READING.has(method) ? mount.needs : mount.posts;
  const asked = method === 'POST' ? post : method === 'GET' || method === 'HEAD' ? get : undefined;
  return (asked ?? get ?? post)?.needs;
}

async function identified(
  request: Request,
  response: Response,
  { identity, requestLimits, clock }: AccessGuards,
  need: Need | undefined,
): Promise<Principal> {
  requestLimits?.checkFailures(request, clock.monotonicMs());
  try {
    return await identity.identify(request, need);
  } catch (error) {
    if (!isAppError(error, 'unauthenticated')) throw error;
    const reason = error.detail?.['reason'];
    if (reason !== undefined) {
      response.locals['refusedFor'] = reason;
      requestLimits?.noteFailure(request, clock.monotonicMs());
    }
    const challenge = reason === undefined ? CHALLENGE : `${CHALLENGE}, error="invalid_token"`;
    throw new ServiceError('unauthenticated', error.message, {
      headers: { 'WWW-Authenticate': challenge },
      cause: error,
    });
  }
}
