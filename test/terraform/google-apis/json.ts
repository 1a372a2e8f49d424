/** JSON objects of the APIs, and what they leave out. */

export type Json = { [key: string]: unknown };

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function jsonOf(value: unknown): Json {
  return isJson(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Maps of labels; every other `{}` is a message, which is told from one that is not set. */
const MAPS = new Set(['labels', 'userLabels', 'annotations', 'cleanupPolicies']);

/** Wrapped in a message, so that false is told from nothing. */
const TOLD_FALSE = new Set(['enabled']);

/**
 * As the APIs answer: fields that have their type's default are not there. Source: the JSON mapping of proto3. A message that is set
 * and empty is `{}`, which is how a list of incidents of everything is said.
 */
export function withoutDefaults(value: Json): Json {
  const kept: [string, unknown][] = [];
  for (const [key, each] of Object.entries(value)) {
    const read = isJson(each)
      ? withoutDefaults(each)
      : Array.isArray(each)
        ? each.map((item) => (isJson(item) ? withoutDefaults(item) : item))
        : each;
    const isEmptyMap = isJson(read) && Object.keys(read).length === 0 && MAPS.has(key);
    const isTold = read === false && TOLD_FALSE.has(key);
    if (isTold || (!isDefault(read) && !isEmptyMap)) kept.push([key, read]);
  }
  return Object.fromEntries(kept);
}

function isDefault(value: unknown): boolean {
  if (typeof value === 'string') return value === '' || /_(?:UNSPECIFIED|NONE)$/.test(value);
  return (
    value === null ||
    value === undefined ||
    value === 0 ||
    value === false ||
    (Array.isArray(value) && value.length === 0)
  );
}

/** `into` with the fields of `from` that `mask` names; all of `from` where there is no mask. A field that is named and missing goes. */
export function masked(into: Json, from: Json, mask: readonly string[]): Json {
  if (mask.length === 0) return { ...into, ...from };
  const result = structuredClone(into);
  for (const path of mask) {
    const steps = path.split('.').map(camel);
    let target = result;
    let source: unknown = from;
    for (const step of steps.slice(0, -1)) {
      const inner = jsonOf(target[step]);
      target[step] = inner;
      target = inner;
      source = jsonOf(source)[step];
    }
    const last = steps.at(-1)!;
    const value = jsonOf(source)[last];
    if (value === undefined) delete target[last];
    else target[last] = value;
  }
  return result;
}

function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
