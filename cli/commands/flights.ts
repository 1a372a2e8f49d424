/** `highwater flights`: polls an AviationStack-shaped API and publishes what changed. */
import type { Command } from 'commander';
import { startFlights } from '../demo.ts';
import { openPubsub } from '../parts.ts';
import { createContext, namedStream, runUntilStopped } from '../process.ts';

export function addFlightsCommand(program: Command): void {
  program
    .command('flights')
    .description(
      'poll FLIGHTS_API_URL (or a local replay of real flights) and publish what changed',
    )
    .option('--stream <name>', 'stream to publish to', 'flights')
    .action(async (options: { stream: string }) => {
      const context = createContext('flights');
      const stream = namedStream(context, options.stream);
      await runUntilStopped(context, async (fail) => {
        const poller = await startFlights(context, openPubsub(context), stream.topic);
        void poller.ended.then((error) => {
          if (error) fail(error);
        });
        context.logger.info('flights_started', { topic: stream.topic });
      });
    });
}
