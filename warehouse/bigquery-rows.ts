/** Rows on their way into BigQuery: as protocol buffers for the Storage Write API, as JSON for the REST insert. */
import protobuf from 'protobufjs';
import type { protos } from '@google-cloud/bigquery-storage';
import type { BigqueryColumn, BigqueryTable } from './bigquery-schema.ts';
import { timestampText } from './bigquery-parameters.ts';

/** As a cell of a stream; bytes for BYTES, rows for a repeated RECORD. */
export type BigqueryValue =
  string | number | boolean | null | Uint8Array | readonly BigqueryRecord[];

/** One value a column, in the columns' order. */
export type BigqueryRecord = readonly BigqueryValue[];

type Descriptor = protos.google.protobuf.IDescriptorProto;

const DAY_MS = 86_400_000;
/** Source: google.protobuf.FieldDescriptorProto. */
const LABEL = { NULLABLE: 1, REQUIRED: 2, REPEATED: 3 } as const;
/** Type and wire type by column type. Source: https://cloud.google.com/bigquery/docs/supported-data-types. */
const ENCODING = {
  STRING: { type: 9, wire: 2 },
  JSON: { type: 9, wire: 2 },
  BYTES: { type: 12, wire: 2 },
  RECORD: { type: 11, wire: 2 },
  INT64: { type: 3, wire: 0 },
  TIMESTAMP: { type: 3, wire: 0 },
  DATE: { type: 5, wire: 0 },
  BOOL: { type: 8, wire: 0 },
  FLOAT64: { type: 1, wire: 1 },
} as const;

/** What a table's rows look like on the wire: field numbers are the columns' places. */
export function descriptorOf(table: Pick<BigqueryTable, 'columns'>): Descriptor {
  return messageOf('Row', table.columns);
}

/** @throws TypeError that names the column and what it expected, where the row is at fault. */
export function encodeProto(columns: readonly BigqueryColumn[], row: BigqueryRecord): Uint8Array {
  const writer = protobuf.Writer.create();
  writeFields(writer, columns, row);
  return writer.finish();
}

/** @throws TypeError as `encodeProto`. */
export function encodeJson(
  columns: readonly BigqueryColumn[],
  row: BigqueryRecord,
): Readonly<Record<string, unknown>> {
  const json: Record<string, unknown> = {};
  for (const [index, column] of columns.entries()) {
    const value = checked(column, row[index]);
    if (value !== null) json[column.name] = toJson(column, value);
  }
  return json;
}

function messageOf(name: string, columns: readonly BigqueryColumn[]): Descriptor {
  const nested = columns.filter(({ type }) => type === 'RECORD');
  return {
    name,
    field: columns.map(({ name: column, type, mode }, index) => ({
      name: column,
      number: index + 1,
      label: LABEL[mode],
      type: ENCODING[type].type,
      ...(type === 'RECORD' && { typeName: recordName(column) }),
    })),
    nestedType: nested.map((column) => messageOf(recordName(column.name), column.fields ?? [])),
  };
}

function recordName(column: string): string {
  return `Record_${column}`;
}

function writeFields(
  writer: protobuf.Writer,
  columns: readonly BigqueryColumn[],
  row: BigqueryRecord,
): void {
  for (const [index, column] of columns.entries()) {
    const value = checked(column, row[index]);
    if (value === null) continue;
    const tag = ((index + 1) << 3) | ENCODING[column.type].wire;
    if (typeof value === 'string') writer.uint32(tag).string(value);
    else if (typeof value === 'boolean') writer.uint32(tag).bool(value);
    else if (value instanceof Uint8Array) writer.uint32(tag).bytes(value);
    else if (typeof value !== 'number') {
      for (const record of value) {
        writer.uint32(tag).fork();
        writeFields(writer, column.fields ?? [], record);
        writer.ldelim();
      }
    } else if (column.type === 'FLOAT64') writer.uint32(tag).double(value);
    else if (column.type === 'DATE') writer.uint32(tag).int32(value);
    else writer.uint32(tag).int64(value);
  }
}

/** The value as it is written, of the column's type; a date as days since 1970. */
function checked(
  column: BigqueryColumn,
  value: BigqueryValue | undefined,
): Exclude<BigqueryValue, null> | null {
  if (value === null || value === undefined) {
    if (column.mode === 'REQUIRED') return refuse(column, value);
    return null;
  }
  switch (column.type) {
    case 'STRING':
    case 'JSON':
      return typeof value === 'string' ? value : refuse(column, value);
    case 'BYTES':
      return value instanceof Uint8Array ? value : refuse(column, value);
    case 'BOOL':
      return typeof value === 'boolean' ? value : refuse(column, value);
    case 'INT64':
    case 'TIMESTAMP':
      return Number.isSafeInteger(value) ? value : refuse(column, value);
    case 'FLOAT64':
      return typeof value === 'number' ? value : refuse(column, value);
    case 'RECORD':
      return Array.isArray(value) ? value : refuse(column, value);
    case 'DATE':
      break;
  }
  const days = typeof value === 'string' ? Date.parse(`${value}T00:00:00Z`) / DAY_MS : Number.NaN;
  return Number.isInteger(days) ? days : refuse(column, value);
}

function toJson(column: BigqueryColumn, value: Exclude<BigqueryValue, null>): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value !== 'number') {
    return value.map((record) => encodeJson(column.fields ?? [], record));
  }
  if (column.type === 'TIMESTAMP') return timestampText(value);
  if (column.type === 'DATE') return new Date(value * DAY_MS).toISOString().slice(0, 10);
  return column.type === 'INT64' ? String(value) : value;
}

function refuse({ name, type, mode }: BigqueryColumn, value: BigqueryValue | undefined): never {
  const isAbsent = value === null || value === undefined;
  const got = isAbsent ? 'null' : `${typeof value} ${JSON.stringify(value)}`;
  throw new TypeError(`${name}: expected ${mode} ${type}; got ${got.slice(0, 60)}`);
}
