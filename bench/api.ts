/** Reads of the API at a million stored rows, beside a bare Express app that answers a constant of the same size. */
import express from 'express';
import { systemClock } from '../runtime/index.ts';
import { listen } from '../service/index.ts';
import type { Bench } from './figure.ts';
import { median } from './figure.ts';
import { loadReads, openApi, readPaths } from './reads.ts';
import { fillWarehouse, openWarehouse, transactionsStream } from './rig.ts';
import type { Scratch } from './scratch.ts';

const ROUNDS = 3;
/** Rows are a tenth of a second apart: a million of them is a bit over a day. */
const ROW_SPACING_MICROS = 100_000;

export const apiBench: Bench = {
  name: 'api',
  summary: 'reads per second and latency at a million rows, beside bare Express',
  figures: [
    { figure: 'ratio_to_bare', unit: 'ratio' },
    { figure: 'p99_ms', unit: 'ms' },
  ],
  async run({ isShort, progress, scratch }) {
    const rowCount = isShort ? 100_000 : 1_000_000;
    const durationSeconds = isShort ? 2 : 8;
    const stream = transactionsStream();
    const warehouse = await openWarehouse(scratch, [stream]);
    const startMicros = systemClock.nowMs() * 1_000 - rowCount * ROW_SPACING_MICROS;
    const timeOf = (n: number) => Math.round(startMicros + n * ROW_SPACING_MICROS);
    progress(`storing ${rowCount} rows`);
    await fillWarehouse(warehouse, stream, { from: 0, to: rowCount }, timeOf, progress);

    const url = await openApi(scratch, stream, warehouse);
    const paths = readPaths(stream, rowCount, timeOf);
    const bareUrl = await openBare(scratch, {
      list: await (await fetch(url + paths[0])).json(),
      single: await (await fetch(url + paths[1])).json(),
    });
    await loadReads(scratch, bareUrl, paths, 1);
    await loadReads(scratch, url, paths, 1);
    const bareRates: number[] = [];
    const rates: number[] = [];
    const p99s: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      bareRates.push((await loadReads(scratch, bareUrl, paths, durationSeconds)).requestsPerSecond);
      const api = await loadReads(scratch, url, paths, durationSeconds);
      rates.push(api.requestsPerSecond);
      p99s.push(api.p99Ms);
      progress(
        `${Math.round(rates.at(-1)!)} reads/s, p99 ${p99s.at(-1)!.toFixed(1)} ms; bare ${Math.round(bareRates.at(-1)!)} reads/s`,
      );
    }
    return {
      kind: 'measured',
      values: {
        ratio_to_bare: median(rates.map((rate, round) => rate / bareRates[round]!)),
        p99_ms: median(p99s),
      },
    };
  },
};

/** The same two routes with answers that were there before the request. */
async function openBare(
  scratch: Scratch,
  answers: { list: unknown; single: unknown },
): Promise<string> {
  const app = express();
  app.get('/v1/streams/:stream/events', (_request, response) => void response.json(answers.list));
  app.get(
    '/v1/streams/:stream/events/:id',
    (_request, response) => void response.json(answers.single),
  );
  const listening = await listen(app, { host: '127.0.0.1', port: 0 });
  scratch.defer(() => listening.close());
  return `http://127.0.0.1:${listening.port}`;
}
