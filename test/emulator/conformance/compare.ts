/** Compares what a server answered with what was expected of it. */
import { isDeepStrictEqual } from 'node:util';
import type { Difference, Wording } from './differences.ts';
import type { Observation, Script } from './script.ts';

/** What the embedded server has to answer: Google's emulator's answer, with the script's difference laid over it. */
export function expectedOfOurs(script: Script, differences: readonly Difference[]): Observation {
  const difference = differences.find(({ scriptId }) => scriptId === script.id);
  if (difference === undefined) return script.expected;
  const { expected } = script;
  const { ours } = difference;
  return isRecord(ours) && isRecord(expected) ? { ...expected, ...ours } : ours;
}

/** Whether they are equal, where a sentence of `wordings` may stand for its twin. */
export function isConform(
  actual: Observation,
  expected: Observation,
  wordings: readonly Wording[] = [],
): boolean {
  if (typeof actual === 'string' && typeof expected === 'string') {
    return actual === expected || wordings.some((wording) => isTwin(wording, actual, expected));
  }
  if (Array.isArray(actual) && Array.isArray(expected)) {
    return (
      actual.length === expected.length &&
      actual.every((item, index) => isConform(item, expected[index], wordings))
    );
  }
  if (isRecord(actual) && isRecord(expected)) {
    const keys = Object.keys(expected);
    return (
      Object.keys(actual).length === keys.length &&
      keys.every(
        (key) => key in actual && isConform(actual[key] ?? null, expected[key] ?? null, wordings),
      )
    );
  }
  return isDeepStrictEqual(actual, expected);
}

/** `expected` with what conforms taken from `actual`, so that a printed difference shows what does not, alone. */
export function reconcile(
  actual: Observation,
  expected: Observation,
  wordings: readonly Wording[],
): Observation {
  if (isConform(actual, expected, wordings)) return actual;
  if (!isRecord(actual) || !isRecord(expected)) return expected;
  const entries = Object.entries(expected).map(([key, item]): [string, Observation] => [
    key,
    reconcile(actual[key] ?? null, item, wordings),
  ]);
  return Object.fromEntries(entries);
}

function isTwin({ google, ours }: Wording, actual: string, expected: string): boolean {
  return google.test(expected) && ours.test(actual) && codeOf(expected) === codeOf(actual);
}

function codeOf(outcome: string): string {
  return outcome.split(':', 1)[0] ?? '';
}

function isRecord(value: Observation): value is { readonly [key: string]: Observation } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
