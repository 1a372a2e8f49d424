/** The check that every event passes: compiled once a stream into one reader a column. */
import { parseDate, parseTimestamp } from './timestamp.ts';
import type { Cell, Column, Refusal, RefusalCode, Stream, Validate } from './stream.ts';

/** Faults named of one event; the rest would say nothing new. */
const PROBLEMS_MAX = 20;
/** Characters of a refused value that are shown. */
const SHOWN_LENGTH_MAX = 60;
/** `\ud800` to `\udfff` in JSON.stringify's output stands only for half a surrogate pair. */
const LONE_SURROGATE = /(?:^|[^\\])(?:\\\\)*\\ud[89a-f]/;

interface Fault {
  readonly code: RefusalCode;
  readonly reason: string;
}
type Read = (value: unknown) => Cell | Fault;

/**
 * The validator of a stream: cells in column order, or every fault (the first 20). It never throws, whatever it is
 * given. Absent and `null` are the same, but for a REQUIRED JSON column, where `null` is a value.
 */
export function compileValidator(stream: Stream): Validate {
  const names = stream.columns.map((column) => column.name);
  const known = new Set(names);
  const reads = stream.columns.map((column) =>
    compileColumn(column, column.name === stream.eventId),
  );
  const eventTimeIndex = names.indexOf(stream.eventTime);
  const futureToleranceMicros = stream.futureToleranceMs * 1_000;

  return (event, nowMs) => {
    if (typeof event !== 'object' || event === null || Array.isArray(event)) {
      const reason = `expected a JSON object; got ${shown(event)}`;
      return { ok: false, problems: [{ code: 'not_an_object', reason }] };
    }
    const fields = event as Record<string, unknown>;
    const row: Cell[] = Array.from({ length: names.length });
    let problems: Refusal[] | undefined;
    let presentCount = 0;
    for (let index = 0; index < names.length; index++) {
      const name = names[index]!;
      const isPresent = Object.hasOwn(fields, name);
      if (isPresent) presentCount++;
      const cell = reads[index]!(isPresent ? fields[name] : undefined);
      if (typeof cell === 'object' && cell !== null)
        (problems ??= []).push({ ...cell, field: name });
      else row[index] = cell;
    }
    const eventTimeMicros = row[eventTimeIndex];
    if (
      typeof eventTimeMicros === 'number' &&
      eventTimeMicros > nowMs * 1_000 + futureToleranceMicros
    ) {
      const reason = `expected a time at most ${stream.futureToleranceMs / 1_000} s ahead of the clock; got ${shown(fields[stream.eventTime])}`;
      (problems ??= []).push({ code: 'future_timestamp', field: stream.eventTime, reason });
    }
    const keys = Object.keys(fields);
    if (keys.length !== presentCount) {
      for (const key of keys) {
        if (known.has(key)) continue;
        const reason = `expected only the fields ${names.join(', ')}; got ${shown(key)}`;
        (problems ??= []).push({ code: 'unknown_field', field: shorten(key), reason });
        if (problems.length >= PROBLEMS_MAX) break;
      }
    }
    if (problems === undefined) return { ok: true, row };
    return {
      ok: false,
      problems: problems.slice(0, PROBLEMS_MAX) as [Refusal, ...Refusal[]],
    };
  };
}

function compileColumn(column: Column, isEventId: boolean): Read {
  const read = compileType(column, isEventId);
  const missing: Fault = { code: 'missing_field', reason: 'expected a value; got none' };
  const isNullAValue = column.type === 'JSON' && column.isRequired;
  const absent = column.isRequired ? missing : null;
  return (value) => {
    if (value === undefined) return absent;
    if (value === null && !isNullAValue) return absent;
    return read(value);
  };
}

function compileType(column: Column, isEventId: boolean): Read {
  switch (column.type) {
    case 'STRING':
      return compileText(column, isEventId);
    case 'INT64':
    case 'FLOAT64':
      return compileNumber(column);
    case 'BOOL':
      return (value) =>
        typeof value === 'boolean' ? value : fault('wrong_type', 'true or false', value);
    case 'TIMESTAMP':
      return (value) => {
        const expected = 'an RFC 3339 time with a zone, such as "2024-04-27T12:00:00Z"';
        if (typeof value !== 'string') return fault('wrong_type', expected, value);
        return parseTimestamp(value) ?? fault('bad_timestamp', expected, value);
      };
    case 'DATE':
      return (value) => {
        const expected = 'a date such as "2024-04-27"';
        if (typeof value !== 'string') return fault('wrong_type', expected, value);
        return parseDate(value) === undefined ? fault('bad_timestamp', expected, value) : value;
      };
    case 'JSON':
      break;
  }
  return compileJson(column.lengthMax ?? Infinity);
}

function compileText(column: Column, isEventId: boolean): Read {
  const lengthMax = column.lengthMax ?? Infinity;
  const pattern = column.pattern === undefined ? undefined : new RegExp(column.pattern, 'u');
  const allowed = column.enum === undefined ? undefined : new Set(column.enum);
  return (value) => {
    if (typeof value !== 'string') return fault('wrong_type', 'a text', value);
    if (value.length > lengthMax && !isWithin(value, lengthMax)) {
      return fault('too_large', `at most ${lengthMax} characters`, value);
    }
    if (!value.isWellFormed()) return fault('bad_encoding', 'whole Unicode characters', value);
    if (isEventId && value === '') return fault('out_of_range', 'at least one character', value);
    if (pattern !== undefined && !pattern.test(value)) {
      return fault('out_of_range', `a text that matches ${column.pattern}`, value);
    }
    if (allowed !== undefined && !allowed.has(value)) {
      return fault('out_of_range', `one of ${[...allowed].join(', ')}`, value);
    }
    return value;
  };
}

function compileNumber(column: Column): Read {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = column;
  const isInteger = column.type === 'INT64';
  const atLeast = minimum ?? -Infinity;
  const above = exclusiveMinimum ?? -Infinity;
  const atMost = maximum ?? Infinity;
  const below = exclusiveMaximum ?? Infinity;
  const rules = [
    ...(minimum === undefined ? [] : [`at least ${minimum}`]),
    ...(exclusiveMinimum === undefined ? [] : [`above ${exclusiveMinimum}`]),
    ...(maximum === undefined ? [] : [`at most ${maximum}`]),
    ...(exclusiveMaximum === undefined ? [] : [`below ${exclusiveMaximum}`]),
  ];
  const range = `a number ${rules.join(' and ')}`;
  return (value) => {
    if (typeof value !== 'number' || Number.isNaN(value)) {
      return fault('wrong_type', isInteger ? 'a whole number' : 'a number', value);
    }
    if (!Number.isFinite(value)) return fault('out_of_range', 'a finite number', value);
    if (isInteger && !Number.isSafeInteger(value)) {
      return Number.isInteger(value)
        ? fault('out_of_range', 'a whole number within ±(2^53 - 1)', value)
        : fault('wrong_type', 'a whole number', value);
    }
    if (!(value >= atLeast && value > above && value <= atMost && value < below)) {
      return fault('out_of_range', range, value);
    }
    // -0 has no place in INT64, and as an amount it is zero.
    return value === 0 ? 0 : value;
  };
}

function compileJson(lengthMax: number): Read {
  return (value) => {
    let text: string | undefined;
    try {
      text = JSON.stringify(value);
    } catch (error) {
      const reason = error instanceof RangeError ? 'less nesting' : 'a JSON value';
      return { code: 'too_large', reason: `expected ${reason}; got a value that has no JSON text` };
    }
    if (text === undefined) return fault('wrong_type', 'a JSON value', value);
    if (text.length > lengthMax && !isWithin(text, lengthMax)) {
      return fault('too_large', `at most ${lengthMax} characters of JSON`, text);
    }
    if (text.includes('\\ud') && LONE_SURROGATE.test(text)) {
      return fault('bad_encoding', 'whole Unicode characters', text);
    }
    return text;
  };
}

/** Whether a text whose UTF-16 length is over the limit still is within it, counted in characters. */
function isWithin(text: string, lengthMax: number): boolean {
  if (text.length > 2 * lengthMax) return false;
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0xd800 && code <= 0xdbff) index++;
    if (++count > lengthMax) return false;
  }
  return true;
}

function fault(code: RefusalCode, expected: string, value: unknown): Fault {
  return { code, reason: `expected ${expected}; got ${shown(value)}` };
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shorten(value));
  if (value === undefined) return 'none';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value === null ? 'null' : 'an object';
}

function shorten(text: string): string {
  return text.length > SHOWN_LENGTH_MAX
    ? `${text.slice(0, SHOWN_LENGTH_MAX).toWellFormed()}…`
    : text.toWellFormed();
}
