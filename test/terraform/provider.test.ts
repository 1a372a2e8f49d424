/** The configuration by the real Google provider, where it can be had: names, types and required arguments of every resource. */
import test from 'ava';
import { findTerraform, hasProvider, openWorkspace } from './terraform-command.ts';

for (const [what, folder] of [
  ['the root and its modules', '.'],
  ['bootstrap', 'bootstrap'],
] as const) {
  test(`${what}: valid by the Google provider's own schema`, async (t) => {
    t.timeout(600_000);
    const terraform = findTerraform(t);
    if (!terraform) return;
    const workspace = openWorkspace(terraform);
    try {
      if (!(await hasProvider(t, workspace, folder))) return;
      const { code, output } = await workspace.run([`-chdir=${folder}`, 'validate']);
      t.is(code, 0, output);
    } finally {
      workspace.remove();
    }
  });
}
