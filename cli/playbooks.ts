/** The playbooks as the definitions name them, read at start: a page must not wait for a disk, nor read what a request names. */
import { existsSync, readFileSync } from 'node:fs';
import type { Slo } from '../slo/index.ts';

/** Texts by path; a path without a file has none, which `highwater slo lint` reports. */
export function loadPlaybooks(slos: readonly Slo[]): ReadonlyMap<string, string> {
  const paths = new Set(slos.map(({ playbook }) => playbook));
  return new Map(
    [...paths].filter((path) => existsSync(path)).map((path) => [path, readFileSync(path, 'utf8')]),
  );
}
