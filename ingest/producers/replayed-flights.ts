/**
 * Real US flights of January to March 2001 (Bureau of Transportation Statistics, by way of the npm data package
 * vega-datasets), laid over the present day in the API's record shape.
 *
 * What is real: route, time of day of the departure, arrival delay, distance. The data say nothing of airline, flight
 * number, timetable, departure delay, gates, aircraft and position, so those stay null; the flight number is made from
 * the record's place in the data (`R00042`, R as in replay). Two things are derived: the airport's time zone, from its
 * code, and the time in the air, from the distance; it stands as `arrival.estimated` and decides when a flight lands.
 */
import { readFile } from 'node:fs/promises';
import { AppError, messageOf } from '../../runtime/index.ts';
import { AIRPORT_ZONES } from './airport-zones.ts';
import { utcToAirportTime, wallClockToUtcMs } from './airport-time.ts';

const DATA_FILE = 'flights-20k.json';
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** The 90 days of data are dealt out over so many days, ten to each: about 2,200 flights a day, then again. */
const CYCLE_DAYS = 9;
/** A flight is listed from so long before its departure to so long after its landing. */
const LISTED_BEFORE_MS = 60 * MINUTE_MS;
const LISTED_AFTER_MS = 30 * MINUTE_MS;
/** Time in the air of a mile, and of climb, descent and taxi, of a jet: 480 miles an hour and half an hour. */
const MS_PER_MILE = 3_600_000 / 480;
const GROUND_MS = 30 * MINUTE_MS;

/** One flight of the data, on no particular day. */
interface DataFlight {
  readonly number: string;
  readonly origin: string;
  readonly destination: string;
  readonly departureMinuteOfDay: number;
  readonly durationMs: number;
  /** Of the arrival; below zero is early. */
  readonly delayMinutes: number;
}

/** The flights that an API would list at an instant, as raw records in a stable order. */
export type ReplayedFlights = (nowMs: number) => readonly unknown[];

/**
 * Reads the data (1.8 MB) once.
 * @throws AppError `not_found` where the data package is not there or not as it was.
 */
export async function loadReplayedFlights(): Promise<ReplayedFlights> {
  const daysOfCycle = dealOut(await readData());
  let cachedAtMs = Number.NaN;
  let cached: readonly unknown[] = [];
  return (nowMs) => {
    // The listing changes by the minute; the pages of one poll are mostly cut from the same one.
    const atMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
    if (atMs !== cachedAtMs) {
      cached = listing(daysOfCycle, atMs);
      cachedAtMs = atMs;
    }
    return cached;
  };
}

function listing(daysOfCycle: readonly (readonly DataFlight[])[], nowMs: number): unknown[] {
  const today = Math.floor(nowMs / DAY_MS);
  const records: unknown[] = [];
  // Local days of America begin up to ten hours after UTC's, and a flight may land a day after it left.
  for (const day of [today - 2, today - 1, today, today + 1]) {
    for (const flight of daysOfCycle[day % CYCLE_DAYS] ?? []) {
      const record = recordAt(flight, day, nowMs);
      if (record) records.push(record);
    }
  }
  return records;
}

function recordAt(flight: DataFlight, day: number, nowMs: number): unknown {
  const { origin, destination, number, durationMs, delayMinutes } = flight;
  const originZone = AIRPORT_ZONES.get(origin) ?? null;
  const wallMs = day * DAY_MS + flight.departureMinuteOfDay * MINUTE_MS;
  // Cheap and generous, before the zone's exact answer: no zone is more than 12 hours from UTC.
  if (Math.abs(wallMs - nowMs) > 2 * DAY_MS) return undefined;
  const departureMs = wallClockToUtcMs(wallMs, originZone);
  const arrivalMs = departureMs + durationMs;
  if (nowMs < departureMs - LISTED_BEFORE_MS || nowMs >= arrivalMs + LISTED_AFTER_MS) {
    return undefined;
  }
  const hasDeparted = nowMs >= departureMs;
  const hasLanded = nowMs >= arrivalMs;
  const destinationZone = AIRPORT_ZONES.get(destination) ?? null;
  const departureTime = utcToAirportTime(departureMs, originZone);
  return {
    flight_date: departureTime.slice(0, 10),
    flight_status: hasLanded ? 'landed' : hasDeparted ? 'active' : 'scheduled',
    departure: {
      ...airport(origin, originZone),
      estimated: hasDeparted ? null : departureTime,
      actual: hasDeparted ? departureTime : null,
    },
    arrival: {
      ...airport(destination, destinationZone),
      baggage: null,
      delay: hasLanded ? delayMinutes : null,
      estimated: utcToAirportTime(arrivalMs, destinationZone),
    },
    airline: { name: null, iata: null, icao: null },
    flight: { number, iata: null, icao: null, codeshared: null },
    aircraft: null,
    live: null,
  };
}

function airport(iata: string, timezone: string | null) {
  const unknown = { airport: null, icao: null, terminal: null, gate: null, delay: null };
  return { ...unknown, timezone, iata, scheduled: null, estimated: null, actual: null };
}

function dealOut(data: readonly unknown[]): readonly (readonly DataFlight[])[] {
  const days: DataFlight[][] = Array.from({ length: CYCLE_DAYS }, () => []);
  for (const [index, record] of data.entries()) {
    const { date, delay, distance, origin, destination } = record as Record<string, unknown>;
    const time = /^(\d{4})\/(\d\d)\/(\d\d) (\d\d):(\d\d)$/.exec(String(date));
    if (!time || typeof delay !== 'number' || typeof distance !== 'number') {
      throw new AppError(
        'not_found',
        `${DATA_FILE}: expected date, delay and distance in record ${index}`,
      );
    }
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = time.slice(1).map(Number);
    days[(Date.UTC(year, month - 1, day) / DAY_MS) % CYCLE_DAYS]?.push({
      number: `R${String(index).padStart(5, '0')}`,
      origin: String(origin),
      destination: String(destination),
      departureMinuteOfDay: hour * 60 + minute,
      durationMs: Math.round((GROUND_MS + distance * MS_PER_MILE) / MINUTE_MS) * MINUTE_MS,
      delayMinutes: delay,
    });
  }
  return days;
}

async function readData(): Promise<readonly unknown[]> {
  try {
    // The package exports its code alone; the data lie beside it.
    const code = import.meta.resolve('vega-datasets');
    const data: unknown = JSON.parse(await readFile(new URL(`../data/${DATA_FILE}`, code), 'utf8'));
    if (Array.isArray(data)) return data;
  } catch (error) {
    const reason = `The flights of the npm package vega-datasets cannot be read (${messageOf(error)}); expected them after npm ci.`;
    throw new AppError('not_found', reason, { cause: error });
  }
  throw new AppError('not_found', `${DATA_FILE}: expected a list of flights`);
}
