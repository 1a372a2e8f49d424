/** Synthetic incidents: what goes wrong, when users feel it, and what it deserves. */
import type { Random } from '../../../runtime/index.ts';
import type { Pain } from '../history.ts';
import { USUAL } from './conditions.ts';
import type { Conditions } from './conditions.ts';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly days: number;
  /** Everything that happens, drawn once from a seed. */
  plan(random: Random, startMs: number): ScenarioPlan;
}

export interface ScenarioPlan {
  readonly pains: readonly Pain[];
  /** What differs from a usual minute in the minute that ends at `atMs`. */
  at(atMs: number): Partial<Conditions>;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Long enough for the longest window of a tier, then a day for what happens. */
const DAYS = 4;
/** A usual night has few requests; noon has all of them. */
const NIGHT_SHARE = 0.35;

/** Traffic over the day: `NIGHT_SHARE` at midnight, 1 at noon (UTC). */
export function dayShare(atMs: number): number {
  const phase = Math.cos((2 * Math.PI * (atMs % DAY_MS)) / DAY_MS);
  return NIGHT_SHARE + ((1 - NIGHT_SHARE) * (1 - phase)) / 2;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'total-outage',
    title: 'Almost every request fails for 45 minutes',
    days: DAYS,
    plan: (random, startMs) =>
      during(lateOn(random, startMs), 45 * MINUTE_MS, 'page', () => ({
        errorRatio: 0.95,
        isCanaryReadable: false,
      })),
  },
  {
    name: 'slow-burn',
    title: 'A small share of requests fails for 22 hours',
    days: DAYS,
    plan(random, startMs) {
      const errorRatio = 0.0045 + 0.001 * random.next();
      const from = startMs + 3 * DAY_MS + random.integer(60) * MINUTE_MS;
      return during(from, 22 * HOUR_MS, 'ticket', () => ({ errorRatio }));
    },
  },
  {
    name: 'flapping',
    title: 'For two hours, requests fail for two minutes of every seven',
    days: DAYS,
    plan(random, startMs) {
      const from = lateOn(random, startMs);
      return during(from, 2 * HOUR_MS, 'page', (atMs) => {
        const minute = Math.floor((atMs - from) / MINUTE_MS) % 7;
        return minute < 2 ? { errorRatio: 0.4 } : {};
      });
    },
  },
  {
    name: 'deploy-spike',
    title: 'Four deploys, each with a minute in which a tenth of the requests fails',
    days: DAYS,
    plan(random, startMs) {
      const deploys = Array.from({ length: 4 }, (_, day) => {
        const from = startMs + day * DAY_MS + (9 + random.integer(8)) * HOUR_MS;
        return during(from, MINUTE_MS, 'nothing', () => ({ errorRatio: 0.1 }));
      });
      return {
        pains: deploys.flatMap(({ pains }) => pains),
        at: (atMs) =>
          Object.assign({}, ...deploys.map((each) => each.at(atMs))) as Partial<Conditions>,
      };
    },
  },
  {
    name: 'stalled-ingester',
    title: 'The ingester takes nothing for 40 minutes, while every request succeeds',
    days: DAYS,
    plan: (random, startMs) =>
      during(lateOn(random, startMs), 40 * MINUTE_MS, 'page', () => ({
        isIngesting: false,
        isCanaryReadable: false,
      })),
  },
  {
    name: 'low-traffic-night',
    title: 'Nights of two requests a minute, in which single ones fail',
    days: DAYS,
    plan(random) {
      return {
        pains: [],
        at(atMs) {
          const hour = Math.floor((atMs % DAY_MS) / HOUR_MS);
          if (hour >= 6 && hour < 22) return {};
          // One of the two fails, about once an hour.
          return { requestCount: 2 / dayShare(atMs), errorRatio: random.next() < 1 / 60 ? 0.5 : 0 };
        },
      };
    },
  },
  {
    name: 'slow-database',
    title: 'Two of five requests take 1.8 s for an hour, none fails',
    days: DAYS,
    plan: (random, startMs) =>
      during(lateOn(random, startMs), HOUR_MS, 'page', () => ({
        slowRatio: 0.4,
        slowSeconds: 1.8,
      })),
  },
];

/** On the last day, between 8 and 16 o'clock. */
function lateOn(random: Random, startMs: number): number {
  return startMs + (DAYS - 1) * DAY_MS + (8 * 60 + random.integer(8 * 60)) * MINUTE_MS;
}

function during(
  startMs: number,
  lengthMs: number,
  deserves: Pain['deserves'],
  shape: (atMs: number) => Partial<Conditions>,
): ScenarioPlan {
  const endMs = startMs + lengthMs;
  return {
    pains: [{ startMs, endMs, deserves }],
    at: (atMs) => (atMs > startMs && atMs <= endMs ? shape(atMs) : {}),
  };
}

/** The conditions of a minute, with the traffic of its time of day. */
export function conditionsAt(plan: ScenarioPlan, atMs: number): Conditions {
  const conditions = { ...USUAL, ...plan.at(atMs) };
  return { ...conditions, requestCount: conditions.requestCount * dayShare(atMs) };
}
