/** What measuring costs: the API and ingest as shipped beside the same without telemetry, and standard instrumentation. */
import type { ChildProcess } from 'node:child_process';
import type { PubsubServer } from '../emulator/index.ts';
import { ensureTopology } from '../ingest/index.ts';
import { systemClock } from '../runtime/index.ts';
import type { Stream } from '../streams/index.ts';
import { formatTraceparent, TRACE_ATTRIBUTE } from '../telemetry/index.ts';
import { backlogRate } from './backlog-rate.ts';
import type { Bench, BenchContext } from './figure.ts';
import { median } from './figure.ts';
import { loadReads, readPaths } from './reads.ts';
import { openClient, openServer, publishTransactions, transactionsStream } from './rig.ts';
import { firstMessage } from './scratch.ts';
import type { ApiMode, TelemetryApiOptions } from './telemetry-api-process.ts';
import { ROW_SPACING_MICROS } from './telemetry-api-process.ts';
import type {
  IngestAnswer,
  IngestOrder,
  TelemetryIngestOptions,
} from './telemetry-ingest-process.ts';
import type { TelemetrySink } from './telemetry-sink.ts';
import { openSink } from './telemetry-sink.ts';

const API_ROUNDS = 5;
const INGEST_ROUNDS = 5;
const ROW_COUNT = 100_000;
const START_TIMEOUT_MS = 120_000;
const MODES = ['bare', 'full', 'auto'] as const satisfies readonly ApiMode[];

export const telemetryBench: Bench = {
  name: 'telemetry',
  summary:
    'API and ingest with telemetry, over the same without; standard instrumentation beside it',
  figures: [
    { figure: 'ratio_to_bare', unit: 'ratio', target: { comparison: '>=', value: 0.85 } },
    { figure: 'ratio_auto_instrumentation', unit: 'ratio' },
    { figure: 'ingest_ratio', unit: 'ratio', target: { comparison: '>=', value: 0.9 } },
  ],
  async run(context) {
    const api = await apiRatios(context);
    const ingest_ratio = await ingestRatio(context);
    return { kind: 'measured', values: { ...api, ingest_ratio } };
  },
};

async function apiRatios({ isShort, progress, scratch }: BenchContext) {
  const durationSeconds = isShort ? 2 : 8;
  const stream = transactionsStream();
  const startMicros = systemClock.nowMs() * 1_000 - ROW_COUNT * ROW_SPACING_MICROS;
  const paths = readPaths(stream, ROW_COUNT, (n) =>
    Math.round(startMicros + n * ROW_SPACING_MICROS),
  );
  const sinks: Record<ApiMode, TelemetrySink> = {
    bare: await openSink(scratch),
    full: await openSink(scratch),
    auto: await openSink(scratch),
  };
  const urls: Record<ApiMode, string> = { bare: '', full: '', auto: '' };
  for (const mode of MODES) {
    const options: TelemetryApiOptions = {
      mode,
      folder: scratch.folder(),
      sinkUrl: sinks[mode].url,
      rowCount: ROW_COUNT,
      startMicros,
    };
    urls[mode] = await scratch.ask<string>('telemetry-api-process.ts', options, START_TIMEOUT_MS);
  }
  const rates: Record<ApiMode, number[]> = { bare: [], full: [], auto: [] };
  for (const mode of MODES) await loadReads(scratch, urls[mode], paths, isShort ? 1 : 4);
  for (let round = 0; round < API_ROUNDS; round++) {
    for (const mode of turned(MODES, round)) {
      const { requestsPerSecond } = await loadReads(scratch, urls[mode], paths, durationSeconds);
      rates[mode].push(requestsPerSecond);
    }
    const shown = MODES.map((mode) => `${mode} ${Math.round(rates[mode].at(-1) ?? 0)}`);
    progress(`reads/s: ${shown.join(', ')}`);
  }
  checkExports(sinks);
  const ratioOf = (mode: ApiMode) =>
    median(rates[mode].map((rate, round) => rate / (rates.bare[round] ?? Number.NaN)));
  return { ratio_to_bare: ratioOf('full'), ratio_auto_instrumentation: ratioOf('auto') };
}

/** Each round begins with another one, so that none has the same place after the same neighbour always. */
function turned<T>(items: readonly T[], by: number): readonly T[] {
  const from = by % items.length;
  return [...items.slice(from), ...items.slice(0, from)];
}

/** Telemetry that was not there would cost nothing. */
function checkExports({ bare, full, auto }: Record<ApiMode, TelemetrySink>): void {
  const { metricsCount, tracesCount } = full.received;
  if (metricsCount === 0 || tracesCount === 0) throw new Error('the full API exported nothing');
  if (auto.received.tracesCount === 0) throw new Error('auto-instrumentation exported nothing');
  if (bare.received.metricsCount + bare.received.tracesCount > 0) {
    throw new Error('the bare API exported something');
  }
}

async function ingestRatio(context: BenchContext): Promise<number> {
  const { isShort, progress, scratch } = context;
  const eventCount = isShort ? 20_000 : 100_000;
  const stream = transactionsStream();
  const server = await openServer(scratch);
  const pubsub = openClient(scratch, server.address);
  const sink = await openSink(scratch);
  const on = (name: string): Stream => ({ ...stream, subscription: name });
  const rounds = Array.from({ length: INGEST_ROUNDS + 1 }, (_, round) => ({
    bare: on(`bare-${round}`),
    full: on(`full-${round}`),
  }));
  await ensureTopology(
    pubsub,
    rounds.flatMap(({ bare, full }) => [bare, full]),
  );
  progress(`publishing ${eventCount} transactions`);
  const range = { from: 0, to: eventCount };
  await publishTransactions(pubsub, stream.topic, range, traced);

  const bare = await openIngestProcess(context, server, '');
  const full = await openIngestProcess(context, server, sink.url);
  const ratios: number[] = [];
  for (const [round, streams] of rounds.entries()) {
    const runs = turned(
      [
        async () => ({ bare: await ingestRate(server, bare, streams.bare, eventCount) }),
        async () => ({ full: await ingestRate(server, full, streams.full, eventCount) }),
      ],
      round,
    );
    let rates: { bare?: number; full?: number } = {};
    for (const run of runs) rates = { ...rates, ...(await run()) };
    const { bare: bareRate = Number.NaN, full: fullRate = Number.NaN } = rates;
    progress(`events/s: bare ${Math.round(bareRate)}, full ${Math.round(fullRate)}`);
    // The first round warms both up.
    if (round > 0) ratios.push(fullRate / bareRate);
  }
  if (sink.received.metricsCount === 0 || sink.received.tracesCount === 0) {
    throw new Error('ingest exported nothing');
  }
  return median(ratios);
}

/** As the API publishes: each event in a trace of its own, spread evenly over those that sampling keeps and leaves. */
function traced(n: number): Record<string, string> {
  const digits = (Math.imul(n, 2_654_435_761) >>> 0).toString(16).padStart(8, '0');
  const traceId = `${(n + 1).toString(16).padStart(24, 'a')}${digits}`;
  const spanId = (n + 1).toString(16).padStart(16, 'b');
  return { [TRACE_ATTRIBUTE]: formatTraceparent({ traceId, spanId, traceFlags: 1 }) };
}

async function openIngestProcess(
  { scratch }: BenchContext,
  { address }: PubsubServer,
  sinkUrl: string,
): Promise<ChildProcess> {
  const options: TelemetryIngestOptions = { folder: scratch.folder(), address, sinkUrl };
  const child = scratch.fork('telemetry-ingest-process.ts', options);
  await firstMessage<IngestAnswer>(child, 'starting ingest', START_TIMEOUT_MS);
  return child;
}

async function ingestRate(
  server: PubsubServer,
  child: ChildProcess,
  stream: Stream,
  eventCount: number,
): Promise<number> {
  const { topic, subscription } = stream;
  let rowCount = 0;
  const rate = await backlogRate(server, stream, eventCount, async () => {
    await order(child, { kind: 'start', topic, subscription });
    return {
      async close() {
        const stopped = await order(child, { kind: 'stop' });
        if (stopped.kind === 'stopped') ({ rowCount } = stopped);
      },
    };
  });
  if (rowCount !== eventCount) throw new Error(`stored ${rowCount} rows of ${eventCount} events`);
  return rate;
}

async function order(child: ChildProcess, message: IngestOrder): Promise<IngestAnswer> {
  const answered = firstMessage<IngestAnswer>(child, `ingest: ${message.kind}`, START_TIMEOUT_MS);
  child.send(message);
  return answered;
}
