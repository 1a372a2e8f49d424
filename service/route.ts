/** A route as data: its operations, and what each asks of its caller. */
import type { Request, RequestHandler, Response } from 'express';
import type { Need } from './auth/principal.ts';
import type { RouteLane } from './overload/lanes.ts';

export type Handler = (request: Request, response: Response) => void | Promise<void>;

export interface RouteOperation {
  /** Operations that do not say are refused to everyone. */
  readonly needs: Need;
  /** What bounds how many run at once; absent: nothing, as for probes, which must be answered whatever happens. */
  readonly lane?: RouteLane;
  /** Runs first, such as the reader of the body. */
  readonly before?: RequestHandler;
  readonly handle: Handler;
}

export interface Route {
  /** HEAD too. */
  readonly get?: RouteOperation;
  readonly post?: RouteOperation;
  /**
   * In place of operations: a router of its own for all that lies below the path, not measured and free of injected faults.
   * `needs` is for reading; `posts` for everything else, which without it is refused to everyone.
   */
  readonly mount?: {
    readonly needs: Need;
    readonly posts?: Need;
    readonly handle: RequestHandler;
  };
}

/** Every route by its path, as Express writes it. What stands in no table is answered to nobody. */
export type RouteTable = Readonly<Record<string, Route>>;

/** Whether a path lies in a mounted router. */
export function isMounted(table: RouteTable, path: string): boolean {
  return Object.entries(table).some(
    ([prefix, { mount }]) => mount && (path === prefix || path.startsWith(`${prefix}/`)),
  );
}

/** Methods of a route, as in `Allow` and in metrics. */
export function methodsOf({ get, post }: Route): readonly ('GET' | 'POST')[] {
  return [...(get ? (['GET'] as const) : []), ...(post ? (['POST'] as const) : [])];
}
