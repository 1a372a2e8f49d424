/** The SLO definitions as the configuration names them, for the service and for the tools. */
import { join } from 'node:path';
import { systemClock } from '../runtime/index.ts';
import type { Config } from '../runtime/index.ts';
import type { Slo, StreamNames } from '../slo/index.ts';
import { loadSlos, openLedgerFile, SloEvaluator } from '../slo/index.ts';
import { loadStreams } from '../streams/index.ts';
import type { Stream } from '../streams/index.ts';
import { CANARY_STREAM } from '../telemetry/index.ts';
import type { SignalReader } from '../telemetry/index.ts';
import type { Context } from './process.ts';
import type { ProcessTelemetry } from './telemetry.ts';

/** Streams that `for_each_stream` means: all but the canary's, whose whole path has an SLO of its own. */
export function sloStreams(streams: readonly Stream[]): readonly StreamNames[] {
  return streams.filter(({ name }) => name !== CANARY_STREAM);
}

/** @throws AppError `invalid_definition` with every problem. */
export function loadConfiguredSlos(config: Config): readonly Slo[] {
  return loadSlos(config.HIGHWATER_SLO_DIR, sloStreams(loadStreams(config.HIGHWATER_STREAMS_DIR)));
}

/** Evaluates the configured SLOs until shutdown, and keeps their hours in the data folder. */
export async function openSlos(
  context: Context,
  { metrics }: Pick<ProcessTelemetry, 'metrics'>,
  reader: SignalReader,
): Promise<SloEvaluator> {
  const { config, shutdown } = context;
  const counted = (outcome: 'succeeded' | 'failed') =>
    metrics.counter('evaluations_total', { evaluator: 'slo', outcome });
  const counters = { succeeded: counted('succeeded'), failed: counted('failed') };
  const evaluator = new SloEvaluator({
    slos: loadConfiguredSlos(config),
    reader,
    ledger: await openLedgerFile(join(config.HIGHWATER_DATA_DIR, 'slo')),
    intervalMs: config.SLO_INTERVAL,
    onEvaluated: (outcome) => counters[outcome].add(1),
    clock: systemClock,
    logger: context.logger.child({ component: 'slo' }),
  });
  evaluator.start();
  shutdown.add('slo evaluator', () => evaluator.close());
  return evaluator;
}
