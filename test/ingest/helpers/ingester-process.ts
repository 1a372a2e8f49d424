/** What a process does that ingests until it is told to stop, or killed. */
import { startIngest } from '../../../ingest/index.ts';
import { createLogger, systemClock } from '../../../runtime/index.ts';
import type { Logger } from '../../../runtime/index.ts';
import type { Warehouse } from '../../../warehouse/index.ts';
import { clientOf, LIMITS, PAYMENTS } from './rig.ts';

/** Says `ready` once it ingests from the server at `port`. */
export async function ingestUntilStopped(
  port: number,
  open: (logger: Logger) => Warehouse | Promise<Warehouse>,
): Promise<void> {
  const logger = createLogger({ level: 'warn', format: 'json' });
  const warehouse = await open(logger);
  await warehouse.prepare([PAYMENTS]);
  const pubsub = clientOf(port);
  const ingest = await startIngest({
    pubsub,
    warehouse,
    streams: [PAYMENTS],
    limits: LIMITS,
    clock: systemClock,
    logger,
  });
  const stop = async () => {
    await ingest.close();
    await pubsub.close();
    await warehouse.close();
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
  process.stdout.write('ready\n');
}
