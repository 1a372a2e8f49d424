/** `highwater compile`: what other systems read, made from the definitions. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import type { CompiledFile } from '../../alerts/index.ts';
import { loadConfig } from '../../runtime/index.ts';
import { COMPILED_FOLDERS, compiledFiles } from '../compiled.ts';

export function addCompileCommand(program: Command): void {
  program
    .command('compile')
    .description(
      'make what others read from the definitions: Prometheus rules and their tests, dashboards, Terraform variables',
    )
    .option('--check', 'write nothing; exit code 1 where a file is stale')
    .action(({ check }: { check?: boolean }) => {
      const files = compiledFiles(loadConfig());
      const stale = staleFiles(files);
      if (!check) write(files, stale);
      for (const { path, what } of stale) {
        process.stdout.write(`${check ? `stale: ${what}` : what} ${path}\n`);
      }
      process.stdout.write(
        `${files.length} files, ${stale.length} ${check ? 'stale' : 'changed'}\n`,
      );
      if (check && stale.length > 0) process.exitCode = 1;
    });
}

interface StaleFile {
  readonly path: string;
  readonly what: 'new' | 'changed' | 'deleted';
}

/** Files that are not as they would be made, and files that would not be made, below the working directory. */
export function staleFiles(files: readonly CompiledFile[]): readonly StaleFile[] {
  const made = new Set(files.map(({ path }) => path));
  const kept = COMPILED_FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
    readdirSync(folder).map((name) => join(folder, name)),
  );
  return [
    ...files
      .filter(({ path, content }) => !existsSync(path) || readFileSync(path, 'utf8') !== content)
      .map(({ path }) => ({
        path,
        what: existsSync(path) ? ('changed' as const) : ('new' as const),
      })),
    ...kept.filter((path) => !made.has(path)).map((path) => ({ path, what: 'deleted' as const })),
  ];
}

function write(files: readonly CompiledFile[], stale: readonly StaleFile[]): void {
  for (const { path, what } of stale) {
    if (what === 'deleted') rmSync(path);
    const file = files.find((each) => each.path === path);
    if (!file) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file.content);
  }
}
