/** Panels in the console and the API: what is compiled to Cloud Monitoring, with the figures of the local store. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import test from 'ava';
import { getJson, raw } from '../service/server.ts';
import { shippedDashboards } from '../dashboards/shipped.ts';
import { startSeeded } from './seeded-service.ts';
import type { SeededService } from './seeded-service.ts';

let service: SeededService;
test.before(async () => {
  service = await startSeeded(40);
});
test.after.always(() => service?.stop());

interface Panel {
  readonly title: string;
  readonly kind: string;
  readonly thresholds: readonly { readonly value: number; readonly label: string | null }[];
  readonly lines: readonly {
    readonly name: string;
    readonly query: string;
    readonly points: readonly (readonly [number, number | null])[];
  }[];
}
const panelsOf = (answer: { sections: readonly { panels: readonly Panel[] }[] }) =>
  answer.sections.flatMap(({ panels }) => panels);
const newest = (line: Panel['lines'][number] | undefined) => line?.points.at(-1)?.[1] ?? NaN;

test('panels have the titles, the order, the queries and the thresholds of the compiled dashboards', async (t) => {
  const compiled = JSON.parse(readFileSync('dashboards/compiled/pipeline.json', 'utf8'));
  const widgets = compiled.mosaicLayout.tiles
    .map(({ widget }: { widget: object }) => widget)
    .filter((widget: object) => !('sectionHeader' in widget));
  const panels = panelsOf(await getJson(service, '/v1/dashboards/pipeline'));
  t.deepEqual(
    panels.map(({ title }) => title),
    widgets.map(({ title }: { title: string }) => title),
  );
  for (const [index, { xyChart }] of widgets.entries()) {
    if (!xyChart) continue;
    t.deepEqual(
      panels[index]!.thresholds.map(({ value }) => value),
      (xyChart.thresholds ?? []).map(({ value }: { value: number }) => value),
    );
    const queries = xyChart.dataSets.map(
      (each: { timeSeriesQuery: { prometheusQuery: string } }) =>
        each.timeSeriesQuery.prometheusQuery,
    );
    for (const { query } of panels[index]!.lines) t.true(queries.includes(query), query);
  }
  t.true(shippedDashboards().length >= 3);
});

test('figures of panels are those that the SLOs have, worked out from the seeded events', async (t) => {
  const answer = await getJson(service, '/v1/dashboards/on-call?range=1h');
  const panels = panelsOf(answer);
  const of = (title: RegExp) => panels.find((each) => title.test(each.title));
  // One failed request in five on one of two equal routes: a tenth of all fail; the newest five minutes are all so.
  const failed = newest(of(/Share of requests that fail/)?.lines[0]);
  t.true(Math.abs(failed - 0.1) < 0.001, String(failed));
  const slo = await getJson(service, '/v1/slos/api-availability');
  const sli = newest(of(/^api-availability: SLI/)?.lines[0]);
  t.true(Math.abs(sli - slo.sli_ratio) < 0.001, `${sli} ${slo.sli_ratio}`);
  const left = newest(of(/^api-availability: budget left/)?.lines[0]);
  t.true(Math.abs(left - (1 - (1 - sli) / slo.budget_ratio)) < 1e-9);
});

test('every newest value in the page is the one of the API, and each range is answered', async (t) => {
  for (const range of ['1h', '6h', '1d', '7d']) {
    const answer = await getJson(service, `/v1/dashboards/on-call?range=${range}`);
    const { body } = await raw(service, `/console/panels/on-call?range=${range}`);
    t.is((await getJson(service, `/v1/dashboards/on-call?range=${range}`)).to, answer.to);
    let count = 0;
    for (const { kind, lines } of panelsOf(answer)) {
      for (const line of lines) {
        if (kind === 'heatmap' || line.points.at(-1)?.[0] !== Date.parse(answer.to) / 1_000)
          continue;
        const value = newest(line);
        if (!Number.isFinite(value)) continue;
        t.true(body.includes(`<data value="${value}">`), `${range} ${line.query}`);
        count++;
      }
    }
    t.true(count > 10, `${range}: ${count}`);
  }
});

test('answers are as the OpenAPI document says; what is not there is named', async (t) => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(await getJson(service, '/openapi.json'), 'document');
  const check = (schema: string, value: unknown) => {
    const isValid = ajv.compile({ $ref: `document#/components/schemas/${schema}` });
    t.true(isValid(value), JSON.stringify(isValid.errors));
  };
  const all = await getJson(service, '/v1/dashboards');
  check('Dashboards', all);
  for (const { links } of all.dashboards) check('Dashboard', await getJson(service, links.self));
  t.is((await raw(service, '/v1/dashboards/none')).status, 404);
  t.is((await raw(service, '/v1/dashboards/on-call?range=9y')).status, 400);
  t.is((await raw(service, '/console/panels/none')).status, 404);
});

test('the page of a stream has its throughput and lag, with the figures of the pipeline’s panels', async (t) => {
  const answer = await getJson(service, '/v1/dashboards/pipeline?range=1h');
  const { body } = await raw(service, '/console/streams/transactions');
  for (const title of ['Messages received per second', 'Watermark lag']) {
    const panel = panelsOf(answer).find((each) => each.title === title);
    t.true(body.includes(`>${title}</h3>`));
    t.true(body.includes(`<data value="${newest(panel?.lines[0])}">`), title);
  }
  t.regex((await raw(service, '/console/streams/typed')).body, /Does an ingester run/);
});
