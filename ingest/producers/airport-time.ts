/** Airport-local times of flight records as instants in UTC. */

const TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(\.\d{1,9})?\s*(Z|[+-]\d{2}:?\d{2})?$/i;
const ZERO_OFFSET = /^(Z|[+-]00:?00)$/i;
/** Zones whose formatter is kept: there are about 600 in all, and the API could send any spelling. */
const ZONES_MAX = 1_000;
const zones = new Map<string, Intl.DateTimeFormat | undefined>();

/**
 * The instant in RFC 3339 UTC, or `undefined` where `text` is no time.
 *
 * AviationStack writes the wall clock of the airport and marks it `+00:00` whatever the zone. So a time with no
 * offset or a zero one is read in `timezone` where that is a known IANA zone, else as UTC as it is marked; any other
 * offset is believed. A wall time that a clock change skips or repeats is resolved to one of its neighbours.
 *
 * `airportTimeToUtc('2024-04-27T12:00:00+00:00', 'Europe/Berlin')` is `2024-04-27T10:00:00.000Z`.
 */
export function airportTimeToUtc(text: string, timezone: string | null): string | undefined {
  const match = TIME.exec(text);
  if (!match) return undefined;
  const [, date = '', minutes = '', seconds = ':00', fraction = '', offset = 'Z'] = match;
  const hasOffset = !ZERO_OFFSET.test(offset);
  const suffix = hasOffset ? offset.replace(/(\d{2}):?(\d{2})$/, '$1:$2') : 'Z';
  const statedMs = Date.parse(`${date}T${minutes}${seconds}${fraction.slice(0, 4)}${suffix}`);
  if (Number.isNaN(statedMs) || !isDay(date)) return undefined;
  const zone = hasOffset || timezone === null ? undefined : zoneFormat(timezone);
  return new Date(zone ? fromWallClock(statedMs, zone) : statedMs).toISOString();
}

/** Wall clock of `timezone` at an instant, in the same manner of speaking: marked `+00:00`. */
export function utcToAirportTime(atMs: number, timezone: string | null): string {
  const zone = timezone === null ? undefined : zoneFormat(timezone);
  const wallMs = atMs + (zone ? offsetMs(atMs, zone) : 0);
  return `${new Date(wallMs).toISOString().slice(0, 19)}+00:00`;
}

/** The instant at which the clocks of `timezone` show `wallMs`, itself counted as if it were UTC. */
export function wallClockToUtcMs(wallMs: number, timezone: string | null): number {
  const zone = timezone === null ? undefined : zoneFormat(timezone);
  return zone ? fromWallClock(wallMs, zone) : wallMs;
}

/** Date.parse turns 30 February into 1 March; a day that is none is no time. */
function isDay(date: string): boolean {
  const atMs = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(date);
}

function fromWallClock(wallMs: number, zone: Intl.DateTimeFormat): number {
  // The offset at the first guess may be that of the other side of a clock change; the second guess settles it.
  const guessMs = wallMs - offsetMs(wallMs, zone);
  return wallMs - offsetMs(guessMs, zone);
}

function offsetMs(atMs: number, zone: Intl.DateTimeFormat): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of zone.formatToParts(atMs)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / 1_000) * 1_000;
}

function zoneFormat(timezone: string): Intl.DateTimeFormat | undefined {
  if (zones.has(timezone)) return zones.get(timezone);
  if (zones.size >= ZONES_MAX) zones.clear();
  const format = makeFormat(timezone);
  zones.set(timezone, format);
  return format;
}

function makeFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  const numeric = 'numeric';
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
