/** The gentle load of `highwater start`: simulated transactions, a few of them faulty, and real flights replayed. */
import type { PubSub } from '@google-cloud/pubsub';
import type { Silence } from '../alerts/index.ts';
import type { FlightsPoller } from '../ingest/producers/index.ts';
import {
  publishTo,
  simulate,
  startFlightsPoller,
  startFlightsReplay,
} from '../ingest/producers/index.ts';
import { systemClock } from '../runtime/index.ts';
import type { Context } from './process.ts';

/** Shares of the demo's messages that show quarantine, deduplication and late data at work. */
const DEMO_SHARES = { malformedRatio: 0.02, duplicateRatio: 0.02, lateRatio: 0.02 };

const YEAR_MS = 365 * 86_400_000;

/** Tells nobody of the messages that the demo itself makes faulty; those of other streams are told of as ever. */
export function demoSilence(nowMs: number): Silence {
  return {
    id: 'demo',
    kind: 'maintenance',
    matchers: [
      { label: 'policy', op: '=', value: 'dead-letters' },
      { label: 'stream', op: '=', value: 'transactions' },
    ],
    reason: 'The demo sends faulty transactions on purpose; start --no-demo sends none.',
    by: 'highwater start',
    startsAtMs: nowMs,
    endsAtMs: nowMs + YEAR_MS,
  };
}

export async function startDemo(context: Context, pubsub: PubSub): Promise<void> {
  const { streams } = context;
  const topicOf = (name: string) => streams.find((stream) => stream.name === name)?.topic;
  const transactions = topicOf('transactions');
  if (transactions) startSimulator(context, pubsub, transactions);
  const flights = topicOf('flights');
  if (flights) {
    const poller = await startFlights(context, pubsub, flights);
    void poller.ended.then((error) => {
      if (error) context.logger.error('flights_poller_ended', { error });
    });
  }
}

/** Polls the configured flights API, or the local replay where none is. */
export async function startFlights(
  context: Context,
  pubsub: PubSub,
  topic: string,
): Promise<FlightsPoller> {
  const { config, logger, shutdown } = context;
  let apiUrl = config.FLIGHTS_API_URL;
  if (!apiUrl) {
    const replay = await startFlightsReplay({
      host: config.HIGHWATER_HOST,
      port: 0,
      clock: systemClock,
    });
    shutdown.add('flights replay', () => replay.close());
    apiUrl = replay.url;
  }
  const poller = startFlightsPoller({
    publish: publishTo(pubsub, topic),
    apiUrl,
    accessKey: config.FLIGHTS_API_KEY,
    intervalMs: config.FLIGHTS_POLL_INTERVAL,
    clock: systemClock,
    logger: logger.child({ component: 'flights' }),
  });
  shutdown.add('flights poller', () => poller.close());
  return poller;
}

function startSimulator(
  { config, logger, shutdown }: Context,
  pubsub: PubSub,
  topic: string,
): void {
  const stop = new AbortController();
  const log = logger.child({ component: 'simulator' });
  const done = simulate({
    publish: publishTo(pubsub, topic),
    ratePerSecond: config.SIMULATE_RATE,
    ...DEMO_SHARES,
    seed: 'demo',
    clock: systemClock,
    signal: stop.signal,
  }).then(
    ({ sentCount, failedCount }) => log.info('simulator_stopped', { sentCount, failedCount }),
    (error: unknown) => log.error('simulator_failed', { error }),
  );
  shutdown.add('simulator', async () => {
    stop.abort();
    await done;
  });
}
