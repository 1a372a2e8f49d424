/**
 * Every query of every dashboard and of every alert policy, as Terraform hands them to Cloud Monitoring, run by a real Prometheus over
 * metrics that it scrapes from the running service: all return data, or say here why they cannot.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../runtime/index.ts';
import { eventually, temporaryFolder } from '../helpers/highwater-process.ts';
import { findPrometheus, queryPrometheus, startPrometheus } from '../helpers/prometheus.ts';
import { startedHighwater } from '../helpers/started-highwater.ts';
import { shippedSource, shippedVariables } from '../terraform/shipped.ts';
import { ROOT } from './shipped.ts';

/** What a service on a laptop does not send while all is well, by the very query, and why. Each has to be as silent as it says. */
const SILENT: Readonly<Record<string, string>> = {
  'max by (check_id) (monitoring_googleapis_com:uptime_check_check_passed)':
    'Google’s own metric: its uptime check looks from outside, and there is none on a laptop',
};
const DEADLINE_MS = 120_000;

/** A query that has to return data, and whose it is. */
interface Asked {
  readonly of: string;
  readonly promql: string;
}

test('every query of a dashboard and every side of an alert’s condition returns data from the running service', async (t) => {
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
    const prometheus = await startPrometheus(found, {
      scrape: { url: `${service.metricsUrl}/metrics`, intervalSeconds: 1 },
    });
    try {
      const conditions = alertConditions();
      const asked = [...dashboardQueries(), ...conditions.flatMap(sidesOf)];
      t.true(conditions.length > 30);
      const unanswered = new Map(asked.map((each) => [each.promql, each.of]));
      for (const promql of Object.keys(SILENT)) t.true(unanswered.delete(promql), promql);
      const ask = async (promql: string) => {
        const answer = await queryPrometheus(prometheus, promql, systemClock.nowMs());
        return answer.some(({ value }) => !Number.isNaN(value));
      };
      await eventually(
        'data from every query',
        async () => {
          await fetch(`${service.url}/v1/streams`);
          await fetch(`${service.url}/v1/streams/transactions/events?limit=1`);
          for (const promql of unanswered.keys()) if (await ask(promql)) unanswered.delete(promql);
          return unanswered.size === 0;
        },
        DEADLINE_MS,
      ).catch(() => undefined);
      t.deepEqual(
        [...unanswered].map(([promql, of]) => `${of}: ${promql}`),
        [],
      );
      for (const promql of Object.keys(SILENT)) t.false(await ask(promql), promql);
      // Whole conditions answer only while something is wrong; what Prometheus could not read would throw.
      for (const { promql } of conditions) await t.notThrowsAsync(ask(promql), promql);
      t.log(
        `${dashboardQueries().length} queries of dashboards, ${conditions.length} conditions of alert policies with ${new Set(conditions.flatMap(sidesOf).map(({ promql }) => promql)).size} sides; ${Object.keys(SILENT).length} silent`,
      );
    } finally {
      await prometheus.close();
    }
  } finally {
    await service.close();
    folder.remove();
  }
});

/** From the files that Terraform uploads. */
function dashboardQueries(): readonly Asked[] {
  return shippedSource().dashboards.flatMap(({ path }) => {
    const text = readFileSync(join(ROOT, path), 'utf8');
    const queries: Asked[] = [];
    JSON.parse(text, (key, value: unknown) => {
      if (key === 'prometheusQuery') queries.push({ of: path, promql: String(value) });
      return value;
    });
    return queries;
  });
}

function alertConditions(): readonly Asked[] {
  return Object.entries(shippedVariables()['alert_policies'] ?? {}).flatMap(([of, policy]) =>
    (policy['conditions'] as readonly { readonly query: string }[]).map(({ query }) => ({
      of,
      promql: query,
    })),
  );
}

/**
 * What a condition compares, without the comparison: it holds only while something is wrong, and what it looks at has to be there
 * before. A condition is joined by `and`, each part ends with its bound or asks whether something is absent.
 */
function sidesOf({ of, promql }: Asked): readonly Asked[] {
  return promql.split('\nand\n').map((part) => {
    const side =
      /^absent\(([^]*)\)$/.exec(part)?.[1] ?? /^([^]*) (?:>|<|>=) [\d.e+-]+$/.exec(part)?.[1];
    if (side === undefined) throw new Error(`${of}: no condition in ${part}`);
    return { of, promql: side };
  });
}
