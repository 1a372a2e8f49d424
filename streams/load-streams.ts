/** The one reader of stream files: strict, and every problem of every file at once. */
import { AppError, DefinitionSource, listDefinitionFiles } from '../runtime/index.ts';
import type { Column, Stream, Windows } from './stream.ts';
import { checkStream } from './stream-rules.ts';
import type { Draft } from './stream-rules.ts';
import { columnSchema, RESOURCE_PATTERN, streamSchema } from './stream-schema.ts';
import type { ColumnFile, StreamFile, WindowsFile } from './stream-schema.ts';

const STRING_LENGTH_MAX = 65_536;
const JSON_LENGTH_MAX = 1_048_576;

/**
 * The streams of all `*.yaml` files in a folder, by name.
 * @throws AppError `invalid_definition` with one line a problem: `file:line path: expected …, such as …; got …`.
 */
export function loadStreams(dir: string): readonly Stream[] {
  const problems: string[] = [];
  const files = listDefinitionFiles(dir);
  if (files.length === 0) problems.push(`${dir}: expected at least one *.yaml file; got none`);
  const streams = files.flatMap((file) => {
    const source = new DefinitionSource(file, problems);
    const stream = readStream(source);
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

/** The stream of a file, or `undefined` where its shape is broken; problems are reported either way. */
function readStream(source: DefinitionSource): Stream | undefined {
  if (!source.isReadable) return undefined;
  const result = streamSchema.safeParse(source.raw);
  source.reportIssues(result.error);
  checkStream(toDraft(source.raw), (path, message) => source.report(path, message));
  return result.success ? toStream(result.data) : undefined;
}

function checkUnique(
  streams: readonly { readonly source: DefinitionSource; readonly stream: Stream }[],
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
    ...(file.expect_every === undefined ? {} : { expectEveryMs: file.expect_every }),
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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
