/** Opaque page positions: versioned, and bound to the question that they continue. */
import { hash } from 'node:crypto';
import { AppError } from '../runtime/index.ts';

const VERSION = 1;
/** Event ids are at most some hundred characters; a longer cursor is none of ours. */
const LENGTH_MAX = 8_192;

/** Short hash of all that must stay the same from page to page. */
export function questionHash(question: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(question), 'base64url').slice(0, 11);
}

/** `position` is plain JSON. */
export function encodeCursor(question: string, position: readonly unknown[]): string {
  return Buffer.from(JSON.stringify([VERSION, question, ...position])).toString('base64url');
}

/** @throws AppError `invalid_cursor` where the text is no cursor of this question. */
export function decodeCursor(question: string, cursor: string): readonly unknown[] {
  if (cursor.length === 0 || cursor.length > LENGTH_MAX || !/^[\w-]+$/.test(cursor))
    throw unknown();
  const parts = parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (!Array.isArray(parts) || parts[0] !== VERSION) throw unknown();
  if (parts[1] !== question) {
    throw new AppError(
      'invalid_cursor',
      'cursor: it continues another question; expected the stream, order, range and filters that it was given for.',
    );
  }
  return parts.slice(2) as unknown[];
}

/** The error of a cursor whose position makes no sense. */
export function unknown(): AppError {
  return new AppError(
    'invalid_cursor',
    'cursor: expected next_cursor of an earlier answer, unchanged; got something else.',
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
