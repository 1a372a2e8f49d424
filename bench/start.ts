/** From the start of the process until `/readyz` says yes: the whole embedded service, on an empty data folder. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { systemClock } from '../runtime/index.ts';
import type { Bench } from './figure.ts';
import { median } from './figure.ts';
import type { Scratch } from './scratch.ts';
import { until } from './scratch.ts';

const COMMAND = join(import.meta.dirname, '../cli/highwater.ts');
const TIMEOUT_MS = 60_000;
const POLL_MS = 5;

export const startBench: Bench = {
  name: 'start',
  summary:
    'from the start of the process until it is ready, its code compiled before as in the image',
  figures: [
    { figure: 'ready_ms', unit: 'ms', target: { comparison: '<=', value: 2_000 } },
    { figure: 'node_ms', unit: 'ms' },
  ],
  async run({ isShort, progress, scratch }) {
    const compiled = scratch.folder();
    await run(scratch, ['--version'], compiled).exited;
    const readyMs: number[] = [];
    const nodeMs: number[] = [];
    for (let round = 0; round < (isShort ? 2 : 7); round++) {
      nodeMs.push(await timeOf(() => run(scratch, undefined, compiled).exited));
      const service = run(scratch, ['start', '--no-demo'], compiled);
      readyMs.push(await timeOf(() => untilReady(service.output)));
      service.stop();
      await service.exited;
      progress(
        `ready after ${Math.round(readyMs.at(-1)!)} ms; Node alone ${Math.round(nodeMs.at(-1)!)} ms`,
      );
    }
    return { kind: 'measured', values: { ready_ms: median(readyMs), node_ms: median(nodeMs) } };
  },
};

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = systemClock.monotonicMs();
  await work();
  return systemClock.monotonicMs() - startedAtMs;
}

/** `highwater …words` in a data folder and on ports of its own; without words, Node with nothing to do. */
function run(scratch: Scratch, words: readonly string[] | undefined, compiled: string) {
  const child = spawn(process.execPath, words ? [COMMAND, ...words] : ['--eval', ''], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: compiled,
      METADATA_SERVER_DETECTION: 'none',
      HIGHWATER_DATA_DIR: scratch.folder(),
      PORT: '0',
      METRICS_PORT: '0',
      PUBSUB_PORT: '0',
    },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = once(child, 'exit');
  scratch.defer(async () => {
    if (child.exitCode === null) child.kill('SIGKILL');
    await exited;
  });
  return { exited, output: () => output, stop: () => void child.kill('SIGTERM') };
}

async function untilReady(output: () => string): Promise<void> {
  const urlOf = () => /API and docs +(http:\S+)\/ /.exec(output())?.[1];
  const isReady = async () => {
    const url = urlOf();
    return url !== undefined && (await fetch(`${url}/readyz`)).ok;
  };
  await until(isReady, { what: 'readiness', timeoutMs: TIMEOUT_MS, pollMs: POLL_MS });
}
