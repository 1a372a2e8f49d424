/** Query parameters as data: one declaration serves the reader, the OpenAPI document and the error messages. */
import { AppError, isAppError } from '../runtime/index.ts';
import type { ErrorCode } from '../runtime/index.ts';
import { formatTimestamp, parseTimestamp } from '../streams/index.ts';
import type { Cell, Column } from '../streams/index.ts';
import { ServiceError } from './problem.ts';
import type { ProblemItem } from './problem.ts';

export type JsonSchema = { readonly [key: string]: unknown };

/** `parse` throws AppError with a message that ends "expected …; got …". */
export interface Parameter<T> {
  readonly name: string;
  readonly description: string;
  readonly schema: JsonSchema;
  parse(text: string): T;
}

/** Longest value of a parameter shown back in a message. */
const SHOWN_LENGTH_MAX = 80;
/** Micros outside these are not exact as numbers: years 1684 to 2255. */
export const TIME_MICROS_MAX = Number.MAX_SAFE_INTEGER;

/** The parameters of one request, read and checked. */
export class Query {
  readonly #values: ReadonlyMap<string, unknown>;
  readonly #texts: readonly (readonly [string, string])[];

  constructor(values: ReadonlyMap<string, unknown>, texts: readonly (readonly [string, string])[]) {
    this.#values = values;
    this.#texts = texts;
  }

  get<T>(parameter: Parameter<T>): T | undefined {
    return this.#values.get(parameter.name) as T | undefined;
  }

  /** The same query with another cursor, as text that begins with `?`. */
  withCursor(cursor: string): string {
    const query = new URLSearchParams();
    for (const [name, text] of this.#texts) if (name !== 'cursor') query.append(name, text);
    query.append('cursor', cursor);
    return `?${query.toString()}`;
  }
}

/**
 * Reads the query of `url` by the declared parameters.
 * @throws ServiceError that names every problem: unknown, repeated, malformed.
 */
export function readQuery(url: string, parameters: readonly Parameter<unknown>[]): Query {
  const texts = splitQuery(url);
  const values = new Map<string, unknown>();
  const errors: ProblemItem[] = [];
  const fail = (parameter: string, code: ErrorCode, reason: string) =>
    errors.push({ parameter: shorten(parameter), code, reason });

  for (const [name, text] of texts) {
    const parameter = parameters.find((each) => each.name === name);
    if (!parameter) {
      const known = parameters.map((each) => each.name).join(', ') || 'none';
      fail(name, 'unknown_parameter', `unknown parameter; expected one of: ${known}`);
    } else if (values.has(name)) {
      fail(name, 'invalid_argument', 'expected once; got it more than once');
    } else {
      values.set(name, undefined);
      try {
        values.set(name, parameter.parse(text));
      } catch (error) {
        if (!isAppError(error)) throw error;
        fail(name, error.code, error.message);
      }
    }
  }
  const [first] = errors;
  if (first) {
    const message = errors.map((each) => `${each.parameter}: ${each.reason}`).join('; ');
    throw new ServiceError(first.code as ErrorCode, message, { errors });
  }
  return new Query(values, texts);
}

/** A whole number from 1 to `max`. */
export function limitParameter(max: number, description: string): Parameter<number> {
  return {
    name: 'limit',
    description,
    schema: { type: 'integer', minimum: 1, maximum: max },
    parse(text) {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      if (value >= 1 && value <= max) return value;
      const code = value > max ? 'limit_exceeded' : 'invalid_argument';
      throw expected(`a whole number from 1 to ${max}`, text, code);
    },
  };
}

/** An RFC 3339 instant, as microseconds. */
export function timeParameter(name: string, description: string): Parameter<number> {
  return {
    name,
    description,
    schema: { type: 'string', format: 'date-time' },
    parse: (text) => instant(text),
  };
}

export function choiceParameter<const T extends string>(
  name: string,
  values: readonly T[],
  description: string,
  fallback?: T,
): Parameter<T> {
  return {
    name,
    description,
    schema: {
      type: 'string',
      enum: values,
      ...(fallback === undefined ? {} : { default: fallback }),
    },
    parse(text) {
      const value = values.find((each) => each === text);
      if (value !== undefined) return value;
      throw expected(`one of ${values.join(', ')}`, text);
    },
  };
}

export const cursorParameter: Parameter<string> = {
  name: 'cursor',
  description:
    'Where the page begins: `next_cursor` of the page before, with all other parameters unchanged.',
  schema: { type: 'string' },
  parse: (text) => text,
};

/** Equality with a column, read by the column's type. */
export function filterParameter(column: Column): Parameter<Cell> {
  return {
    name: column.name,
    description: `Only rows with this value. ${column.description}`.trim(),
    schema: FILTER_SCHEMAS[column.type],
    parse: CELL_PARSERS[column.type],
  };
}

const FILTER_SCHEMAS: Readonly<Record<Column['type'], JsonSchema>> = {
  STRING: { type: 'string' },
  INT64: { type: 'integer' },
  FLOAT64: { type: 'number' },
  BOOL: { type: 'boolean' },
  TIMESTAMP: { type: 'string', format: 'date-time' },
  DATE: { type: 'string', format: 'date' },
  JSON: { type: 'string' },
};

const CELL_PARSERS: Readonly<Record<Column['type'], (text: string) => Cell>> = {
  STRING: (text) => text,
  JSON: (text) => text,
  INT64(text) {
    const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value)) return value;
    throw expected('a whole number, such as 42', text);
  },
  FLOAT64(text) {
    const value = /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isFinite(value)) return value;
    throw expected('a number, such as 12.5', text);
  },
  BOOL(text) {
    if (text === 'true' || text === 'false') return text === 'true';
    throw expected('true or false', text);
  },
  TIMESTAMP: (text) => instant(text),
  DATE(text) {
    if (isDate(text)) return text;
    throw expected('a date, such as 2024-04-27', text);
  },
};

/** A day that exists, as `YYYY-MM-DD`. */
export function isDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && parseTimestamp(`${text}T00:00:00Z`) !== undefined;
}

function instant(text: string): number {
  // A plus sign in a query is a space once decoded; offsets are written with it all the time.
  const micros = parseTimestamp(text.replace(/ (\d\d:\d\d)$/, '+$1'));
  if (typeof micros === 'number' && Number.isSafeInteger(micros)) return micros;
  throw expected(`an RFC 3339 time, such as ${formatTimestamp(1_714_219_200_000_000)}`, text);
}

function expected(what: string, text: string, code: ErrorCode = 'invalid_argument'): AppError {
  return new AppError(code, `expected ${what}; got ${shorten(text) || 'nothing'}`);
}

/** A text short and printable enough to stand in a message. */
export function shorten(text: string): string {
  const printable = text.replace(/[\p{Cc}\p{Cs}]/gu, '\u{fffd}');
  return printable.length <= SHOWN_LENGTH_MAX
    ? printable
    : `${printable.slice(0, SHOWN_LENGTH_MAX)}…`;
}

function splitQuery(url: string): [string, string][] {
  const start = url.indexOf('?');
  if (start < 0 || start === url.length - 1) return [];
  return url
    .slice(start + 1)
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      if (equals < 0) return [decode(pair), ''];
      return [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))];
    });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    throw new AppError(
      'invalid_argument',
      `The query has a percent sign that begins no UTF-8 character: ${shorten(text)}`,
      { cause: error },
    );
  }
}
