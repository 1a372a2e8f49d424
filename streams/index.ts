export { METADATA_COLUMNS, REFUSAL_CODES } from './stream.ts';
export type {
  Cell,
  Column,
  ColumnType,
  Measure,
  MeasureFunction,
  Refusal,
  RefusalCode,
  Row,
  Stream,
  Validate,
  Windows,
} from './stream.ts';
export { loadStreams } from './load-streams.ts';
export { compileValidator } from './validator.ts';
export { formatTimestamp, parseTimestamp } from './timestamp.ts';
