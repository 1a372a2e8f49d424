/** The shipped definitions, as `highwater compile` reads them, and files to give promtool. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadConfiguredAlerts, playbookOf } from '../../cli/alerts.ts';
import { loadConfig } from '../../runtime/index.ts';
import { ruleGroups } from '../../alerts/index.ts';

export const SHIPPED = loadConfiguredAlerts(loadConfig());
export const GROUPS = ruleGroups(SHIPPED, playbookOf);

/** Files of these names in a folder of their own, for as long as `use` takes. */
export async function withFiles<T>(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'highwater-promtool-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What promtool says, and whether it is content. */
export async function promtool(
  path: string,
  args: readonly string[],
): Promise<{ isContent: boolean; output: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(path, args, { maxBuffer: 64 * 2 ** 20 });
    return { isContent: true, output: stdout + stderr };
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return { isContent: false, output: stdout + stderr || String(error) };
  }
}
