/** Builds the warehouse that the configuration names. */
import { join } from 'node:path';
import { AppError, makeDataFolder, systemClock } from '../runtime/index.ts';
import { googleToken } from '../telemetry/index.ts';
import type { Warehouse } from '../warehouse/index.ts';
import {
  cachedWarehouse,
  memoryCache,
  openBigqueryWarehouse,
  openDuckdbWarehouse,
  redisCache,
} from '../warehouse/index.ts';
import { faultyWarehouse } from './faulty-parts.ts';
import { LOCAL_PROJECT } from './parts.ts';
import type { Context } from './process.ts';
import type { ProcessTelemetry } from './telemetry.ts';
import { measuredWarehouse } from './warehouse-telemetry.ts';

/** Some dozens of large pages. */
const ANSWER_CACHE_BYTES_MAX = 2 ** 26;

/** Opens the warehouse and brings its tables up to the definitions. */
export async function openWarehouse(
  context: Context,
  { metrics, faults }: ProcessTelemetry,
): Promise<Warehouse> {
  const { streams, shutdown } = context;
  const warehouse = await openAdapter(context);
  shutdown.add('warehouse', () => warehouse.close());
  await warehouse.prepare(streams);
  return measuredWarehouse(faults ? faultyWarehouse(warehouse, faults) : warehouse, {
    metrics,
    clock: systemClock,
  });
}

async function openAdapter({ config, logger }: Context): Promise<Warehouse> {
  const shared = { clock: systemClock, logger: logger.child({ component: 'warehouse' }) };
  if (config.HIGHWATER_WAREHOUSE === 'duckdb') {
    return openDuckdbWarehouse({
      path: join(makeDataFolder(config.HIGHWATER_DATA_DIR), 'warehouse.duckdb'),
      memoryBytesMax: config.DUCKDB_MEMORY_BYTES_MAX,
      ...shared,
    });
  }
  const endpoint = config.BIGQUERY_EMULATOR_HOST;
  if (endpoint === '' && config.GOOGLE_CLOUD_PROJECT === LOCAL_PROJECT) {
    throw new AppError(
      'invalid_config',
      `GOOGLE_CLOUD_PROJECT: HIGHWATER_WAREHOUSE=bigquery expects a project of yours, such as my-project; got ${LOCAL_PROJECT}`,
    );
  }
  // Away from Google Cloud the client's look for a metadata server only costs time and a warning.
  if (endpoint !== '') process.env['METADATA_SERVER_DETECTION'] ??= 'none';
  const warehouse = openBigqueryWarehouse({
    projectId: config.GOOGLE_CLOUD_PROJECT,
    dataset: config.BIGQUERY_DATASET,
    location: config.BIGQUERY_LOCATION,
    writer: config.BIGQUERY_WRITER,
    writeConnectionsMax: config.BIGQUERY_WRITE_CONNECTIONS_MAX,
    queryTimeoutMs: config.BIGQUERY_QUERY_TIMEOUT,
    bytesBilledMax: config.BIGQUERY_BYTES_BILLED_MAX,
    endpoint,
    storageEndpoint: config.BIGQUERY_STORAGE_EMULATOR_HOST,
    ...shared,
  });
  if (config.ANSWER_CACHE === 'off') return warehouse;
  const cache =
    config.ANSWER_CACHE === 'redis'
      ? redisCache({
          url: config.ANSWER_CACHE_REDIS_URL,
          ...(config.ANSWER_CACHE_REDIS_CA && { authority: config.ANSWER_CACHE_REDIS_CA }),
          ...(config.ANSWER_CACHE_REDIS_AUTH === 'google' && {
            password: googleToken(systemClock),
          }),
          ...shared,
        })
      : memoryCache({ bytesMax: ANSWER_CACHE_BYTES_MAX, clock: systemClock });
  const scope = `${config.GOOGLE_CLOUD_PROJECT}.${config.BIGQUERY_DATASET}`;
  return cachedWarehouse(warehouse, { cache, ageMsMax: config.ANSWER_CACHE_AGE, scope });
}
