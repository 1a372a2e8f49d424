/** What changed at an evaluation: the history of alerting, and what receivers are told. */
import type { Labels } from '../telemetry/index.ts';
import type { Incident } from './alert-state.ts';

/**
 * `pending`: a condition holds and waits for its `for`. `cancelled`: it ended before that. `firing`: an incident opened. `raised`: it
 * became louder. `joined`, `left`: a rung that is not louder began or ended within it. `muted`, `unmuted`: a silence, a maintenance
 * window or an inhibition began or ended. `resolved`: nothing of it fires any more.
 */
export type TransitionKind =
  | 'pending'
  | 'cancelled'
  | 'firing'
  | 'raised'
  | 'joined'
  | 'left'
  | 'muted'
  | 'unmuted'
  | 'resolved';

export interface Transition {
  readonly kind: TransitionKind;
  readonly atMs: number;
  readonly policy: string;
  readonly rung: string;
  readonly labels: Labels;
  /** The figure at that instant; of what ended, the last one. */
  readonly value: number;
  /** Whether receivers are to be told: each incident once, again where it is louder, and its end where they know of it. */
  readonly isTold: boolean;
  /** After the change; absent while a condition is only pending. */
  readonly incident?: Incident;
}
