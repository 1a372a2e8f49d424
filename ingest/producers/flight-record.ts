/** Cleaning: a raw flight record of the API in, a flat event of the `flights` stream out, or why there is none. */
import { createHash } from 'node:crypto';
import { airportTimeToUtc } from './airport-time.ts';

export const FLIGHT_STATUSES = [
  'scheduled',
  'active',
  'landed',
  'cancelled',
  'incident',
  'diverted',
] as const;

/** Why a record gives no event. `codeshare` is no fault: the same flight comes once more under its operator. */
export type FlightRefusal =
  'not_an_object' | 'codeshare' | 'missing_flight_date' | 'missing_flight_code' | 'unknown_status';

type FlightCell = string | number | boolean | null;

/** A flat event, its keys the columns of `streams/flights.yaml`; what is not known is null. */
export interface FlightEvent extends Readonly<Record<string, FlightCell>> {
  readonly flight_event_id: string;
  readonly timestamp: string;
  readonly flight_key: string;
  readonly flight_date: string;
  readonly flight_status: string;
}

export type CleanedFlight =
  | {
      readonly ok: true;
      readonly event: FlightEvent;
      readonly flightKey: string;
      /** Hash of all that was said of the flight, without the time of seeing it. */
      readonly contentHash: string;
      /** Columns whose value was there but not usable, and became null. */
      readonly droppedFields: readonly string[];
    }
  | { readonly ok: false; readonly reason: FlightRefusal };

/**
 * Cleans one record as seen at `observedAtMs`. Texts are trimmed and the empty ones null; times are RFC 3339 in UTC
 * (`airportTimeToUtc` says how the airport's own time is read); numbers may come as text. The event id is the
 * flight's key and its content's hash: the same record gives the same id whenever it is seen.
 */
export function cleanFlight(raw: unknown, observedAtMs: number): CleanedFlight {
  if (!isObject(raw)) return { ok: false, reason: 'not_an_object' };
  const flight = part(raw, 'flight');
  if (isObject(flight.codeshared)) return { ok: false, reason: 'codeshare' };
  const fields = new Fields();
  const date = fields.date('flight_date', raw.flight_date);
  if (date === null) return { ok: false, reason: 'missing_flight_date' };
  const status = fields.text('flight_status', raw.flight_status, 16)?.toLowerCase();
  const isKnown = FLIGHT_STATUSES.some((known) => known === status);
  if (status === undefined || !isKnown) return { ok: false, reason: 'unknown_status' };

  const content = {
    flight_date: date,
    flight_status: status,
    ...airlineAndFlight(fields, raw, flight),
    ...departure(fields, part(raw, 'departure')),
    ...arrival(fields, part(raw, 'arrival')),
    ...live(fields, part(raw, 'live')),
  };
  const code = flightCode(content);
  if (code === null) return { ok: false, reason: 'missing_flight_code' };
  const flightKey = [date, code, content.departure_iata, content.arrival_iata]
    .map((piece) => (piece ?? '').replaceAll(/[^A-Za-z0-9-]/g, ''))
    .join('_');
  const contentHash = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  const event = {
    flight_event_id: `${flightKey}_${contentHash.slice(0, 24)}`,
    timestamp: eventTime(content.live_updated, observedAtMs),
    flight_key: flightKey,
    ...content,
  };
  return { ok: true, event, flightKey, contentHash, droppedFields: fields.dropped };
}

function airlineAndFlight(fields: Fields, raw: RawObject, flight: RawObject) {
  const airline = part(raw, 'airline');
  const aircraft = part(raw, 'aircraft');
  return {
    airline_name: fields.text('airline_name', airline.name, 128),
    airline_iata: fields.text('airline_iata', airline.iata, 8),
    airline_icao: fields.text('airline_icao', airline.icao, 8),
    flight_number: fields.text('flight_number', flight.number, 16),
    flight_iata: fields.text('flight_iata', flight.iata, 16),
    flight_icao: fields.text('flight_icao', flight.icao, 16),
    aircraft_registration: fields.text('aircraft_registration', aircraft.registration, 16),
    aircraft_iata: fields.text('aircraft_iata', aircraft.iata, 8),
  };
}

function departure(fields: Fields, raw: RawObject) {
  const zone = fields.text('departure_timezone', raw.timezone, 64);
  return {
    departure_airport: fields.text('departure_airport', raw.airport, 128),
    departure_iata: fields.text('departure_iata', raw.iata, 8),
    departure_icao: fields.text('departure_icao', raw.icao, 8),
    departure_timezone: zone,
    departure_terminal: fields.text('departure_terminal', raw.terminal, 16),
    departure_gate: fields.text('departure_gate', raw.gate, 16),
    departure_delay_minutes: fields.minutes('departure_delay_minutes', raw.delay),
    departure_scheduled: fields.time('departure_scheduled', raw.scheduled, zone),
    departure_estimated: fields.time('departure_estimated', raw.estimated, zone),
    departure_actual: fields.time('departure_actual', raw.actual, zone),
  };
}

function arrival(fields: Fields, raw: RawObject) {
  const zone = fields.text('arrival_timezone', raw.timezone, 64);
  return {
    arrival_airport: fields.text('arrival_airport', raw.airport, 128),
    arrival_iata: fields.text('arrival_iata', raw.iata, 8),
    arrival_icao: fields.text('arrival_icao', raw.icao, 8),
    arrival_timezone: zone,
    arrival_terminal: fields.text('arrival_terminal', raw.terminal, 16),
    arrival_gate: fields.text('arrival_gate', raw.gate, 16),
    arrival_baggage: fields.text('arrival_baggage', raw.baggage, 16),
    arrival_delay_minutes: fields.minutes('arrival_delay_minutes', raw.delay),
    arrival_scheduled: fields.time('arrival_scheduled', raw.scheduled, zone),
    arrival_estimated: fields.time('arrival_estimated', raw.estimated, zone),
    arrival_actual: fields.time('arrival_actual', raw.actual, zone),
  };
}

/** Live positions carry true UTC, unlike the times of airports. */
function live(fields: Fields, raw: RawObject) {
  return {
    live_updated: fields.time('live_updated', raw.updated, null),
    live_latitude: fields.number('live_latitude', raw.latitude, -90, 90),
    live_longitude: fields.number('live_longitude', raw.longitude, -180, 180),
    live_altitude_meters: fields.number('live_altitude_meters', raw.altitude, -1_000, 50_000),
    live_direction_degrees: fields.number('live_direction_degrees', raw.direction, 0, 360),
    live_speed_horizontal_kmh: fields.number(
      'live_speed_horizontal_kmh',
      raw.speed_horizontal,
      0,
      5_000,
    ),
    live_speed_vertical_kmh: fields.number(
      'live_speed_vertical_kmh',
      raw.speed_vertical,
      -1_000,
      1_000,
    ),
    live_is_ground: fields.boolean('live_is_ground', raw.is_ground),
  };
}

function flightCode(content: ReturnType<typeof airlineAndFlight>): string | null {
  const { airline_iata, airline_icao, flight_number, flight_iata, flight_icao } = content;
  if (flight_iata ?? flight_icao) return flight_iata ?? flight_icao;
  return flight_number === null ? null : `${airline_iata ?? airline_icao ?? ''}${flight_number}`;
}

/** A position from the future (a clock that runs ahead) does not make an event of the future. */
function eventTime(liveUpdated: string | null, observedAtMs: number): string {
  const liveMs = liveUpdated === null ? Infinity : Date.parse(liveUpdated);
  return new Date(Math.min(liveMs, observedAtMs)).toISOString();
}

type RawObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is RawObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function part(raw: RawObject, name: string): RawObject {
  const value = raw[name];
  return isObject(value) ? value : {};
}

/** Minutes as `streams/flights.yaml` bounds them: a day early to a week late. */
const DELAY_MINUTES_MIN = -1_440;
const DELAY_MINUTES_MAX = 10_080;

/** Coerces values column by column, and remembers which were there but not usable. */
class Fields {
  readonly dropped: string[] = [];

  text(column: string, value: unknown, lengthMax: number): string | null {
    if (value === null || value === undefined) return null;
    if (typeof value !== 'string' && typeof value !== 'number') return this.#drop(column);
    const text = String(value).trim();
    if (text === '') return null;
    // Counted as the stream counts them, in characters and not in UTF-16 units.
    return Array.from(text).length <= lengthMax ? text : this.#drop(column);
  }

  number(column: string, value: unknown, minimum: number, maximum: number): number | null {
    const text = this.text(column, value, 32);
    if (text === null) return null;
    const number = Number(text);
    return number >= minimum && number <= maximum ? number : this.#drop(column);
  }

  minutes(column: string, value: unknown): number | null {
    const minutes = this.number(column, value, DELAY_MINUTES_MIN, DELAY_MINUTES_MAX);
    // `+ 0` because rounding gives -0, which JSON does not tell apart but a hash of cells might.
    return minutes === null ? null : Math.round(minutes) + 0;
  }

  time(column: string, value: unknown, timezone: string | null): string | null {
    const text = this.text(column, value, 64);
    if (text === null) return null;
    return airportTimeToUtc(text, timezone) ?? this.#drop(column);
  }

  date(column: string, value: unknown): string | null {
    const text = this.text(column, value, 32);
    if (text === null) return null;
    const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text) && airportTimeToUtc(`${text}T00:00`, null);
    return isDate ? text : this.#drop(column);
  }

  boolean(column: string, value: unknown): boolean | null {
    if (value === null || value === undefined) return null;
    if (typeof value === 'boolean') return value;
    if (value === 'true' || value === 1 || value === '1') return true;
    if (value === 'false' || value === 0 || value === '0') return false;
    return this.#drop(column);
  }

  #drop(column: string): null {
    this.dropped.push(column);
    return null;
  }
}
