/** Rows as JSON text: compiled once a stream, because it runs for every row of every answer. */
import { formatTimestamp } from '../streams/index.ts';
import type { Cell, Column, Stream } from '../streams/index.ts';
import type { StoredRow } from '../warehouse/index.ts';

/** Metadata that follows the stream's columns in every row. */
export const ROW_METADATA = ['message_id', 'publish_time', 'ingest_time'] as const;

/** The JSON text of a stored row: the stream's columns in order, then the metadata. */
export function jsonFor(stream: Stream): (row: StoredRow) => string {
  const cells = stream.columns.map((column, index) => ({
    prefix: `${index === 0 ? '{' : ','}${JSON.stringify(column.name)}:`,
    print: printer(column),
  }));
  return (stored) => {
    let text = '';
    for (let index = 0; index < cells.length; index += 1) {
      const { prefix, print } = cells[index]!;
      text += prefix + print(stored.row[index] ?? null);
    }
    return `${text},"message_id":${JSON.stringify(stored.messageId)},"publish_time":"${formatTimestamp(stored.publishTimeMicros)}","ingest_time":"${formatTimestamp(stored.ingestTimeMicros)}"}`;
  };
}

/** The JSON text of a cell of this column. */
export function printer(column: Column): (cell: Cell) => string {
  return PRINTERS[column.type];
}

const PRINTERS: Readonly<Record<Column['type'], (cell: Cell) => string>> = {
  STRING: (cell) => JSON.stringify(cell),
  DATE: (cell) => JSON.stringify(cell),
  BOOL: (cell) => JSON.stringify(cell),
  INT64: (cell) => numberText(cell),
  FLOAT64: (cell) => numberText(cell),
  TIMESTAMP: (cell) => (typeof cell === 'number' ? `"${formatTimestamp(cell)}"` : 'null'),
  JSON: (cell) => (typeof cell === 'string' ? oneLine(cell) : 'null'),
};

/** JSON has no NaN and no infinity. */
export function numberText(cell: Cell): string {
  return typeof cell === 'number' && Number.isFinite(cell) ? String(cell) : 'null';
}

/** NDJSON ends a row at a line break; stored JSON is compact unless another writer put it there. */
function oneLine(json: string): string {
  return /[\n\r]/.test(json) ? JSON.stringify(JSON.parse(json)) : json;
}
