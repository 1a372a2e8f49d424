/** Building blocks of definition files' schemas: each says what it expects, with a value that would pass. */
import { z } from 'zod';
import { parseDuration } from './duration.ts';

/** A text, of a pattern where one is given. */
export function textOf(expected: string, pattern = /[^]*/) {
  const error = `expected ${expected}`;
  return z.string({ error }).regex(pattern, { error });
}

/** A duration text, read into milliseconds. */
export function durationOf(example: string) {
  const error = `expected a duration, such as ${example}`;
  return z
    .string({ error })
    .refine((given) => parseDuration(given) !== undefined, { error })
    .transform((given) => parseDuration(given) ?? 0);
}

/** One of a list of texts. */
export function choiceOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: `expected one of ${values.join(', ')}, such as ${values[0]}` });
}

/** A mapping with these keys and no others. */
export function mappingOf<T extends z.core.$ZodLooseShape>(what: string, shape: T) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `expected only the keys ${Object.keys(shape).join(', ')}`
        : `expected ${what}`,
  });
}
