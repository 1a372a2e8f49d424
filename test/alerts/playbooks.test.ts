/** Every alert has a playbook that a tired reader can follow: the same parts, commands that exist, metrics that exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Command } from 'commander';
import { metricSpec } from '../../telemetry/index.ts';
import { SHIPPED } from './shipped.ts';

const COMMANDS = join(import.meta.dirname, '../../cli/commands');
const PARTS = [
  /^# .+ \([a-z-]+\)\n/,
  /\n\*\*What users feel\.\*\* \S/,
  /\n\*\*How sure\.\*\* \S/,
  /\n## First five minutes\n\n1\. \S/,
  /\n## Mitigation\n\n- \S/,
  /\n\*\*Escalate\*\* \S/,
  /\n\*\*False alarms\.\*\* \S/,
  /\n\*\*Tuning\.\*\* \S/,
];
const PLAYBOOKS = [...new Set(SHIPPED.policies.map(({ playbook }) => playbook))].toSorted();

test('every alert has a playbook, and every playbook an alert', (t) => {
  const files = readdirSync('alerts/playbooks').map((name) => `alerts/playbooks/${name}`);
  t.deepEqual(files.toSorted(), PLAYBOOKS);
});

for (const path of PLAYBOOKS) {
  test(`${path} has every part, and commands and metrics that exist`, async (t) => {
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    for (const part of PARTS) t.regex(text, part);
    const quoted = [...text.matchAll(/`([^`]+)`/g)].map(([, each]) => each!);
    const commands = quoted.filter((each) => /^(?:highwater|curl) /.test(each));
    t.true(commands.length >= 3, 'three commands to paste');
    const program = await programOf();
    for (const command of commands.filter((each) => each.startsWith('highwater '))) {
      t.is(problemOf(program, command.split(' ').slice(1)), undefined, command);
    }
    for (const name of quoted.flatMap(metricNames)) t.truthy(nameInCatalogue(name), name);
  });
}

test('a command that does not exist is found', async (t) => {
  const program = await programOf();
  t.is(problemOf(program, ['slo', 'repair']), 'no command repair');
  t.is(problemOf(program, ['slo', 'status', '--loud']), 'no option --loud');
  t.is(problemOf(program, ['slo', 'status', 'api-latency']), undefined);
});

/** The program with every command, as `cli/highwater.ts` builds it. */
async function programOf(): Promise<Command> {
  const program = new Command('highwater');
  for (const file of readdirSync(COMMANDS).filter((name) => name.endsWith('.ts'))) {
    const module = (await import(join(COMMANDS, file))) as Record<string, unknown>;
    for (const [name, add] of Object.entries(module)) {
      if (/^add\w+Command$/.test(name) && typeof add === 'function') add(program);
    }
  }
  return program;
}

function problemOf(program: Command, words: readonly string[]): string | undefined {
  const [word = '', ...rest] = words;
  if (word === '' || word === '--help') return undefined;
  if (word.startsWith('--')) {
    const isKnown = program.options.some(({ long }) => long === word);
    return isKnown ? problemOf(program, rest) : `no option ${word}`;
  }
  const command = program.commands.find((each) => each.name() === word);
  if (command) return problemOf(command, rest);
  const takesMore = program.commands.length === 0 || /^[a-z_]+=/.test(word);
  return takesMore ? problemOf(program, rest) : `no command ${word}`;
}

const PREFIXES =
  /\b(?:http_server|warehouse|ingest|canary|telemetry|highwater|evaluations|subscription)_[a-z_]+/g;
/** Words of that form which are none. */
const OTHERS = new Set(['warehouse_unavailable', 'canary_failed', 'telemetry_exporter']);

function metricNames(quoted: string): string[] {
  return [...quoted.matchAll(PREFIXES)].map(([name]) => name).filter((name) => !OTHERS.has(name));
}

function nameInCatalogue(name: string): boolean {
  const base = name.replace(/_(?:sum|count|bucket)$/, '');
  return [name, base, `pubsub_googleapis_com:${name}`].some((each) => metricSpec(each));
}
