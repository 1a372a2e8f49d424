/** Google's own Pub/Sub emulator, a Java program of the Cloud SDK, as the peer of the embedded server. */
import { execFile, spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import type { Scratch } from './scratch.ts';
import { until } from './scratch.ts';

const USUAL_SDK_ROOT = '/usr/lib/google-cloud-sdk';
const JAR_PATTERN = 'platform/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar';
const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 60_000;
const ASK_TIMEOUT_MS = 20_000;

export type GoogleEmulator =
  | { readonly kind: 'started'; readonly address: string }
  | { readonly kind: 'missing'; readonly reason: string };

/** Starts it on a free loopback port. Its jar is `PUBSUB_EMULATOR_JAR`, or the one of the Cloud SDK. */
export async function startGoogleEmulator(scratch: Scratch): Promise<GoogleEmulator> {
  const jar =
    process.env['PUBSUB_EMULATOR_JAR'] ?? jarBelow(USUAL_SDK_ROOT) ?? (await jarOfGcloud());
  if (jar === undefined || !(await answers('java', ['-version']))) {
    const reason = `Google's emulator is not here: it needs Java and \`gcloud components install pubsub-emulator\`, or its jar in PUBSUB_EMULATOR_JAR.`;
    return { kind: 'missing', reason };
  }
  const port = await freePort();
  const child = spawn('java', ['-jar', jar, `--host=${HOST}`, `--port=${port}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  scratch.defer(async () => {
    process.off('exit', kill);
    kill();
    await exited;
  });
  let isStarted = false;
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (text: Buffer) => {
      isStarted ||= text.includes('Server started');
    });
  }
  await until(() => isStarted || child.exitCode !== null, {
    what: "the start of Google's emulator",
    timeoutMs: START_TIMEOUT_MS,
  });
  if (!isStarted) throw new Error(`Google's emulator ended with ${child.exitCode}`);
  return { kind: 'started', address: `${HOST}:${port}` };
}

async function jarOfGcloud(): Promise<string | undefined> {
  const root = await answers('gcloud', ['info', '--format=value(installation.sdk_root)']);
  return root ? jarBelow(root.trim()) : undefined;
}

function jarBelow(sdkRoot: string): string | undefined {
  return globSync(`${sdkRoot}/${JAR_PATTERN}`).toSorted().at(-1);
}

/** What the command printed, or `undefined` where it cannot be run. */
async function answers(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, {
      timeout: ASK_TIMEOUT_MS,
    });
    return stdout + stderr;
  } catch {
    return undefined;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, HOST, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
