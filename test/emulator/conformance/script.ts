/** A conformance script: what a client does, and what Google's emulator answered when it did so. */
import type { Clients } from './clients.ts';

/** Plain JSON without ids and instants, so that two runs on two servers can be compared. */
export type Observation =
  | string
  | number
  | boolean
  | null
  | readonly Observation[]
  | { readonly [key: string]: Observation };

export interface Script {
  /** Unique, kebab-case; also the project id that the script works in, so it sees no other's topics. */
  readonly id: string;
  readonly run: (clients: Clients) => Promise<Observation>;
  /** Google's emulator's answer; ours too, but for the entries of `differences.ts`. */
  readonly expected: Observation;
}

/** A `Script` from its three parts. */
export function script(
  id: string,
  run: (clients: Clients) => Promise<Observation>,
  expected: Observation,
): Script {
  return { id, run, expected };
}
