/** A server in a process of its own, for tests that kill it; it tells its parent the port. */
import { startPubsubServer } from '../../emulator/index.ts';
import { silentLogger, systemClock } from '../../runtime/index.ts';

const dataDir = process.argv[2];
const server = await startPubsubServer({
  host: '127.0.0.1',
  port: 0,
  storageBytesMax: 2 ** 26,
  clock: systemClock,
  logger: silentLogger,
  ...(dataDir ? { dataDir } : {}),
});
process.send?.(server.port);
