/**
 * The configuration by the real Google provider, where it can be had: names, types and required arguments of every resource; then
 * Terraform's own tests, with a mocked provider where it can be: who is told, who may come in, what is refused.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ROOT } from '../dashboards/shipped.ts';
import { findTerraform, hasProvider, openWorkspace } from './terraform-command.ts';

for (const [what, folder] of [
  ['the root and its modules', '.'],
  ['bootstrap', 'bootstrap'],
] as const) {
  test(`${what}: valid by the Google provider's own schema, and terraform test passes, run by run`, async (t) => {
    t.timeout(600_000);
    const terraform = findTerraform(t);
    if (!terraform) return;
    const workspace = openWorkspace(terraform);
    try {
      if (!(await hasProvider(t, workspace, folder))) return;
      const validated = await workspace.run([`-chdir=${folder}`, 'validate']);
      t.is(validated.code, 0, validated.output);
      const { code, output } = await workspace.run([`-chdir=${folder}`, 'test']);
      t.is(code, 0, output);
      const tests = join(ROOT, 'terraform', folder, 'tests');
      const runs = readdirSync(tests).flatMap(
        (name) => readFileSync(join(tests, name), 'utf8').match(/^run "/gm) ?? [],
      );
      t.true(runs.length >= 2);
      t.true(output.includes(`Success! ${runs.length} passed, 0 failed.`), output);
    } finally {
      workspace.remove();
    }
  });
}
