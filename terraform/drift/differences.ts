/** Where two values differ, field by field. */
import { isJson, jsonOf } from './resource.ts';
import type { Json } from './resource.ts';

/** `deployed` or `defined` is missing where there is no such field. */
export interface FieldDifference {
  /** `conditions["ApiLatencyPage1h"].query`. */
  readonly path: string;
  readonly deployed?: unknown;
  readonly defined?: unknown;
}

/** Of two values in normal form. */
export function differencesOf(
  deployed: unknown,
  defined: unknown,
  path = '',
): readonly FieldDifference[] {
  if (isJson(deployed) && isJson(defined)) {
    const keys = [...new Set([...Object.keys(deployed), ...Object.keys(defined)])].toSorted();
    return keys.flatMap((key) =>
      differencesOf(deployed[key], defined[key], path === '' ? key : `${path}.${key}`),
    );
  }
  if (isListOfObjects(deployed) && isListOfObjects(defined)) {
    const [of, by] = [byName(deployed), byName(defined)];
    const names = new Set([...of.keys(), ...by.keys()]);
    return [...names].flatMap((name) =>
      differencesOf(of.get(name), by.get(name), `${path}[${name}]`),
    );
  }
  if (JSON.stringify(deployed) === JSON.stringify(defined)) return [];
  return [
    {
      path,
      ...(deployed === undefined ? {} : { deployed }),
      ...(defined === undefined ? {} : { defined }),
    },
  ];
}

function isListOfObjects(value: unknown): value is readonly Json[] {
  return Array.isArray(value) && value.length > 0 && value.every(isJson);
}

/** By what people call an item, so that one more does not change all after it; the second of a name is `"name" 2`. */
function byName(items: readonly Json[]): ReadonlyMap<string, Json> {
  const named = new Map<string, Json>();
  for (const [index, item] of items.entries()) {
    const title = item['displayName'] ?? item['title'] ?? jsonOf(item['widget'])['title'];
    const name = typeof title === 'string' ? JSON.stringify(title) : String(index);
    let count = 1;
    while (named.has(count === 1 ? name : `${name} ${count}`)) count++;
    named.set(count === 1 ? name : `${name} ${count}`, item);
  }
  return named;
}
