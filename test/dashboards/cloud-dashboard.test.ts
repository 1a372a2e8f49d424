/** Dashboards as Cloud Monitoring takes them: the published messages, what is dropped on read, limits, geometry. */
import { createRequire } from 'node:module';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import protobuf from 'protobufjs';
import {
  compiledDashboards,
  loadDashboards,
  parseDashboard,
  queriesOf,
  WIDGETS_MAX,
} from '../../dashboards/index.ts';
import { isAppError } from '../../runtime/index.ts';
import { CATALOGUE, metricSpec } from '../../telemetry/index.ts';
import { protoJsonProblems } from './proto-json.ts';
import { ROOT, shippedDashboards, shippedSubjects } from './shipped.ts';

interface Tile {
  readonly xPos?: number;
  readonly yPos?: number;
  readonly width: number;
  readonly height: number;
  readonly widget: { readonly title?: string };
}
interface CloudDashboard {
  readonly displayName: string;
  readonly mosaicLayout: { readonly columns: number; readonly tiles: readonly Tile[] };
}

const COMPILED = compiledDashboards(shippedDashboards());
const require = createRequire(import.meta.url);
const PROTOS = protobuf.Root.fromJSON(
  require('@google-cloud/monitoring-dashboards/build/protos/protos.json') as protobuf.INamespace,
);
const DASHBOARD = PROTOS.lookupType('google.monitoring.dashboard.v1.Dashboard');

const parse = (content: string) => JSON.parse(content) as CloudDashboard;

test('the compiled files are those of the definitions: npx highwater compile renews them', (t) => {
  const folder = 'dashboards/compiled';
  t.deepEqual(
    readdirSync(join(ROOT, folder))
      .map((name) => `${folder}/${name}`)
      .toSorted(),
    COMPILED.map(({ path }) => path).toSorted(),
  );
  for (const { path, content } of COMPILED) t.is(readFileSync(join(ROOT, path), 'utf8'), content);
});

for (const { path, content } of COMPILED) {
  test(`${path} is a Dashboard of the published protos, with nothing that is dropped on read`, (t) => {
    t.deepEqual(protoJsonProblems(parse(content), DASHBOARD), []);
  });

  test(`${path} is within the limits of Cloud Monitoring, and no tile lies on another`, (t) => {
    const { mosaicLayout } = parse(content);
    const tiles = mosaicLayout.tiles.map(({ xPos = 0, yPos = 0, ...tile }) => ({
      xPos,
      yPos,
      ...tile,
    }));
    t.true(tiles.length <= WIDGETS_MAX);
    t.deepEqual(
      tiles.filter(({ xPos, width }) => xPos + width > mosaicLayout.columns),
      [],
    );
    const overlaps = tiles.flatMap((a, index) =>
      tiles
        .slice(index + 1)
        .filter(
          (b) =>
            a.xPos < b.xPos + b.width &&
            b.xPos < a.xPos + a.width &&
            a.yPos < b.yPos + b.height &&
            b.yPos < a.yPos + a.height,
        )
        .map((b) => [a.widget.title, b.widget.title]),
    );
    t.deepEqual(overlaps, []);
    const titles = tiles.map(({ widget }) => widget.title);
    t.is(new Set(titles).size, titles.length);
  });
}

test('the check of messages finds what the API would refuse or drop', (t) => {
  const wrong = {
    displayName: '',
    colour: 'red',
    mosaicLayout: {
      columns: 48,
      tiles: [
        { xPos: 0, widget: { xyChart: { dataSets: [{ plotType: 'PIE' }] }, incidentList: {} } },
      ],
    },
    gridLayout: { columns: 2 },
  };
  t.deepEqual(protoJsonProblems(wrong, DASHBOARD), [
    'Dashboard.displayName: a default is left out on read',
    'Dashboard.colour: Dashboard has no such field',
    'Dashboard.mosaicLayout.tiles[0].xPos: a default is left out on read',
    'Dashboard.mosaicLayout.tiles[0].widget.xyChart.dataSets[0].plotType: "PIE" is no PlotType',
    'Dashboard.mosaicLayout.tiles[0].widget: one of content, not xyChart and incidentList',
    'Dashboard: one of layout, not gridLayout and mosaicLayout',
  ]);
});

test('every metric of every panel is in the catalogue', (t) => {
  const names = shippedDashboards()
    .flatMap(({ sections }) => sections.flatMap(({ panels }) => panels))
    .flatMap((panel) => queriesOf(panel))
    .flatMap(({ promql }) => [...promql.matchAll(/(?<![\w"])([a-z_]+(?::[a-z_]+)?)(?=[{[])/g)])
    .map(([, name]) => name!.replace(/_(?:bucket|sum|count)$/, ''));
  t.true(names.length > 100);
  t.deepEqual(
    [...new Set(names)].filter((name) => !metricSpec(name)),
    [],
  );
  t.true(Object.keys(CATALOGUE).length > 0);
});

const PANEL = '      - { title: T, incidents: open }\n';
const section = (size: number) => `  - title: S\n    panels:\n${PANEL.repeat(size)}`;

const compile = (sizes: readonly number[]) =>
  compiledDashboards([
    parseDashboard(
      `dashboard: many\ntitle: Many\nsections:\n${sizes.map(section).join('')}`,
      'many.yaml',
      { streams: [], slos: [] },
    ),
  ]).map(({ path, content }) => {
    const { displayName, mosaicLayout } = parse(content);
    return [path, displayName, mosaicLayout.tiles.length];
  });

test('what does not fit in one dashboard goes on in the next, and no section is cut', (t) => {
  t.deepEqual(compile([24, 24]), [['dashboards/compiled/many.json', 'Many', 50]]);
  t.deepEqual(compile([24, 24, 1]), [
    ['dashboards/compiled/many.json', 'Many (1 of 2)', 50],
    ['dashboards/compiled/many-2.json', 'Many (2 of 2)', 2],
  ]);
  const error = t.throws(() => compile([50]));
  t.true(isAppError(error, 'invalid_definition'));
  t.regex(error?.message ?? '', /at most 50 widgets in a section.*got 51 in S/);
});

test('a folder without dashboards is refused', (t) => {
  t.throws(() => loadDashboards(join(ROOT, 'no-such-folder'), shippedSubjects()), {
    message: /expected a folder/,
  });
});
