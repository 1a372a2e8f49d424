/** The OpenAPI fuzzer schemathesis against a running service: no answer of 5xx, none that its schema does not allow. */
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import test from 'ava';
import { fill, startService } from './server.ts';

const PROGRAM = process.env['HIGHWATER_TEST_SCHEMATHESIS'] ?? '';
/** Of inputs for each operation; the seed makes a failure come again. */
const EXAMPLES_MAX = 20;
/** For all of it; what is not reached in time is left to the next run. */
const SECONDS_MAX = 60;
const SEED = 20_261_126;
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
];

const fuzz = PROGRAM === '' && !process.env['CI'] ? test.skip : test;

fuzz(
  'schemathesis finds no server error and no answer beside the schema (set HIGHWATER_TEST_SCHEMATHESIS to its program; .ci/run installs it)',
  async (t) => {
    t.timeout(480_000);
    t.not(PROGRAM, '', 'CI installs schemathesis');
    const service = await startService({ push: () => Promise.resolve() });
    await fill(service);
    const { code, output } = await run([
      'run',
      `${service.url}/openapi.json`,
      '--phases=examples,coverage,fuzzing',
      `--max-examples=${EXAMPLES_MAX}`,
      `--max-time=${SECONDS_MAX}`,
      `--seed=${SEED}`,
      `--checks=${CHECKS.join(',')}`,
      '--no-color',
    ]);
    await service.stop();
    t.is(code, 0, output.slice(-8_000));
    t.regex(output, /^\s+(\d+) generated, \1 passed/m);
  },
);

function run(words: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    // It keeps what it found in its working folder, which must not be this one.
    const child = spawn(PROGRAM, words, { cwd: tmpdir() });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
