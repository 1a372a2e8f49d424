/** The BigQuery adapter against a real GoogleSQL engine, by both of its writers. */
import { randomUUID } from 'node:crypto';
import test from 'ava';
import { silentLogger, systemClock } from '../../runtime/index.ts';
import { openBigqueryWarehouse } from '../../warehouse/index.ts';
import type { BigqueryWarehouseOptions } from '../../warehouse/index.ts';
import { EMULATOR_PROJECT, startBigqueryEmulator } from '../helpers/bigquery-emulator.ts';
import { warehouseContract } from './contract.ts';

const emulator = await startBigqueryEmulator();

if (emulator.kind === 'missing') {
  test('the BigQuery emulator is there', (t) => {
    if (process.env['CI']) t.fail(emulator.reason);
    else t.pass(`skipped: ${emulator.reason}`);
    t.log(emulator.reason);
  });
} else {
  test.after.always(() => emulator.close());
  const { endpoint, storageEndpoint } = emulator;
  const open = (writer: BigqueryWarehouseOptions['writer']) =>
    openBigqueryWarehouse({
      projectId: EMULATOR_PROJECT,
      dataset: `test_${randomUUID().replaceAll('-', '')}`,
      location: 'US',
      writer,
      writeConnectionsMax: 2,
      queryTimeoutMs: 60_000,
      bytesBilledMax: 10 ** 10,
      endpoint,
      storageEndpoint,
      clock: systemClock,
      logger: silentLogger,
    });
  const traits = {
    types: { STRING: 'STRING', FLOAT64: 'FLOAT64', INT64: 'INT64' },
    storesOnce: 'as_read',
    isSerial: true,
    // The emulator takes a new column and keeps it from queries: bigquery-tables.test.ts shows what is sent.
    addsColumns: false,
  } as const;
  warehouseContract('bigquery by storage', async () => open('storage'), traits);
  warehouseContract('bigquery by insert', async () => open('insert'), {
    ...traits,
    // What a writer has a part in.
    titles: /as it went in|stored once|store each|refuses|hold at the edges|keep their bytes/,
    // The emulator keeps the base64 of an inserted BYTES as the bytes themselves.
    payloadOf: (payload) => Uint8Array.from(Buffer.from(Buffer.from(payload).toString('base64'))),
  });
}
