/** Google's own Pub/Sub emulator (a Java program of the Cloud SDK), as an oracle of the embedded server. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { promisify } from 'node:util';
import { systemClock } from '../../runtime/index.ts';
import { freePort } from './free-port.ts';

/** The Cloud SDK's root in Google's own packages and images; asking gcloud itself takes seconds. */
const USUAL_SDK_ROOT = '/usr/lib/google-cloud-sdk';
const JAR_PATTERN = 'platform/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar';
const START_TIMEOUT_MS = 60_000;

export interface GoogleEmulator {
  readonly kind: 'started';
  readonly port: number;
  close(): Promise<void>;
}

/** Why it cannot run here, as a sentence with what to install. */
export interface MissingEmulator {
  readonly kind: 'missing';
  readonly reason: string;
}

/** Starts the emulator on a free loopback port. Its jar is `PUBSUB_EMULATOR_JAR`, or the Cloud SDK's. */
export async function startGoogleEmulator(): Promise<GoogleEmulator | MissingEmulator> {
  const jar = process.env['PUBSUB_EMULATOR_JAR'] || (await findJar());
  if (jar === undefined || !existsSync(jar)) {
    return missing('its jar was not found: run `gcloud components install pubsub-emulator`');
  }
  if (!(await succeeds('java', ['-version']))) {
    return missing('java was not found: install a Java runtime, version 11 or later');
  }
  const port = await freePort();
  const child = spawn('java', ['-Xmx512m', '-jar', jar, '--host=127.0.0.1', `--port=${port}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let output = '';
  const started = new Promise<'started'>((resolve) => {
    const onText = (text: Buffer) => {
      if (output.includes('Server started')) return;
      output += text.toString();
      if (output.includes('Server started')) resolve('started');
    };
    child.stdout.on('data', onText);
    child.stderr.on('data', onText);
  });
  const close = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  const stop = new AbortController();
  const outcome = await Promise.race([
    started,
    exited.then(() => 'exited' as const),
    systemClock.sleep(START_TIMEOUT_MS, stop.signal).then(() => 'timeout' as const),
  ]);
  stop.abort();
  if (outcome === 'started') return { kind: 'started', port, close };
  await close();
  throw new Error(`Google's emulator did not start (${outcome}): ${output}`);
}

function missing(what: string): MissingEmulator {
  return {
    kind: 'missing',
    reason: `Google's Pub/Sub emulator cannot run: ${what}, or set PUBSUB_EMULATOR_JAR`,
  };
}

async function findJar(): Promise<string | undefined> {
  const usual = jarBelow(USUAL_SDK_ROOT);
  if (usual !== undefined) return usual;
  try {
    const asked = await promisify(execFile)('gcloud', [
      'info',
      '--format=value(installation.sdk_root)',
    ]);
    return jarBelow(asked.stdout.trim());
  } catch {
    return undefined;
  }
}

function jarBelow(sdkRoot: string): string | undefined {
  return globSync(`${sdkRoot}/${JAR_PATTERN}`).toSorted().at(-1);
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await promisify(execFile)(command, args);
    return true;
  } catch {
    return false;
  }
}
