/** RFC 3339 timestamps as whole microseconds since 1970, read and written. */

const MICROS_PER_SECOND = 1_000_000;
const SECONDS_PER_DAY = 86_400;
const YEAR_MIN = 1900;
const YEAR_MAX = 2200;
const DAYS_OF_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
/** Days before the first of each month in a year without 29 February. */
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334] as const;

/**
 * Microseconds since 1970 of `YYYY-MM-DDThh:mm:ss[.f]` with `Z` or `±hh:mm` and 1 to 6 fraction digits, or `undefined`
 * where it is none. Years 1900 to 2200, days that exist, no leap seconds. Source: RFC 3339, section 5.6.
 * Positions are read by hand: each event passes here.
 */
export function parseTimestamp(text: string): number | undefined {
  if (text.length < 20) return undefined;
  const days = daysAt(text);
  const separator = text.charCodeAt(10) | 0x20;
  const hour = digits2(text, 11);
  const minute = digits2(text, 14);
  const second = digits2(text, 17);
  if (
    days === undefined ||
    separator !== 0x74 ||
    text.charCodeAt(13) !== 0x3a ||
    text.charCodeAt(16) !== 0x3a ||
    !(hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60)
  ) {
    return undefined;
  }
  let index = 19;
  let fractionMicros = 0;
  if (text.charCodeAt(index) === 0x2e) {
    const start = ++index;
    for (let digit = digitAt(text, index); digit >= 0; digit = digitAt(text, ++index)) {
      fractionMicros = fractionMicros * 10 + digit;
    }
    const digitCount = index - start;
    if (digitCount < 1 || digitCount > 6) return undefined;
    for (let missing = digitCount; missing < 6; missing++) fractionMicros *= 10;
  }
  const offsetSeconds = zoneAt(text, index);
  if (offsetSeconds === undefined) return undefined;
  const seconds = days * SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second - offsetSeconds;
  return seconds * MICROS_PER_SECOND + fractionMicros;
}

/** RFC 3339 in UTC with `Z` and the shortest of 0, 3 and 6 fraction digits that is exact. */
export function formatTimestamp(micros: number): string {
  const millis = Math.floor(micros / 1_000);
  const text = new Date(millis).toISOString();
  const restMicros = micros - millis * 1_000;
  if (restMicros !== 0) return `${text.slice(0, -1)}${String(restMicros).padStart(3, '0')}Z`;
  return text.endsWith('.000Z') ? `${text.slice(0, -5)}Z` : text;
}

/** Days since 1970-01-01 of a `YYYY-MM-DD` text, years 1900 to 2200, or `undefined` where there is no such day. */
export function parseDate(text: string): number | undefined {
  return text.length === 10 ? daysAt(text) : undefined;
}

function daysAt(text: string): number | undefined {
  const year = digits2(text, 0) * 100 + digits2(text, 2);
  const month = digits2(text, 5);
  const day = digits2(text, 8);
  if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d) return undefined;
  if (!(year >= YEAR_MIN && year <= YEAR_MAX && month >= 1 && month <= 12 && day >= 1)) {
    return undefined;
  }
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (day > DAYS_OF_MONTH[month - 1]! + (isLeap && month === 2 ? 1 : 0)) return undefined;
  const before = year - 1;
  const leapDays =
    Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400) - 477;
  const dayOfYear = DAYS_BEFORE_MONTH[month - 1]! + (isLeap && month > 2 ? 1 : 0) + day - 1;
  return (year - 1970) * 365 + leapDays + dayOfYear;
}

/** Seconds ahead of UTC of the zone that must end the text. */
function zoneAt(text: string, index: number): number | undefined {
  const sign = text.charCodeAt(index);
  if ((sign | 0x20) === 0x7a) return text.length === index + 1 ? 0 : undefined;
  if (sign !== 0x2b && sign !== 0x2d) return undefined;
  if (text.length !== index + 6 || text.charCodeAt(index + 3) !== 0x3a) return undefined;
  const hour = digits2(text, index + 1);
  const minute = digits2(text, index + 4);
  if (!(hour >= 0 && hour < 24 && minute >= 0 && minute < 60)) return undefined;
  return (sign === 0x2b ? 1 : -1) * (hour * 3_600 + minute * 60);
}

/** NaN where one of the two is no digit, so that every range check on it fails. */
function digits2(text: string, index: number): number {
  const tens = digitAt(text, index);
  const ones = digitAt(text, index + 1);
  return tens < 0 || ones < 0 ? Number.NaN : tens * 10 + ones;
}

function digitAt(text: string, index: number): number {
  const digit = text.charCodeAt(index) - 0x30;
  return digit >= 0 && digit <= 9 ? digit : -1;
}
