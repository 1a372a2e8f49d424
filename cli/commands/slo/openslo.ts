/** `highwater slo export` and `import`: OpenSLO v1, with a word on what it cannot carry. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { AppError, loadConfig, messageOf } from '../../../runtime/index.ts';
import { exportOpenSlo, importOpenSlo, parseSlos } from '../../../slo/index.ts';
import { loadConfiguredSlos } from '../../slos.ts';

export function addExportCommand(slo: Command): void {
  slo
    .command('export')
    .description('the definitions for other tools')
    .argument('[names...]', 'only these SLOs (default: all)')
    .requiredOption('--openslo', 'as OpenSLO v1 documents')
    .option('--out <file>', 'write them there instead of showing them')
    .action((names: readonly string[], { out }: { out?: string }) => {
      const slos = loadConfiguredSlos(loadConfig());
      for (const name of names) {
        if (slos.some((each) => each.name === name)) continue;
        const known = slos.map((each) => each.name).join(', ');
        throw new AppError('invalid_argument', `expected names of SLOs, of ${known}; got ${name}`);
      }
      const chosen = slos.filter((each) => names.length === 0 || names.includes(each.name));
      const { text, notes } = exportOpenSlo(chosen);
      write(text, out);
      say(notes);
    });
}

export function addImportCommand(slo: Command): void {
  slo
    .command('import')
    .description('OpenSLO v1 documents as an SLO file')
    .argument('<file>')
    .option('--out <file>', 'write it there instead of showing it')
    .action((file: string, { out }: { out?: string }) => {
      const { text, notes } = importOpenSlo(readText(file), file);
      parseSlos(text, `${file}, imported`, []);
      write(text, out);
      say(notes);
    });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new AppError('invalid_argument', `expected a readable file; got ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function write(text: string, out: string | undefined): void {
  if (out === undefined) process.stdout.write(text);
  else writeFileSync(out, text);
}

function say(notes: readonly string[]): void {
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
}
