/** docs/telemetry.md says what the code says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { SETTINGS } from '../../runtime/index.ts';
import { CATALOGUE, catalogueTable } from '../../telemetry/index.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/telemetry.md'), 'utf8');

/** Rows of Markdown tables, whatever their padding. */
function rowsOf(text: string): Set<string> {
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  return new Set(rows.map((row) => row.replaceAll(/\s*\|\s*/g, '|').replaceAll(/-+/g, '-')));
}

test('the table of metrics is the one that the catalogue prints', (t) => {
  const written = rowsOf(PAGE);
  const missing = [...rowsOf(catalogueTable())].filter((row) => !written.has(row));
  t.deepEqual(missing, []);
  const named = [...written].map(
    (row) => /^\|`([a-z_:]+)`\|(?:counter|gauge|histogram)\|/.exec(row)?.[1],
  );
  const unknown = named.filter((name) => name !== undefined && !Object.hasOwn(CATALOGUE, name));
  t.deepEqual(unknown, []);
});

test('every exporter is explained, and every setting that is named exists', (t) => {
  for (const exporter of ['none', 'otlp', 'google', 'google-legacy']) {
    t.regex(PAGE, new RegExp(`^\\| \`${exporter}\``, 'm'));
  }
  const named = PAGE.match(/`(?:TELEMETRY|TRACE|METRICS)_[A-Z_]+/g) ?? [];
  const unknown = named
    .map((each) => each.slice(1))
    .filter((name) => !Object.hasOwn(SETTINGS, name));
  t.deepEqual(unknown, []);
});
