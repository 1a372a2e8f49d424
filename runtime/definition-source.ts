/** One YAML definition file: its text, its document, and the way from a path in it to a line. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import type { z } from 'zod';
import { AppError, messageOf } from './errors.ts';

export type Path = readonly (string | number)[];

const SHOWN_LENGTH_MAX = 60;

/** Paths of the `*.yaml` files in a folder, in order. @throws AppError `invalid_definition` without such a folder. */
export function listDefinitionFiles(dir: string): string[] {
  try {
    const files = readdirSync(dir).filter((file) => /\.ya?ml$/.test(file));
    return files.toSorted().map((file) => join(dir, file));
  } catch (error) {
    throw new AppError('invalid_definition', `${dir}: expected a folder of *.yaml files`, {
      cause: error,
    });
  }
}

/** Reads a file once and collects its problems as `file:line path: expected …, such as …; got …`. */
export class DefinitionSource {
  readonly file: string;
  /** What the file says, as plain data; `undefined` where it is no YAML. */
  readonly raw: unknown;
  readonly #problems: string[];
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed | undefined;

  /** Adds to `problems`, now and later; reads `text` where it is given, else the file. */
  constructor(file: string, problems: string[], text?: string) {
    this.file = file;
    this.#problems = problems;
    try {
      const source = text ?? readFileSync(file, 'utf8');
      const document = parseDocument(source, { lineCounter: this.#lines, prettyErrors: false });
      for (const { pos, message } of document.errors) {
        const { line } = this.#lines.linePos(pos[0]);
        problems.push(`${file}:${line}: expected valid YAML; got: ${message}`);
      }
      if (document.errors.length > 0) return;
      this.raw = document.toJS();
      this.#document = document;
    } catch (error) {
      problems.push(`${file}: expected a readable YAML file; got: ${messageOf(error)}`);
    }
  }

  /** Whether there is a document; where not, the problem is reported already. */
  get isReadable(): boolean {
    return this.#document !== undefined;
  }

  /** What was reported so far, by this source and by those that share its list. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Reports one problem; shows what stands at `path` unless `got` says it. */
  report(path: Path, message: string, got?: string): void {
    const shown = got ?? show(valueAt(this.raw, path));
    const where = path.length === 0 ? '' : ` ${path.join('.')}`;
    this.#problems.push(`${this.file}:${this.lineOf(path)}${where}: ${message}; got ${shown}`);
  }

  /** Reports what a schema found wrong with the value at `at`, each unknown key by itself. */
  reportIssues(error: z.ZodError | undefined, at: Path = []): void {
    for (const issue of error?.issues ?? []) {
      const path = [...at, ...(issue.path as Path)];
      if (issue.code === 'unrecognized_keys') {
        for (const key of issue.keys) this.report([...path, key], issue.message, key);
      } else this.report(path, issue.message);
    }
  }

  /** The line of the value at a path, or of what is nearest above it. */
  lineOf(path: Path): number {
    for (let length = path.length; length > 0; length--) {
      const node: unknown = this.#document?.getIn(path.slice(0, length), true);
      const range = (node as { range?: readonly number[] } | undefined)?.range;
      if (range) return this.#lines.linePos(range[0]!).line;
    }
    return 1;
  }
}

function valueAt(raw: unknown, path: Path): unknown {
  let value = raw;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text;
}
