/** Values that are read when metrics are collected: told while they can be read, and never held over. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ExportResult } from '@opentelemetry/core';
import { ExportResultCode } from '@opentelemetry/core';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { AggregationTemporality, MeterProvider } from '@opentelemetry/sdk-metrics';
import test from 'ava';
import { systemClock, VirtualClock } from '../../runtime/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { createMetrics, metricViews, SampleReader } from '../../telemetry/index.ts';
import { ExportReader } from '../../telemetry/export-reader.ts';

/** Metrics with a reader as `/metrics` has it and one as exports have it. */
function rig(clock: Clock = systemClock, sums = AggregationTemporality.CUMULATIVE) {
  const exported: ResourceMetrics[] = [];
  const exporter = {
    export: (batch: ResourceMetrics, done: (result: ExportResult) => void) => {
      exported.push(batch);
      done({ code: ExportResultCode.SUCCESS });
    },
    selectAggregationTemporality: () => sums,
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
  const reader = new SampleReader();
  const exports = new ExportReader({ exporter, intervalMs: 3_600_000, beside: reader });
  const provider = new MeterProvider({ readers: [reader, exports], views: metricViews() });
  const metrics = createMetrics(provider.getMeter('test'), reader, clock);
  return {
    metrics,
    exports,
    close: () => provider.shutdown(),
    /** Values by way, of the metric `name` alone. */
    scraped: async (name: string) => {
      const samples = await metrics.samples();
      return samples.filter((each) => each.name === name).map(({ value }) => value);
    },
    exportedNow: async (name: string) => {
      exported.length = 0;
      await exports.forceFlush();
      return exported
        .flatMap(({ scopeMetrics }) => scopeMetrics)
        .flatMap((scope) => scope.metrics)
        .filter(({ descriptor }) => descriptor.name === name)
        .flatMap(({ dataPoints }) => dataPoints.map(({ value }) => value));
    },
  };
}

test('a gauge that does not change is told at every collection', async (t) => {
  const { metrics, scraped, exportedNow, close } = rig();
  metrics.observe('ingest_is_paused', () => [{ labels: { stream: 'events' }, value: 1 }]);
  for (let round = 0; round < 3; round++) {
    t.deepEqual(await scraped('ingest_is_paused'), [1]);
    t.deepEqual(await exportedNow('ingest_is_paused'), [1]);
  }
  await close();
});

test('a gauge whose reader fails is a gap, and is back with its reader', async (t) => {
  const { metrics, scraped, exportedNow, close } = rig();
  let isBroken = false;
  metrics.observe('ingest_is_paused', () => {
    if (isBroken) throw new Error('no answer');
    return [{ labels: { stream: 'events' }, value: 0 }];
  });
  t.deepEqual(await exportedNow('ingest_is_paused'), [0]);
  isBroken = true;
  // What the other way had read in between may be told once more, and never again.
  await exportedNow('ingest_is_paused');
  await scraped('ingest_is_paused');
  t.deepEqual(await exportedNow('ingest_is_paused'), []);
  t.deepEqual(await scraped('ingest_is_paused'), []);
  isBroken = false;
  t.deepEqual(await exportedNow('ingest_is_paused'), [0]);
  t.deepEqual(await scraped('ingest_is_paused'), [0]);
  await close();
});

test('a gauge that is no longer observed is no longer told', async (t) => {
  const { metrics, scraped, close } = rig();
  const stop = metrics.observe('http_server_active_requests', () => [{ labels: {}, value: 7 }]);
  t.deepEqual(await scraped('http_server_active_requests'), [7]);
  stop();
  t.deepEqual(await scraped('http_server_active_requests'), []);
  await close();
});

test('a reader that hangs costs two seconds and its own values, and is not asked twice meanwhile', async (t) => {
  const clock = new VirtualClock();
  const { metrics, scraped, close } = rig(clock);
  let askedCount = 0;
  const hanging = Promise.withResolvers<readonly { labels: object; value: number }[]>();
  metrics.observe('canary_age_seconds', () => {
    askedCount += 1;
    return askedCount === 1 ? hanging.promise : [{ labels: {}, value: 3 }];
  });
  metrics.observe('http_server_active_requests', () => [{ labels: {}, value: 7 }]);
  for (let round = 0; round < 2; round++) {
    const samples = metrics.samples();
    await clock.advance(2_000);
    const names = (await samples).map(({ name }) => name);
    t.true(names.includes('http_server_active_requests'));
    t.false(names.includes('canary_age_seconds'));
  }
  t.is(askedCount, 1);
  hanging.resolve([{ labels: {}, value: 2 }]);
  await clock.advance(0);
  t.deepEqual(await scraped('canary_age_seconds'), [3]);
  await close();
});

test('counters stay totals for /metrics where exports are asked for increases', async (t) => {
  const { metrics, scraped, exportedNow, close } = rig(systemClock, AggregationTemporality.DELTA);
  const name = 'ingest_retries_total';
  const retries = metrics.counter(name, { stream: 'events' });
  retries.add(2);
  t.deepEqual(await exportedNow(name), [2]);
  retries.add(3);
  t.deepEqual(await exportedNow(name), [3]);
  t.deepEqual(await scraped(name), [5]);
  await close();
});

test('a process that nobody scrapes keeps nothing back for a scraper', async (t) => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const { metrics, exports, close } = rig();
  const series = Array.from({ length: 40 }, (_, n) =>
    metrics.histogram('http_server_request_duration_seconds', {
      http_request_method: 'GET',
      http_route: `/${n}`,
      http_response_status_code: '200',
    }),
  );
  const run = async (count: number) => {
    for (let n = 0; n < count; n++) {
      for (const each of series) each.observe(0.1);
      await exports.collect();
    }
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const beforeBytes = await run(200);
  const afterBytes = await run(1_000);
  // Held back, 1,000 collections of 40 histograms of 13 bounds are more than 10 MB.
  t.true(afterBytes - beforeBytes < 5e6, `${afterBytes - beforeBytes} bytes more`);
  await close();
});
