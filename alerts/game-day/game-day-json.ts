/** A game day as JSON, for the internal port and for `highwater gameday --json`; instants in UTC, durations in seconds. */
import { z } from 'zod';
import { DRILL_NAMES } from './drill.ts';
import type { DrillStatus, GameDayStatus } from './game-day.ts';

export function gameDayJson({ state, startedAtMs, channels, drills, failure }: GameDayStatus) {
  return {
    state,
    started_at: time(startedAtMs),
    channels: [...channels],
    failure: failure ?? null,
    drills: drills.map(drillJson),
  };
}

export type GameDayJson = ReturnType<typeof gameDayJson>;
export type DrillJson = GameDayJson['drills'][number];

function drillJson(drill: DrillStatus) {
  const { injectedAtMs, firedAtMs, removedAtMs, clearedAtMs } = drill;
  return {
    drill: drill.drill,
    phase: drill.phase,
    outcome: drill.outcome ?? null,
    faults: Object.fromEntries(
      Object.entries(drill.faults).map(([name, value]) => [name, String(value)]),
    ),
    expected: [...drill.expected],
    waiting_for: drill.waitingFor ?? null,
    policy: drill.policy ?? null,
    rung: drill.rung ?? null,
    incident: drill.incidentId ?? null,
    is_told: drill.isTold ?? null,
    also_fired: [...drill.alsoFired],
    injected_at: time(injectedAtMs),
    fired_at: time(firedAtMs),
    removed_at: time(removedAtMs),
    cleared_at: time(clearedAtMs),
    seconds_to_detect: seconds(injectedAtMs, firedAtMs),
    seconds_to_clear: seconds(removedAtMs, clearedAtMs),
  };
}

const text = z.string().nullable();
const number = z.number().nullable();
const drillSchema: z.ZodType<DrillJson> = z.object({
  drill: z.enum(DRILL_NAMES),
  phase: z.enum(['planned', 'quiet', 'firing', 'clearing', 'over']),
  outcome: z
    .enum(['passed', 'not_quiet', 'not_detected', 'not_cleared', 'stopped', 'failed'])
    .nullable(),
  faults: z.record(z.string(), z.string()),
  expected: z.array(z.string()),
  waiting_for: text,
  policy: text,
  rung: text,
  incident: text,
  is_told: z.boolean().nullable(),
  also_fired: z.array(z.string()),
  injected_at: text,
  fired_at: text,
  removed_at: text,
  cleared_at: text,
  seconds_to_detect: number,
  seconds_to_clear: number,
});

/** What another process answered with. */
export const gameDaySchema: z.ZodType<GameDayJson> = z.object({
  state: z.enum(['idle', 'running', 'over']),
  started_at: text,
  channels: z.array(z.string()),
  failure: text,
  drills: z.array(drillSchema),
});

function time(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}

function seconds(fromMs: number | undefined, toMs: number | undefined): number | null {
  return fromMs === undefined || toMs === undefined ? null : Math.max(0, toMs - fromMs) / 1_000;
}
