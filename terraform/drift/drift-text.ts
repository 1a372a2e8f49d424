/** Drift as people read it. */
import type { FieldDifference } from './differences.ts';
import type { DriftFinding } from './drift.ts';

/** Of one side of a difference. */
const LINES_MAX = 12;
const LINE_CHARS_MAX = 160;
/** What stays of a long line before the first difference and after the last. */
const CONTEXT_CHARS = 40;

/** A paragraph a finding; empty where there is none. */
export function driftText(findings: readonly DriftFinding[]): string {
  return findings.map((each) => `${paragraph(each).join('\n')}\n`).join('');
}

function paragraph(each: DriftFinding): readonly string[] {
  const what = `${each.kind} ${safe(each.name)}`;
  switch (each.finding) {
    case 'missing':
      return [`missing: ${what}`];
    case 'not defined':
      return [`not defined: ${what} (${each.resource})`];
    case 'changed':
      break;
  }
  return [
    `changed: ${what} (${each.resource})`,
    ...each.fields.flatMap((field) => [`  ${safe(field.path)}`, ...sides(field)]),
  ];
}

/** `-` is deployed, `+` is defined; lines that both have are left out. */
function sides({ deployed, defined }: FieldDifference): readonly string[] {
  const [from, to] = changedLines(linesOf(deployed), linesOf(defined));
  if (from.length === 1 && to.length === 1) {
    const [one, other] = changedPart(from[0] ?? '', to[0] ?? '');
    return [`    - ${one}`, `    + ${other}`];
  }
  return [...marked('-', from), ...marked('+', to)];
}

function linesOf(value: unknown): readonly string[] {
  if (value === undefined) return [];
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.split('\n').map(safe);
}

function marked(mark: string, lines: readonly string[]): readonly string[] {
  const shown = lines.slice(0, LINES_MAX).map((line) => `    ${mark} ${clipped(line)}`);
  const moreCount = lines.length - shown.length;
  return moreCount > 0 ? [...shown, `    ${mark} … ${moreCount} more lines`] : shown;
}

function clipped(line: string): string {
  return line.length > LINE_CHARS_MAX ? `${line.slice(0, LINE_CHARS_MAX)}…` : line;
}

function changedLines(
  one: readonly string[],
  other: readonly string[],
): readonly [readonly string[], readonly string[]] {
  const [start, end] = common(one, other);
  return [one.slice(start, one.length - end), other.slice(start, other.length - end)];
}

/** Two long lines, each around what differs. */
function changedPart(one: string, other: string): readonly [string, string] {
  if (Math.max(one.length, other.length) <= LINE_CHARS_MAX) return [one, other];
  const [start, end] = common(one.split(''), other.split(''));
  const from = Math.max(0, start - CONTEXT_CHARS);
  const part = (text: string) => {
    const to = Math.min(text.length, text.length - end + CONTEXT_CHARS);
    return `${from > 0 ? '…' : ''}${clipped(text.slice(from, to))}${to < text.length ? '…' : ''}`;
  };
  return [part(one), part(other)];
}

/** How many items both begin with, and end with after those. */
function common(one: readonly string[], other: readonly string[]): readonly [number, number] {
  const most = Math.min(one.length, other.length);
  let start = 0;
  while (start < most && one[start] === other[start]) start++;
  let end = 0;
  while (end < most - start && one.at(-1 - end) === other.at(-1 - end)) end++;
  return [start, end];
}

/** Names and texts were typed by anybody; a terminal must not obey them. */
function safe(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (each) => JSON.stringify(each).slice(1, -1));
}
