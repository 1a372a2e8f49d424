/** How fast ingest commits and acks, beside the same client draining the same server with a handler that only acks. */
import type { PubsubServer } from '../emulator/index.ts';
import { ensureTopology } from '../ingest/index.ts';
import type { Stream } from '../streams/index.ts';
import { backlogRate } from './backlog-rate.ts';
import type { RecordingClient } from './drain.ts';
import { drainSubscription, recordingClient } from './drain.ts';
import type { Bench, BenchContext } from './figure.ts';
import { median } from './figure.ts';
import {
  openClient,
  openIngest,
  openServer,
  openWarehouse,
  publishTransactions,
  transactionsStream,
} from './rig.ts';

const ROUNDS = 3;

export const ingestBench: Bench = {
  name: 'ingest',
  summary: 'events committed and acked per second, beside a drain by the same client',
  figures: [
    { figure: 'ratio_to_drain', unit: 'ratio', target: { comparison: '>=', value: 0.5 } },
    { figure: 'events_per_second', unit: 'events/s' },
  ],
  async run(context) {
    const { isShort, progress, scratch } = context;
    const eventCount = isShort ? 20_000 : 200_000;
    const warmUpCount = isShort ? 5_000 : 20_000;
    const stream = transactionsStream();
    const server = await openServer(scratch);
    const pubsub = openClient(scratch, server.address);
    const rig = { context, server, client: recordingClient(pubsub) };

    // Every run has its own subscription of one topic, so that all find the same backlog in the same server.
    const on = (topic: string, subscription: string) => ({ ...stream, topic, subscription });
    const warmUp = { drain: on('warm-up', 'warm-drain'), ingest: on('warm-up', 'warm-ingest') };
    const rounds = Array.from({ length: ROUNDS }, (_, round) => ({
      drain: on(stream.topic, `drain-${round}`),
      ingest: on(stream.topic, `ingest-${round}`),
    }));
    await ensureTopology(
      pubsub,
      [warmUp, ...rounds].flatMap(({ drain, ingest }) => [drain, ingest]),
    );
    progress(`publishing ${eventCount} transactions`);
    await publishTransactions(pubsub, 'warm-up', { from: 0, to: warmUpCount });
    await publishTransactions(pubsub, stream.topic, { from: 0, to: eventCount });

    await ingestRate(rig, warmUp.ingest, warmUpCount);
    await drainRate(rig, warmUp.drain, warmUpCount);
    const drainRates: number[] = [];
    const ingestRates: number[] = [];
    for (const { drain, ingest } of rounds) {
      drainRates.push(await drainRate(rig, drain, eventCount));
      progress(`drained at ${Math.round(drainRates.at(-1)!)} events/s`);
      ingestRates.push(await ingestRate(rig, ingest, eventCount));
      progress(`ingested at ${Math.round(ingestRates.at(-1)!)} events/s`);
    }
    return {
      kind: 'measured',
      values: {
        ratio_to_drain: median(ingestRates.map((rate, round) => rate / drainRates[round]!)),
        events_per_second: median(ingestRates),
      },
    };
  },
};

interface Rig {
  readonly context: BenchContext;
  readonly server: PubsubServer;
  readonly client: RecordingClient;
}

async function drainRate(rig: Rig, stream: Stream, eventCount: number): Promise<number> {
  const { pubsub, options } = rig.client;
  const settings = options();
  if (!settings) throw new Error('ingest runs first, so that its settings are known');
  return backlogRate(rig.server, stream, eventCount, () =>
    Promise.resolve(drainSubscription(pubsub, stream.subscription, settings)),
  );
}

async function ingestRate(rig: Rig, stream: Stream, eventCount: number): Promise<number> {
  const { client, context } = rig;
  const warehouse = await openWarehouse(context.scratch, [stream]);
  const rate = await backlogRate(rig.server, stream, eventCount, () =>
    openIngest(client.pubsub, warehouse, stream),
  );
  const rowCount = await warehouse.rowCount(stream);
  await warehouse.close();
  if (rowCount !== eventCount) throw new Error(`stored ${rowCount} rows of ${eventCount} events`);
  return rate;
}
