/** All windows of 100 SLOs over a month of minute samples: the local store beside a Prometheus, same queries, same samples. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { silentLogger, systemClock, VirtualClock } from '../runtime/index.ts';
import { countSignals, SloEvaluator } from '../slo/index.ts';
import type { Slo } from '../slo/index.ts';
import { evaluate, localSignalReader, toPromQL } from '../telemetry/index.ts';
import type { MetricStore, Signal } from '../telemetry/index.ts';
import { findPrometheus, queryPrometheus, startPrometheus } from '../test/helpers/index.ts';
import type { PrometheusBinaries } from '../test/helpers/index.ts';
import type { Bench } from './figure.ts';
import { median } from './figure.ts';
import type { Scratch } from './scratch.ts';
import {
  END_MS,
  historySeries,
  historySlos,
  SAMPLE_COUNT,
  storeOf,
  writeOpenMetrics,
} from './slo-history.ts';

const SLO_COUNT = 100;
const SLO_COUNT_SHORT = 20;
const ROUNDS = 3;
/** Queries that Prometheus has under way at once: more cores than the local store uses. */
const QUERIES_AT_ONCE = 4;
/** Floats are summed in another order. */
const TOLERANCE_RATIO = 1e-9;
const MINUTE_MS = 60_000;
/** Blocks of 20 days: promtool reads the whole file once a block. */
const BLOCK_DURATION = '744h';

export const sloBench: Bench = {
  name: 'slo',
  summary: `${SLO_COUNT} SLOs over 30 days of minute samples, beside Prometheus`,
  figures: [
    { figure: 'ratio_to_prometheus', unit: 'ratio', target: { comparison: '<=', value: 0.1 } },
  ],
  async run({ isShort, progress, scratch }) {
    const found = await findPrometheus(3);
    if (found.kind === 'missing') return { kind: 'skipped', reason: found.reason };
    const slos = historySlos(isShort ? SLO_COUNT_SHORT : SLO_COUNT);
    const series = historySeries(slos.length);
    const sampleCount = series.length * SAMPLE_COUNT;
    progress(`${slos.length} SLOs, ${sampleCount} samples into the store and into Prometheus`);
    const store = storeOf(series);
    const server = await backfilled(found, scratch, (path) => writeOpenMetrics(path, series));

    const signals = slos.flatMap(signalsOf);
    const queries = signals.map(toPromQL);
    const clock = new VirtualClock(END_MS - 10 * MINUTE_MS);
    const evaluator = new SloEvaluator({
      slos,
      reader: localSignalReader(store),
      intervalMs: MINUTE_MS,
      clock,
      logger: silentLogger,
    });
    const ratios: number[] = [];
    for (let round = 0; round < (isShort ? 1 : ROUNDS) + 1; round++) {
      await clock.advance(MINUTE_MS);
      const startedMs = systemClock.monotonicMs();
      const { failure, statuses } = await evaluator.evaluate();
      const oursMs = systemClock.monotonicMs() - startedMs;
      if (failure !== undefined) throw new Error(failure);
      const silent = statuses.find(({ state }) => state === 'no_data');
      if (silent) throw new Error(`${silent.slo.name}: ${silent.reason}`);
      const theirStartMs = systemClock.monotonicMs();
      const theirs = await askAll(server, queries, clock.nowMs());
      const theirsMs = systemClock.monotonicMs() - theirStartMs;
      compare(store, signals, theirs, clock.nowMs());
      const ratio = oursMs / theirsMs;
      progress(
        `${round === 0 ? 'cold' : `round ${round}`}: ${signals.length} questions, ours ${oursMs.toFixed(1)} ms, Prometheus ${theirsMs.toFixed(0)} ms, ratio ${ratio.toPrecision(2)}; all answers agree`,
      );
      if (round > 0) ratios.push(ratio);
    }
    return { kind: 'measured', values: { ratio_to_prometheus: median(ratios) } };
  },
};

/** What an evaluation asks: good and valid events of the SLO's window and of every tier's. */
function signalsOf({ indicator, windowMs, tiers }: Slo): readonly Signal[] {
  const windows = new Set([
    windowMs,
    ...tiers.flatMap((tier) => [tier.longWindowMs, tier.shortWindowMs]),
  ]);
  return [...windows].flatMap((each) => {
    const { counted, valid } = countSignals(indicator, each);
    return [counted, valid];
  });
}

/** A server over blocks that its own promtool made of the text that `write` writes. */
async function backfilled(
  binaries: PrometheusBinaries,
  scratch: Scratch,
  write: (path: string) => Promise<void>,
): Promise<{ readonly url: string }> {
  const folder = scratch.folder();
  const text = join(folder, 'samples.txt');
  const dataDir = join(folder, 'data');
  await write(text);
  const words = ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet'];
  await promisify(execFile)(binaries.promtool, [
    ...words,
    `--max-block-duration=${BLOCK_DURATION}`,
    text,
    dataDir,
  ]);
  const server = await startPrometheus(binaries, { dataDir });
  scratch.defer(() => server.close());
  return server;
}

/** One value a query, in order; `undefined` where it has no answer. */
async function askAll(
  server: { readonly url: string },
  queries: readonly string[],
  atMs: number,
): Promise<readonly (number | undefined)[]> {
  const answers: (number | undefined)[] = [];
  let next = 0;
  const one = async () => {
    while (next < queries.length) {
      const at = next++;
      answers[at] = (await queryPrometheus(server, queries[at]!, atMs))[0]?.value;
    }
  };
  await Promise.all(Array.from({ length: QUERIES_AT_ONCE }, one));
  return answers;
}

/** A benchmark of different answers would compare nothing. */
function compare(
  store: MetricStore,
  signals: readonly Signal[],
  theirs: readonly (number | undefined)[],
  atMs: number,
): void {
  for (const [index, signal] of signals.entries()) {
    const ours = evaluate(signal, store, atMs)[0]?.value;
    const their = theirs[index];
    const isSame =
      ours !== undefined &&
      their !== undefined &&
      Math.abs(ours - their) <= TOLERANCE_RATIO * Math.max(Math.abs(ours), Math.abs(their));
    if (!isSame)
      throw new Error(`${toPromQL(signal)} at ${atMs}: ours ${ours}, Prometheus ${their}`);
  }
}
