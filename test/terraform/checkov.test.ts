/** The configuration by the policies of Checkov, which needs no provider: what it finds is mended, or skipped with a reason that is still needed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { ROOT } from '../dashboards/shipped.ts';
import { temporaryFolder } from '../helpers/highwater-process.ts';
import { findCheckov, runCheckov } from './checkov.ts';

const CONFIG = join(ROOT, 'terraform/.checkov.yaml');
const EVERYTHING = ['--directory=terraform'];

test('Checkov finds nothing, and each of its checks that is skipped everywhere would find something', async (t) => {
  t.timeout(300_000);
  const checkov = findCheckov(t);
  if (!checkov) return;
  const { 'skip-check': skipped } = parse(readFileSync(CONFIG, 'utf8')) as {
    readonly 'skip-check': readonly string[];
  };
  const folder = temporaryFolder();
  const bare = join(folder.path, 'bare.yaml');
  writeFileSync(bare, 'framework: [terraform]\n');
  const strict = await runCheckov(checkov, ROOT, [...EVERYTHING, `--config-file=${bare}`]);
  folder.remove();
  t.deepEqual([...new Set(strict.failed.map(({ check_id: id }) => id))].toSorted(), [...skipped]);
  for (const { resource, check_result: result } of strict.skipped) {
    t.truthy(result.suppress_comment, resource);
  }
  const { failed, passed } = await runCheckov(checkov, ROOT, [
    ...EVERYTHING,
    `--config-file=${CONFIG}`,
  ]);
  t.deepEqual(failed, []);
  t.true(passed.length > 50, String(passed.length));
  t.log(`${passed.length} checks passed, ${strict.skipped.length} skipped with a reason`);
});

test('Checkov would find public data, a broad role and a cache without a password', async (t) => {
  t.timeout(300_000);
  const checkov = findCheckov(t);
  if (!checkov) return;
  const folder = temporaryFolder();
  try {
    writeFileSync(
      join(folder.path, 'main.tf'),
      `
resource "google_pubsub_topic_iam_member" "a" {
  topic  = "a"
  role   = "roles/pubsub.viewer"
  member = "allUsers"
}
resource "google_project_iam_member" "a" {
  project = "a"
  role    = "roles/editor"
  member  = "user:a@example.com"
}
resource "google_redis_instance" "a" {
  name           = "a"
  memory_size_gb = 1
}
`,
    );
    const { failed } = await runCheckov(checkov, folder.path, [
      '--directory=.',
      '--framework=terraform',
    ]);
    const ids = failed.map(({ check_id: id }) => id);
    for (const id of ['CKV_GCP_99', 'CKV_GCP_117', 'CKV_GCP_95', 'CKV_GCP_97']) {
      t.true(ids.includes(id), `${id} of ${ids.join()}`);
    }
  } finally {
    folder.remove();
  }
});
