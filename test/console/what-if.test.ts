/** Another target over the recorded past: figures worked by hand from the counts, pages by the backtest, and the service goes on. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Ajv2020 } from 'ajv/dist/2020.js';
import test from 'ava';
import { systemClock } from '../../runtime/index.ts';
import { loadSlos, recordedCounts, withTarget } from '../../slo/index.ts';
import { localSignalReader, MetricStore } from '../../telemetry/index.ts';
import { getJson, raw } from '../service/server.ts';
import { startSeeded } from './seeded-service.ts';
import type { SeededService } from './seeded-service.ts';

let service: SeededService;
test.before(async () => {
  service = await startSeeded(40);
});
test.after.always(() => service?.stop());
const PATH = '/v1/slos/api-availability/what-if';

test('budget follows the counts, and pages follow the tiers', async (t) => {
  const slo = await getJson(service, '/v1/slos/api-availability');
  const { bad_count: bad, valid_count: valid } = slo.counted;
  const loose = await getJson(service, `${PATH}?target=90`);
  t.true(Math.abs(loose.proposed.remaining_ratio - (1 - bad / (valid * 0.1))) < 1e-9);
  t.is(loose.current.remaining_ratio, slo.budget.remaining_ratio);
  t.true(loose.current.page_count > 0, 'a tenth of all requests fail: a hundred times 0.1 %');
  // A tenth of all is the pace of 90 % itself: below the factors of 3, 6 and 14.4.
  t.is(loose.proposed.page_count, 0);
  const same = await getJson(service, `${PATH}?target=${slo.objective_percent}`);
  t.deepEqual(same.proposed, same.current);
});

test('the page has the figures of the API, and asks again for what is no target', async (t) => {
  const answer = await getJson(service, `${PATH}?target=99.5`);
  const { body } = await raw(service, '/console/slos/api-availability?target=99.5');
  for (const side of [answer.current, answer.proposed]) {
    for (const name of ['allowed_count', 'remaining_ratio', 'page_count', 'ticket_count']) {
      t.true(body.includes(`<data value="${side[name]}">`), name);
    }
  }
  t.is((await raw(service, `${PATH}?target=100`)).status, 400);
  t.is((await raw(service, PATH)).status, 400);
  const wrong = await raw(service, '/console/slos/api-availability?target=101');
  t.is(wrong.status, 200);
  t.regex(wrong.body, /expected a percentage above 0 and below 100/);
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(await getJson(service, '/openapi.json'), 'document');
  const isValid = ajv.compile({ $ref: 'document#/components/schemas/SloWhatIf' });
  t.true(isValid(answer), JSON.stringify(isValid.errors));
});

test('too many questions at once are sent away, and answered ones are kept', async (t) => {
  const targets = Array.from({ length: 8 }, (_, index) => `9${index}.25`);
  const answers = await Promise.all(targets.map((each) => raw(service, `${PATH}?target=${each}`)));
  const statuses = answers.map(({ status }) => status);
  t.true(statuses.includes(200) && statuses.includes(503), statuses.join());
  t.true(statuses.filter((each) => each === 200).length <= 5);
});

test('an objective that is another one leaves windows and factors, and moves thresholds', (t) => {
  const [slo] = loadSlos('slo', []).filter(({ name }) => name === 'api-availability');
  const other = withTarget(slo!, '99.5');
  t.deepEqual(
    other?.tiers.map(({ factor, thresholdRatio }) => [factor.text, thresholdRatio.text]),
    [
      ['14.4', '0.072'],
      ['6', '0.03'],
      ['3', '0.015'],
      ['1', '0.005'],
    ],
  );
  t.is(withTarget(slo!, '100'), undefined);
  t.is(withTarget(slo!, 'all'), undefined);
});

test('a week of counts is read without holding up the service', async (t) => {
  const store = new MetricStore();
  const toMs = Math.floor(systemClock.nowMs() / 120_000) * 120_000;
  const fromMs = toMs - 7 * 86_400_000;
  const labels = { http_request_method: 'GET', http_route: '/v1/streams' };
  let [good, bad] = [0, 0];
  for (let atMs = fromMs; atMs <= toMs; atMs += 60_000) {
    good += 100;
    if (atMs > toMs - 3_600_000) bad += 10;
    const sample = (code: string, value: number) =>
      ({
        name: 'http_server_request_duration_seconds_count',
        labels: { ...labels, http_response_status_code: code },
        value,
        kind: 'counter',
      }) as const;
    store.append('test', atMs, [sample('200', good), sample('503', bad)]);
  }
  const [slo] = loadSlos('slo', []).filter(({ name }) => name === 'api-availability');
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const counts = await recordedCounts(localSignalReader(store), slo!, {
    fromMs,
    toMs,
    stepMs: 120_000,
  });
  delay.disable();
  t.true(counts.length >= 5_038, String(counts.length));
  const sum = counts.reduce((total, each) => total + each.badCount, 0);
  // Ten a minute for an hour; steps of two samples are extrapolated at both ends of the hour.
  t.true(Math.abs(sum - 600) <= 40, String(sum));
  t.log(`longest turn ${Math.round(delay.max / 1e6)} ms`);
  t.true(delay.max / 1e6 < 500, `${delay.max / 1e6} ms`);
});
