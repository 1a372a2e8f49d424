/** What must hold between the parts of one stream file, beyond the shape of each. */
import type { Path } from '../runtime/index.ts';
import { METADATA_COLUMNS } from './stream.ts';
import type { ColumnFile, StreamFile, WindowsFile } from './stream-schema.ts';

/** `message` says what was expected; what stands at `path` is added by the reader. */
export type Report = (path: Path, message: string) => void;

/** Parts that passed their own schema; a broken part is absent, and what depends on it goes unchecked. */
export interface Draft extends Partial<Omit<StreamFile, 'columns'>> {
  /** By position; `undefined` where the column's own shape is broken. */
  readonly columns: readonly (ColumnFile | undefined)[];
  /** Names of all columns, also of broken ones. */
  readonly columnNames: readonly string[];
}

const FILTER_TYPES = ['STRING', 'INT64', 'BOOL', 'DATE'];
/** Source: BigQuery's clustering column types, of those a stream has. */
const CLUSTERING_TYPES = ['STRING', 'INT64', 'BOOL', 'DATE', 'TIMESTAMP'];
const NUMERIC_TYPES = ['INT64', 'FLOAT64'];
const WINDOW_START = 'window_start_time';
const RESERVED_COLUMNS: readonly string[] = [...METADATA_COLUMNS, WINDOW_START];
/** Parameters of every list route; a filter of that name could never be given. */
const RESERVED_FILTERS = ['from', 'to', 'limit', 'cursor', 'order'];
const OWN_TABLE = /^highwater_|_(?:windows|deduplicated)$/;
const DAY_MS = 86_400_000;

export function checkStream(draft: Draft, report: Report): void {
  if (draft.stream !== undefined && OWN_TABLE.test(draft.stream)) {
    report(
      ['stream'],
      'expected a name that does not start with highwater_ or end with _windows or _deduplicated (the warehouse has its own of those), such as payments',
    );
  }
  checkNames(draft.columnNames, (index, message) => report(['columns', index, 'name'], message));
  for (const [index, column] of draft.columns.entries()) {
    if (!column) continue;
    const at = ['columns', index];
    if (RESERVED_COLUMNS.includes(column.name)) {
      report(
        [...at, 'name'],
        `expected a name other than ${RESERVED_COLUMNS.join(', ')}, which the warehouse adds, such as source_${column.name}`,
      );
    }
    checkConstraints(column, at, report);
  }
  checkRole(draft, 'event_id', 'STRING', report);
  checkRole(draft, 'event_time', 'TIMESTAMP', report);
  checkReferences(draft, 'filters', draft.filters, FILTER_TYPES, report);
  checkReferences(draft, 'clustering', draft.clustering, CLUSTERING_TYPES, report);
  for (const [index, filter] of (draft.filters ?? []).entries()) {
    if (RESERVED_FILTERS.includes(filter)) {
      report(['filters', index], `expected no filter named ${RESERVED_FILTERS.join(', ')}`);
    }
  }
  if (draft.windows) checkWindows(draft, draft.windows, report);
}

function checkConstraints(column: ColumnFile, at: Path, report: Report): void {
  const numeric = ['minimum', 'exclusive_minimum', 'maximum', 'exclusive_maximum'] as const;
  const isNumeric = NUMERIC_TYPES.includes(column.type);
  for (const key of numeric) {
    if (column[key] !== undefined && !isNumeric) {
      report([...at, key], `expected ${key} on an INT64 or FLOAT64 column, not on ${column.type}`);
    }
  }
  for (const key of ['pattern', 'enum', 'length_max'] as const) {
    const isFit = column.type === 'STRING' || (key === 'length_max' && column.type === 'JSON');
    if (column[key] !== undefined && !isFit) {
      report([...at, key], `expected ${key} on a STRING column, not on ${column.type}`);
    }
  }
  if (column.pattern !== undefined && !isPattern(column.pattern)) {
    report([...at, 'pattern'], "expected a regular expression that compiles, such as '^[A-Z]{3}$'");
  }
  const low = Math.max(column.minimum ?? -Infinity, column.exclusive_minimum ?? -Infinity);
  const high = Math.min(column.maximum ?? Infinity, column.exclusive_maximum ?? Infinity);
  const isOpen = low === column.exclusive_minimum || high === column.exclusive_maximum;
  if (low > high || (low === high && isOpen)) {
    report(at, `expected bounds that a number can meet, such as minimum: 0, maximum: 100`);
  }
}

function checkRole(
  draft: Draft,
  key: 'event_id' | 'event_time',
  type: string,
  report: Report,
): void {
  const name = draft[key];
  if (name === undefined) return;
  if (!draft.columnNames.includes(name)) {
    report([key], `expected the name of a REQUIRED ${type} column${suchAs(draft, [type])}`);
    return;
  }
  const column = draft.columns.find((other) => other?.name === name);
  if (column && (column.type !== type || column.mode !== 'REQUIRED')) {
    report(
      [key],
      `expected a REQUIRED ${type} column, such as { name: ${name}, type: ${type}, mode: REQUIRED }`,
    );
  }
}

function checkWindows(draft: Draft, windows: WindowsFile, report: Report): void {
  if (windows.size < 1_000 || DAY_MS % windows.size !== 0) {
    report(['windows', 'size'], 'expected at least 1s that divides a day evenly, such as 30s');
  }
  checkReferences(draft, 'group_by', windows.group_by, FILTER_TYPES, report, ['windows']);
  const taken = [WINDOW_START, ...windows.group_by];
  const measureNames = windows.measures.map((measure) => measure.name);
  checkNames(measureNames, (index, message) =>
    report(['windows', 'measures', index, 'name'], message),
  );
  for (const [index, measure] of windows.measures.entries()) {
    const at = ['windows', 'measures', index];
    if (taken.includes(measure.name)) {
      report([...at, 'name'], `expected a name other than ${taken.join(', ')}, such as total`);
    }
    if (measure.function === 'count') {
      if (measure.column !== undefined) {
        report([...at, 'column'], 'expected no column, as count counts events');
      }
    } else if (measure.column === undefined) {
      report(at, `expected a column for ${measure.function}${suchAs(draft, NUMERIC_TYPES)}`);
    } else {
      checkReference(draft, [...at, 'column'], measure.column, NUMERIC_TYPES, report);
    }
  }
  if (windows.spike && !measureNames.includes(windows.spike.measure)) {
    report(['windows', 'spike', 'measure'], `expected a measure, such as ${measureNames[0]}`);
  }
}

function checkReferences(
  draft: Draft,
  key: string,
  names: readonly string[] | undefined,
  types: readonly string[],
  report: Report,
  parent: Path = [],
): void {
  if (!names) return;
  checkNames(names, (index, message) => report([...parent, key, index], message));
  for (const [index, name] of names.entries()) {
    checkReference(draft, [...parent, key, index], name, types, report);
  }
}

function checkReference(
  draft: Draft,
  path: Path,
  name: string,
  types: readonly string[],
  report: Report,
): void {
  const column = draft.columns.find((other) => other?.name === name);
  const isUnknown = !draft.columnNames.includes(name);
  if (isUnknown || (column && !types.includes(column.type))) {
    report(path, `expected the name of a ${types.join(', ')} column${suchAs(draft, types)}`);
  }
}

function checkNames(
  names: readonly string[],
  report: (index: number, message: string) => void,
): void {
  for (const [index, name] of names.entries()) {
    if (name !== '' && names.indexOf(name) < index) report(index, 'expected each name once');
  }
}

function suchAs(draft: Draft, types: readonly string[]): string {
  const example = draft.columns.find((column) => column && types.includes(column.type));
  return example ? `, such as ${example.name}` : '';
}

function isPattern(pattern: string): boolean {
  try {
    return Boolean(new RegExp(pattern, 'u'));
  } catch {
    return false;
  }
}
