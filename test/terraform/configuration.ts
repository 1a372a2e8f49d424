/** The Terraform configuration as data, by HashiCorp's own reader of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@cdktf/hcl2json';
import { ROOT } from '../dashboards/shipped.ts';

export type Body = Readonly<Record<string, unknown>>;

export interface Block {
  readonly module: string;
  readonly type: string;
  readonly name: string;
  readonly body: Body;
}

export interface Module {
  /** Its folder, from `terraform`. */
  readonly path: string;
  readonly text: string;
  readonly variables: Readonly<Record<string, Body>>;
  readonly outputs: Readonly<Record<string, Body>>;
  readonly resources: readonly Block[];
  readonly calls: Readonly<Record<string, Body>>;
}

/** The root, every module that it has, and bootstrap. */
export async function readConfiguration(): Promise<readonly Module[]> {
  const base = join(ROOT, 'terraform');
  const modules = readdirSync(join(base, 'modules')).map((name) => `modules/${name}`);
  return Promise.all(['.', 'bootstrap', ...modules].map((path) => readModule(base, path)));
}

async function readModule(base: string, path: string): Promise<Module> {
  const folder = join(base, path);
  const files = readdirSync(folder).filter((file) => file.endsWith('.tf'));
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8'));
  const variables: Record<string, Body> = {};
  const outputs: Record<string, Body> = {};
  const calls: Record<string, Body> = {};
  const resources: Block[] = [];
  for (const [index, text] of texts.entries()) {
    const parsed = (await parse(files[index]!, text)) as Record<
      string,
      Record<string, unknown> | undefined
    >;
    for (const [kind, into] of [
      ['variable', variables],
      ['output', outputs],
      ['module', calls],
    ] as const) {
      for (const [name, bodies] of Object.entries(parsed[kind] ?? {})) {
        into[name] = (bodies as readonly Body[])[0]!;
      }
    }
    for (const [type, named] of Object.entries(parsed['resource'] ?? {})) {
      for (const [name, bodies] of Object.entries(named as Record<string, readonly Body[]>)) {
        resources.push({ module: path, type, name, body: bodies[0]! });
      }
    }
  }
  return { path, text: texts.join('\n'), variables, outputs, resources, calls };
}
