/** The BigQuery emulator as the sink of an ingester: behind proxies that can be cut, on a file that outlives its process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { silentLogger, systemClock } from '../../../runtime/index.ts';
import type { Logger } from '../../../runtime/index.ts';
import { openBigqueryWarehouse } from '../../../warehouse/index.ts';
import type { Warehouse } from '../../../warehouse/index.ts';
import { EMULATOR_PROJECT, startBigqueryEmulator } from '../../helpers/bigquery-emulator.ts';
import type { MissingBigqueryEmulator } from '../../helpers/bigquery-emulator.ts';
import { freePort } from '../../helpers/free-port.ts';
import { startTcpProxy } from '../../helpers/tcp-proxy.ts';

export interface BigqueryAt {
  readonly dataset: string;
  readonly endpoint: string;
  readonly storageEndpoint: string;
}

export interface BigquerySink {
  readonly kind: 'started';
  /** As the ingester reaches it. */
  readonly proxied: BigqueryAt;
  /** A warehouse that reaches it whatever is cut. */
  readonly direct: Warehouse;
  cut(): void;
  mend(): void;
  /** Kills the emulator, in the middle of whatever it does, and starts it again on the same file and ports. */
  crash(): Promise<void>;
  /** First column of a query's rows, past the warehouse. */
  firstColumn(sql: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

const answerSchema = z.looseObject({
  jobComplete: z.literal(true),
  rows: z
    .array(z.object({ f: z.array(z.object({ v: z.string() })) }))
    .nullish()
    .transform((rows) => (rows ?? []).map(({ f }) => f[0]?.v ?? '')),
});

export async function startBigquerySink(
  dataset: string,
): Promise<BigquerySink | MissingBigqueryEmulator> {
  const dir = mkdtempSync(join(tmpdir(), 'highwater-bigquery-'));
  const ports = [await freePort(), await freePort()] as const;
  const start = () => startBigqueryEmulator({ databaseFile: join(dir, 'emulator.sqlite'), ports });
  let emulator = await start();
  if (emulator.kind === 'missing') {
    rmSync(dir, { recursive: true });
    return emulator;
  }
  const { endpoint, storageEndpoint } = emulator;
  const proxies = await Promise.all(ports.map((port) => startTcpProxy(port)));
  const [rest, storage] = proxies.map(({ port }) => `127.0.0.1:${port}`);
  const direct = bigqueryOf({ dataset, endpoint, storageEndpoint }, silentLogger);
  return {
    kind: 'started',
    proxied: { dataset, endpoint: `http://${rest}`, storageEndpoint: storage! },
    direct,
    cut: () => proxies.forEach((proxy) => proxy.cut()),
    mend: () => proxies.forEach((proxy) => proxy.mend()),
    async crash() {
      if (emulator.kind === 'started') await emulator.close();
      emulator = await start();
    },
    async firstColumn(sql) {
      const url = `${endpoint}/bigquery/v2/projects/${EMULATOR_PROJECT}/queries`;
      const body = JSON.stringify({ query: sql, useLegacySql: false, maxResults: 1_000_000 });
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(url, { method: 'POST', headers, body });
      return answerSchema.parse(await answer.json()).rows;
    },
    async close() {
      await direct.close();
      await Promise.all(proxies.map((proxy) => proxy.close()));
      if (emulator.kind === 'started') await emulator.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export function bigqueryOf(at: BigqueryAt, logger: Logger): Warehouse {
  return openBigqueryWarehouse({
    ...at,
    projectId: EMULATOR_PROJECT,
    location: 'US',
    writer: 'storage',
    writeConnectionsMax: 2,
    queryTimeoutMs: 60_000,
    bytesBilledMax: 10 ** 10,
    clock: systemClock,
    logger,
  });
}
