/** Counts of good and valid events as people export them, CSV or NDJSON, read strictly; docs/backtest.md has the format. */
import { AppError } from '../../runtime/index.ts';

/** Good and valid events of one interval. */
export interface CountRow {
  /** Start of the interval. */
  readonly atMs: number;
  readonly slo: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly badCount: number;
  readonly validCount: number;
}

/** 400 days by the minute for nine SLOs. */
const ROWS_MAX = 5_184_000;
/** Problems that are told at once. */
const PROBLEMS_MAX = 20;
const EXAMPLE = '{"time":"2026-11-01T00:00:00Z","slo":"api-availability","good":599,"valid":600}';
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const INSTANT = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
/** Of each pair one column; the second name is what other tools call it. */
const COLUMNS = {
  good: ['good', 'good_count'],
  bad: ['errors', 'bad', 'bad_count'],
  valid: ['valid', 'total', 'valid_count'],
} as const;
const KNOWN = new Set<string>(['time', 'slo', ...Object.values(COLUMNS).flat()]);

type Fields = Readonly<Record<string, unknown>>;

/**
 * The rows of a text; `file` names it in messages. NDJSON where the first character is a brace, else CSV with a header row.
 * @throws AppError `invalid_argument` with one line a problem: `file:line field: expected …, such as …; got …`.
 */
export function parseCounts(text: string, file: string): readonly CountRow[] {
  const problems: string[] = [];
  const report = (line: number, what: string, expected: string, got: unknown) => {
    if (problems.length < PROBLEMS_MAX) {
      problems.push(`${file}:${line} ${what}: expected ${expected}; got ${shown(got)}`);
    }
  };
  const rows: CountRow[] = [];
  const isNdjson = text.trimStart().startsWith('{');
  for (const { line, fields } of isNdjson ? jsonLines(text, report) : csvLines(text, report)) {
    const row = rowOf(fields, (what, expected, got) => report(line, what, expected, got));
    if (row) rows.push(row);
    if (rows.length > ROWS_MAX) {
      report(line, 'rows', `at most ${ROWS_MAX}, of one to ten SLOs by the minute`, 'more');
      break;
    }
  }
  if (rows.length === 0 && problems.length === 0)
    report(1, 'rows', `at least one, such as ${EXAMPLE}`, 'none');
  if (problems.length > 0) {
    throw new AppError(
      'invalid_argument',
      `The counts are not valid:\n  ${problems.join('\n  ')}`,
      {
        detail: { problems },
      },
    );
  }
  return rows;
}

type Report = (what: string, expected: string, got: unknown) => void;

function rowOf(fields: Fields, report: Report): CountRow | undefined {
  let isFit = true;
  const fail = (what: string, expected: string, got: unknown) => {
    isFit = false;
    report(what, expected, got);
  };
  const atMs = instantOf(fields['time']);
  if (atMs === undefined)
    fail('time', 'an instant such as 2026-11-01T00:00:00Z, or seconds since 1970', fields['time']);
  const slo = fields['slo'];
  if (typeof slo !== 'string' || slo === '')
    fail('slo', 'the name of an SLO, such as api-availability', slo);
  const good = countOf(fields, 'good', fail);
  const bad = countOf(fields, 'bad', fail);
  const valid = countOf(fields, 'valid', fail);
  if (valid === undefined && !hasColumn(fields, 'valid'))
    fail('valid', 'a column valid or total, such as 600', undefined);
  if (hasColumn(fields, 'good') === hasColumn(fields, 'bad')) {
    fail(
      'good',
      'exactly one of good and errors, beside valid',
      hasColumn(fields, 'good') ? 'both' : undefined,
    );
  }
  const badCount = bad ?? (valid ?? 0) - (good ?? 0);
  if (isFit && (badCount < 0 || badCount > (valid ?? 0))) {
    fail('valid', 'no fewer events than are good or bad', valid);
  }
  const labels: Record<string, string> = {};
  for (const [name, value] of Object.entries(labelFields(fields))) {
    if (!LABEL.test(name)) fail(name, 'the name of a label, such as stream', name);
    else if (typeof value === 'object' && value !== null) fail(name, 'a text or a number', value);
    else if (value !== '' && value !== null) labels[name] = `${value as boolean | number | string}`;
  }
  if (!isFit || atMs === undefined || valid === undefined || typeof slo !== 'string')
    return undefined;
  return { atMs, slo, labels, badCount, validCount: valid };
}

/** Whatever else stands in the row; in NDJSON `labels` may hold them together. */
function labelFields(fields: Fields): Fields {
  const { labels, ...rest } = fields;
  const others = Object.fromEntries(Object.entries(rest).filter(([name]) => !KNOWN.has(name)));
  return typeof labels === 'object' && labels !== null ? { ...labels, ...others } : others;
}

function hasColumn(fields: Fields, column: keyof typeof COLUMNS): boolean {
  return COLUMNS[column].some((name) => fields[name] !== undefined && fields[name] !== '');
}

function countOf(fields: Fields, column: keyof typeof COLUMNS, fail: Report): number | undefined {
  const name = COLUMNS[column].find((each) => fields[each] !== undefined && fields[each] !== '');
  if (name === undefined) return undefined;
  const value = fields[name];
  const count = typeof value === 'number' ? value : Number(String(value).trim() || Number.NaN);
  if (Number.isFinite(count) && count >= 0) return count;
  fail(name, 'a number from 0 up, such as 600', value);
  return undefined;
}

function instantOf(value: unknown): number | undefined {
  const seconds =
    typeof value === 'number'
      ? value
      : /^\d{1,11}$/.test(String(value))
        ? Number(value)
        : Number.NaN;
  if (Number.isFinite(seconds) && seconds >= 0 && seconds < 1e11)
    return Math.round(seconds * 1_000);
  if (typeof value !== 'string' || !INSTANT.test(value)) return undefined;
  const atMs = Date.parse(value.replace(' ', 'T'));
  return Number.isNaN(atMs) ? undefined : atMs;
}

interface Line {
  readonly line: number;
  readonly fields: Fields;
}
type LineReport = (line: number, what: string, expected: string, got: unknown) => void;

function* jsonLines(text: string, report: LineReport): Iterable<Line> {
  let line = 0;
  for (const each of linesOf(text)) {
    line++;
    if (each.trim() === '') continue;
    const fields = parseObject(each);
    if (fields) yield { line, fields };
    else report(line, 'line', `one JSON object, such as ${EXAMPLE}`, each);
  }
}

function* csvLines(text: string, report: LineReport): Iterable<Line> {
  let line = 0;
  let head: readonly string[] | undefined;
  for (const each of linesOf(text)) {
    line++;
    if (each.trim() === '') continue;
    const cells = cellsOf(each);
    if (!head) {
      head = cells.map((cell) => cell.trim());
      if (!head.includes('time') || !head.includes('slo')) {
        report(line, 'header', 'a header row such as time,slo,good,valid', each);
        return;
      }
    } else if (cells.length === head.length) {
      const fields: Record<string, unknown> = {};
      for (const [index, name] of head.entries()) fields[name] = cells[index];
      yield { line, fields };
    } else report(line, 'line', `${head.length} fields, as the header has`, `${cells.length}`);
  }
}

/** Line by line without a second copy of the whole text. */
function* linesOf(text: string): Iterable<string> {
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end < 0 ? text.length : end);
    yield line.endsWith('\r') ? line.slice(0, -1) : line;
    start = end < 0 ? text.length : end + 1;
  }
}

/** Cells of one line; a quoted cell may hold commas and doubled quotes, and no line's end. Source: RFC 4180. */
function cellsOf(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  const cells = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return [...cells].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}

function parseObject(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ...value }
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function shown(got: unknown): string {
  if (got === undefined || got === '') return 'nothing';
  const text = typeof got === 'string' ? got : JSON.stringify(got);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
