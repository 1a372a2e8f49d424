/** The playbooks as the definitions name them, read at start: a page must not wait for a disk, nor read what a request names. */
import { existsSync, readFileSync } from 'node:fs';

/** Texts by path; a path without a file has none, which `highwater slo lint` and `highwater alerts lint` report. */
export function loadPlaybooks(
  definitions: readonly { readonly playbook: string }[],
): ReadonlyMap<string, string> {
  const paths = new Set(definitions.map(({ playbook }) => playbook));
  return new Map(
    [...paths].filter((path) => existsSync(path)).map((path) => [path, readFileSync(path, 'utf8')]),
  );
}
