export { quarantineTable, replaysTable, tableOf, viewsOf } from './bigquery-schema.ts';
export type { BigqueryColumn, BigqueryTable, BigqueryView } from './bigquery-schema.ts';
export { PAGE_ROWS_MAX } from './warehouse.ts';
export type {
  AppendResult,
  EventsQuery,
  NewRow,
  Order,
  QuarantineQuery,
  QuarantineRecord,
  StoredQuarantineRecord,
  StoredRow,
  TimeRange,
  Warehouse,
  WindowGap,
  WindowRow,
  WindowSpike,
  WindowsQuery,
} from './warehouse.ts';
export { openBigqueryWarehouse } from './warehouse-bigquery.ts';
export type { BigqueryWarehouseOptions } from './warehouse-bigquery.ts';
export { openDuckdbWarehouse } from './warehouse-duckdb.ts';
export { memoryCache } from './answer-cache.ts';
export type { AnswerCache } from './answer-cache.ts';
export { redisCache } from './answer-cache-redis.ts';
export { cachedWarehouse } from './warehouse-cached.ts';
export { observedWarehouse } from './warehouse-observed.ts';
export type { ObserveCall, WarehouseCall } from './warehouse-observed.ts';
export type { EmbeddedMemory, EmbeddedWarehouse } from './warehouse-duckdb.ts';
