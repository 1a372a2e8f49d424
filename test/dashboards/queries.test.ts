/** Every query of every panel, and of every alert policy, run by a real Prometheus over metrics scraped from the running service. */
import test from 'ava';
import { queriesOf } from '../../dashboards/index.ts';
import { eventually, temporaryFolder } from '../helpers/highwater-process.ts';
import { findPrometheus, startPrometheus } from '../helpers/prometheus.ts';
import { startedHighwater } from '../helpers/started-highwater.ts';
import { shippedVariables } from '../terraform/shipped.ts';
import { shippedDashboards } from './shipped.ts';

/** Series that do not exist while all is well on a laptop, and why. */
const SILENT: readonly (readonly [RegExp, string])[] = [
  [/telemetry_exports_total/, 'nothing is exported: TELEMETRY_EXPORTER is none'],
];
const DEADLINE_MS = 90_000;

test('every panel’s query answers, and every alert’s is one that Prometheus takes', async (t) => {
  t.timeout(600_000);
  const found = await findPrometheus(3);
  if (found.kind === 'missing') {
    if (process.env['CI']) t.fail(found.reason);
    else t.pass(`skipped. ${found.reason}`);
    return;
  }
  const folder = temporaryFolder();
  const service = await startedHighwater([], {
    HIGHWATER_DATA_DIR: folder.path,
    SIMULATE_RATE: '50',
    CANARY_INTERVAL: '1s',
  });
  try {
    const { url: api, metricsUrl } = service;
    const prometheus = await startPrometheus(found, {
      scrape: { url: `${metricsUrl}/metrics`, intervalSeconds: 1 },
    });
    try {
      const queries = panelQueries();
      t.true(queries.length > 80);
      const expected = queries.filter((text) => !SILENT.some(([pattern]) => pattern.test(text)));
      for (const text of expected) {
        await eventually(
          `an answer to ${text}`,
          async () => {
            await fetch(`${api}/v1/streams`);
            return (await countOf(prometheus.url, text)) > 0;
          },
          DEADLINE_MS,
        );
      }
      // An alert that is quiet answers nothing; a query that is none is refused.
      const quiet = [...queries.filter((text) => !expected.includes(text)), ...alertQueries()];
      for (const text of quiet) await t.notThrowsAsync(countOf(prometheus.url, text));
      t.log(
        `${expected.length} of ${queries.length} panel queries answered; ${alertQueries().length} alert queries taken`,
      );
    } finally {
      await prometheus.close();
    }
  } finally {
    await service.close();
    folder.remove();
  }
});

function panelQueries(): readonly string[] {
  const panels = shippedDashboards().flatMap(({ sections }) =>
    sections.flatMap((section) => section.panels),
  );
  return [...new Set(panels.flatMap((panel) => queriesOf(panel).map(({ promql }) => promql)))];
}

function alertQueries(): readonly string[] {
  return Object.values(shippedVariables()['alert_policies'] ?? {}).flatMap((policy) =>
    (policy['conditions'] as readonly { readonly query: string }[]).map(({ query }) => query),
  );
}

/** Elements of the answer, NaN included. @throws Error where Prometheus refuses the query. */
async function countOf(url: string, promql: string): Promise<number> {
  const response = await fetch(`${url}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query: promql }),
  });
  const body = (await response.json()) as {
    readonly status: string;
    readonly error?: string;
    readonly data?: { readonly result: readonly unknown[] };
  };
  if (body.status !== 'success') throw new Error(`${promql}: ${body.error}`);
  return body.data?.result.length ?? 0;
}
