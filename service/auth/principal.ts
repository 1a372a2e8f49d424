/** Who asks, and what they may do. */

/** `reader` reads, `publisher` posts events and no more, `operator` may do all of it. */
export const ROLES = ['reader', 'publisher', 'operator'] as const;
export type Role = (typeof ROLES)[number];

/**
 * What an operation asks of its caller. `push` is the service account of a push subscription and nobody else, no operator
 * either; `nothing` is for probes alone, which carry no credential.
 */
export type Need = Role | 'push' | 'nothing';

export interface Principal {
  /** How they came and their name: `api-key:canary`, `iap:ann@example.com`. Stands in logs; never a secret. */
  readonly id: string;
  readonly roles: readonly Role[];
  /** Whether it is Pub/Sub itself. */
  readonly isPush?: boolean;
}

export function mayDo({ roles, isPush }: Principal, need: Need): boolean {
  if (need === 'push') return isPush === true;
  return need === 'nothing' || roles.includes(need) || roles.includes('operator');
}
