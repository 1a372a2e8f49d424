/** The open-source BigQuery emulator (goccy/bigquery-emulator), as an oracle of the BigQuery adapter: a real GoogleSQL engine. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { systemClock } from '../../runtime/index.ts';
import { freePort } from './free-port.ts';

const START_TIMEOUT_MS = 60_000;
const BINARY = 'bigquery-emulator';
export const EMULATOR_PROJECT = 'highwater-test';

export interface BigqueryEmulator {
  readonly kind: 'started';
  /** Of the REST API. */
  readonly endpoint: string;
  /** Of the Storage Write API. */
  readonly storageEndpoint: string;
  close(): Promise<void>;
}

/** Why it cannot run here, as a sentence with what to do. */
export interface MissingBigqueryEmulator {
  readonly kind: 'missing';
  readonly reason: string;
}

export interface StartBigqueryOptions {
  /** Where it keeps its data, so that it can be killed and started again; in a file of its own where absent. */
  readonly databaseFile?: string;
  /** Of REST and gRPC; free ones where absent. */
  readonly ports?: readonly [number, number];
}

/**
 * How SQLite opens the emulator's database. As it comes (0.8.1), a look at a table's description holds a read lock while it waits
 * for the catalog, whose holder waits for the commit of an append, which waits for that read lock: all stand still for the
 * minute of the busy timeout, and again with the next append. With a write-ahead log and transactions that queue from their first
 * statement on, no read holds up a commit. The last key takes up what the emulator adds.
 */
const SQLITE_OPTIONS =
  '_txlock=immediate&_pragma=journal_mode(wal)&_pragma=busy_timeout(60000)&rest=';

/** Starts it on free loopback ports. Its binary lies in a folder of HIGHWATER_TEST_BIGQUERY (as a PATH) or on the PATH. */
export async function startBigqueryEmulator(
  options: StartBigqueryOptions = {},
): Promise<BigqueryEmulator | MissingBigqueryEmulator> {
  const binary = findBinary();
  if (binary === undefined) {
    return {
      kind: 'missing',
      reason:
        'the BigQuery emulator was not found: build it with Go (cd test/oracles/bigquery-emulator; go build -o DIR/bigquery-emulator github.com/goccy/bigquery-emulator/cmd/bigquery-emulator), and set HIGHWATER_TEST_BIGQUERY to DIR',
    };
  }
  const [port, grpcPort] = options.ports ?? [await freePort(), await freePort()];
  const child = spawn(
    binary,
    [
      `--project=${EMULATOR_PROJECT}`,
      '--host=127.0.0.1',
      `--port=${port}`,
      `--grpc-port=${grpcPort}`,
      '--log-level=error',
      ...(options.databaseFile === undefined
        ? []
        : [`--database=${options.databaseFile}?${SQLITE_OPTIONS}`]),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  const note = (text: Buffer) => (output = (output + text.toString()).slice(-4_000));
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const close = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  const endpoint = `http://127.0.0.1:${port}`;
  const deadlineMs = systemClock.monotonicMs() + START_TIMEOUT_MS;
  while (!(await answers(`${endpoint}/bigquery/v2/projects/${EMULATOR_PROJECT}/datasets`))) {
    if (child.exitCode !== null || systemClock.monotonicMs() > deadlineMs) {
      await close();
      throw new Error(`the BigQuery emulator did not start: ${output}`);
    }
    await systemClock.sleep(50);
  }
  return { kind: 'started', endpoint, storageEndpoint: `127.0.0.1:${grpcPort}`, close };
}

function findBinary(): string | undefined {
  const given = process.env['HIGHWATER_TEST_BIGQUERY'] ?? '';
  return [given, process.env['PATH'] ?? '']
    .flatMap((list) => list.split(delimiter))
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, BINARY))
    .find((path) => existsSync(path));
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
