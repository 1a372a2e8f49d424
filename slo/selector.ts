/** Selectors as people write them: `metric{label="value",other=~"a|b"}`, Prometheus's own spelling, and `$users` for what has a name here. */
import { USER_REQUESTS } from '../telemetry/index.ts';
import type { Matcher, Selector } from '../telemetry/index.ts';

const METRIC = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\s*/;
const MATCHER =
  /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\\n]|\\["\\n])*)"\s*(,|(?=\}))/;

const NAMED = /^\s*\$([a-z]+)\s*(,|(?=\}))/;
/** Matchers that many definitions share, by the name that they are written with. */
const MATCHERS: ReadonlyMap<string, Matcher> = new Map([['users', USER_REQUESTS]]);

/** The selector, or `undefined` where the text is none. */
export function parseSelector(text: string): Selector | undefined {
  const [head, metric] = METRIC.exec(text) ?? [];
  if (head === undefined || metric === undefined) return undefined;
  const rest = text.slice(head.length).trimEnd();
  if (rest === '') return { metric, matchers: [] };
  if (!rest.startsWith('{') || !rest.endsWith('}')) return undefined;
  const matchers: Matcher[] = [];
  let inner = rest.slice(1);
  while (inner.trim() !== '}') {
    const [named, name = ''] = NAMED.exec(inner) ?? [];
    if (named !== undefined) {
      const shared = MATCHERS.get(name);
      if (!shared) return undefined;
      matchers.push(shared);
      inner = inner.slice(named.length);
      continue;
    }
    const [all, label, op, value] = MATCHER.exec(inner) ?? [];
    if (all === undefined || label === undefined || value === undefined) return undefined;
    const unescaped = value.replace(/\\(["\\n])/g, (_, char: string) =>
      char === 'n' ? '\n' : char,
    );
    matchers.push({ label, op: op as Matcher['op'], value: unescaped });
    inner = inner.slice(all.length);
  }
  return { metric, matchers };
}

/** The text that `parseSelector` reads back as the same selector. */
export function formatSelector({ metric, matchers }: Selector): string {
  if (matchers.length === 0) return metric;
  const inner = matchers.map(({ label, op, value }) => `${label}${op}"${escape(value)}"`);
  return `${metric}{${inner.join(',')}}`;
}

function escape(value: string): string {
  return value.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n');
}
