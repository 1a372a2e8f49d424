/** Silences and maintenance windows: who is told nothing, why, by whom, and until when. Figures and states go on. */
import { acceptsLabel } from '../telemetry/index.ts';
import type { Labels, Matcher } from '../telemetry/index.ts';

export interface Silence {
  readonly id: string;
  /** All have to hold, on the labels of the alert: `policy`, `rung`, `severity`, `route`, `service`, and those of its group. */
  readonly matchers: readonly Matcher[];
  readonly reason: string;
  readonly by: string;
  readonly startsAtMs: number;
  /** Excluded; a silence always ends. */
  readonly endsAtMs: number;
  /** A window of the definitions, or set by hand. */
  readonly kind: 'maintenance' | 'silence';
}

/** The first silence in force at `nowMs` whose matchers all accept the labels. */
export function silenceOf(
  silences: readonly Silence[],
  labels: Labels,
  nowMs: number,
): Silence | undefined {
  return silences.find(
    ({ matchers, startsAtMs, endsAtMs }) =>
      startsAtMs <= nowMs &&
      nowMs < endsAtMs &&
      matchers.every((matcher) => acceptsLabel(matcher, labels[matcher.label] ?? '')),
  );
}
