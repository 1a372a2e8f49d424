/** CSV as RFC 4180 has it: CRLF, quotes doubled; null is an empty field, an empty text is `""`. */
import { formatTimestamp } from '../streams/index.ts';
import type { Cell, Column, Stream } from '../streams/index.ts';
import type { StoredRow } from '../warehouse/index.ts';
import { ROW_METADATA } from './row-json.ts';

export function csvLine(fields: readonly Cell[]): string {
  return `${fields.map(csvField).join(',')}\r\n`;
}

export function csvCell(column: Column, cell: Cell): Cell {
  return column.type === 'TIMESTAMP' && typeof cell === 'number' ? formatTimestamp(cell) : cell;
}

export function csvHeaderFor(stream: Stream): readonly string[] {
  return [...stream.columns.map((column) => column.name), ...ROW_METADATA];
}

/** The CSV line of a stored row, fields in the order of `csvHeaderFor`. */
export function csvFor(stream: Stream): (row: StoredRow) => string {
  return ({ row, messageId, publishTimeMicros, ingestTimeMicros }) =>
    csvLine([
      ...stream.columns.map((column, index) => csvCell(column, row[index] ?? null)),
      messageId,
      formatTimestamp(publishTimeMicros),
      formatTimestamp(ingestTimeMicros),
    ]);
}

function csvField(value: Cell): string {
  if (value === null) return '';
  const text = String(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
