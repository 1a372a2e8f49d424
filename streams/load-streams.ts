/** The one reader of stream files: strict, and every problem of every file at once. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { AppError, messageOf } from '../runtime/index.ts';
import type { Column, Stream, Windows } from './stream.ts';
import { checkStream } from './stream-rules.ts';
import type { Draft, Path } from './stream-rules.ts';
import { columnSchema, RESOURCE_PATTERN, streamSchema } from './stream-schema.ts';
import type { ColumnFile, StreamFile, WindowsFile } from './stream-schema.ts';

const STRING_LENGTH_MAX = 65_536;
const JSON_LENGTH_MAX = 1_048_576;
const SHOWN_LENGTH_MAX = 60;

/**
 * The streams of all `*.yaml` files in a folder, by name.
 * @throws AppError `invalid_definition` with one line a problem: `file:line path: expected …, such as …; got …`.
 */
export function loadStreams(dir: string): readonly Stream[] {
  const problems: string[] = [];
  const sources = listFiles(dir).map((file) => new Source(file, problems));
  if (sources.length === 0) problems.push(`${dir}: expected at least one *.yaml file; got none`);
  const streams = sources.flatMap((source) => {
    const stream = source.read();
    return stream ? [{ source, stream }] : [];
  });
  checkUnique(streams);
  if (problems.length > 0) {
    throw new AppError(
      'invalid_definition',
      `The stream definitions are not valid:\n  ${problems.join('\n  ')}`,
    );
  }
  return streams.map(({ stream }) => stream).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function listFiles(dir: string): string[] {
  try {
    const files = readdirSync(dir).filter((file) => /\.ya?ml$/.test(file));
    return files.toSorted().map((file) => join(dir, file));
  } catch (error) {
    throw new AppError('invalid_definition', `${dir}: expected a folder of *.yaml stream files`, {
      cause: error,
    });
  }
}

/** One file: its text, its document and the way from a path in it to a line. */
class Source {
  readonly #file: string;
  readonly #problems: string[];
  readonly #lines = new LineCounter();
  #document: Document.Parsed | undefined;
  #raw: unknown;

  constructor(file: string, problems: string[]) {
    this.#file = file;
    this.#problems = problems;
  }

  /** The stream, or `undefined` where its shape is broken; problems are reported either way. */
  read(): Stream | undefined {
    try {
      const text = readFileSync(this.#file, 'utf8');
      this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
      for (const { pos, message } of this.#document.errors) {
        const { line } = this.#lines.linePos(pos[0]);
        this.#problems.push(`${this.#file}:${line}: expected valid YAML; got: ${message}`);
      }
      if (this.#document.errors.length > 0) return undefined;
      this.#raw = this.#document.toJS();
    } catch (error) {
      this.#problems.push(`${this.#file}: expected a readable YAML file; got: ${messageOf(error)}`);
      return undefined;
    }
    const result = streamSchema.safeParse(this.#raw);
    for (const issue of result.error?.issues ?? []) {
      const path = issue.path as Path;
      if (issue.code === 'unrecognized_keys') {
        for (const key of issue.keys) this.report([...path, key], issue.message, key);
      } else this.report(path, issue.message);
    }
    checkStream(toDraft(this.#raw), (path, message) => this.report(path, message));
    return result.success ? toStream(result.data) : undefined;
  }

  report(path: Path, message: string, got?: string): void {
    const shown = got ?? show(valueAt(this.#raw, path));
    const where = path.length === 0 ? '' : ` ${path.join('.')}`;
    this.#problems.push(`${this.#file}:${this.#lineOf(path)}${where}: ${message}; got ${shown}`);
  }

  /** The line of the value at a path, or of what is nearest above it. */
  #lineOf(path: Path): number {
    for (let length = path.length; length > 0; length--) {
      const node: unknown = this.#document?.getIn(path.slice(0, length), true);
      const range = (node as { range?: readonly number[] } | undefined)?.range;
      if (range) return this.#lines.linePos(range[0]!).line;
    }
    return 1;
  }
}

function checkUnique(
  streams: readonly { readonly source: Source; readonly stream: Stream }[],
): void {
  const keys = ['name', 'topic', 'subscription', 'deadLetterTopic'] as const;
  const yamlKeys = {
    name: 'stream',
    topic: 'topic',
    subscription: 'subscription',
    deadLetterTopic: 'dead_letter_topic',
  };
  const topics = new Set(streams.map(({ stream }) => stream.topic));
  for (const [index, { source, stream }] of streams.entries()) {
    for (const key of keys) {
      const twin = streams.slice(0, index).find((other) => other.stream[key] === stream[key]);
      if (twin && key !== 'deadLetterTopic') {
        const message = `expected a ${yamlKeys[key].replaceAll('_', ' ')} that no other file has`;
        source.report([yamlKeys[key]], message, stream[key]);
      }
      if (key !== 'name' && !RESOURCE_PATTERN.test(stream[key])) {
        const message = 'expected a Pub/Sub name of 3 to 255 characters, such as transactions';
        source.report([yamlKeys[key]], message, stream[key]);
      }
    }
    if (topics.has(stream.deadLetterTopic)) {
      const message = `expected a topic that no stream reads, such as ${stream.name}-dead-letter`;
      source.report(['dead_letter_topic'], message, stream.deadLetterTopic);
    }
  }
}

function toDraft(raw: unknown): Draft {
  const fields: Record<string, unknown> = isRecord(raw) ? raw : {};
  const rawColumns: readonly unknown[] = Array.isArray(fields['columns']) ? fields['columns'] : [];
  const parts: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(streamSchema.shape)) {
    const result = schema.safeParse(fields[key]);
    if (result.success) parts[key] = result.data;
  }
  return {
    ...(parts as Partial<StreamFile>),
    columns: rawColumns.map((column) => columnSchema.safeParse(column).data),
    columnNames: rawColumns.map((column) =>
      isRecord(column) && typeof column['name'] === 'string' ? column['name'] : '',
    ),
  };
}

function toStream(file: StreamFile): Stream {
  return {
    name: file.stream,
    description: file.description,
    topic: file.topic ?? file.stream,
    subscription: file.subscription ?? `${file.stream}-ingest`,
    deadLetterTopic: file.dead_letter_topic ?? `${file.stream}-dead-letter`,
    columns: file.columns.map(toColumn),
    eventId: file.event_id,
    eventTime: file.event_time,
    futureToleranceMs: file.future_tolerance,
    filters: file.filters,
    clustering: file.clustering,
    ...(file.windows ? { windows: toWindows(file.windows) } : {}),
  };
}

function toColumn(column: ColumnFile): Column {
  const { type, pattern, minimum, maximum } = column;
  const lengthDefault =
    type === 'STRING' ? STRING_LENGTH_MAX : type === 'JSON' ? JSON_LENGTH_MAX : undefined;
  const lengthMax = column.length_max ?? lengthDefault;
  const exclusiveMinimum = column.exclusive_minimum;
  const exclusiveMaximum = column.exclusive_maximum;
  return {
    name: column.name,
    type,
    isRequired: column.mode === 'REQUIRED',
    description: column.description,
    ...(minimum === undefined ? {} : { minimum }),
    ...(exclusiveMinimum === undefined ? {} : { exclusiveMinimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(exclusiveMaximum === undefined ? {} : { exclusiveMaximum }),
    ...(lengthMax === undefined ? {} : { lengthMax }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(column.enum === undefined ? {} : { enum: column.enum }),
  };
}

function toWindows(windows: WindowsFile): Windows {
  return {
    sizeMs: windows.size,
    allowedLatenessMs: windows.allowed_lateness,
    groupBy: windows.group_by,
    measures: windows.measures.map(({ name, function: of, column }) => ({
      name,
      function: of,
      ...(column === undefined ? {} : { column }),
    })),
    spike: windows.spike ?? { measure: windows.measures[0]!.name, factor: 2 },
  };
}

function valueAt(raw: unknown, path: Path): unknown {
  let value = raw;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
