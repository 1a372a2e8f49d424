/** What benchmarks share with the command. */
export { measuredWarehouse } from './warehouse-telemetry.ts';
