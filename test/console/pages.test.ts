/** The console's pages as any client gets them: the API's figures, escaped text, plain errors, small assets. */
import { brotliDecompressSync } from 'node:zlib';
import { get as httpGet } from 'node:http';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import test from 'ava';
import { getJson, raw } from '../service/server.ts';
import { startSeeded } from './seeded-service.ts';

/** All `<data value>` within the element of that id, in order. */
function figuresIn(page: string, id: string): readonly number[] {
  const [, rest = ''] = page.split(`id="${id}"`);
  const [element = ''] = rest.split('</article>');
  return [...element.matchAll(/<data value="([^"]+)">/g)].map(([, value]) => Number(value));
}

test('every figure of an SLO card is the one of the API', async (t) => {
  const service = await startSeeded(40);
  t.teardown(() => service.stop());
  const page = (await raw(service, '/console')).body;
  const { slos } = await getJson(service, '/v1/slos');
  t.true(slos.length >= 4);
  for (const slo of slos) {
    const burnRate = (seconds: number) =>
      slo.burn_rates.find((each: { window_seconds: number }) => each.window_seconds === seconds)
        ?.burn_rate;
    const expected = [
      slo.sli_ratio,
      slo.objective_percent,
      slo.budget?.remaining_ratio,
      ...slo.tiers.flatMap((tier: Record<string, number>) => [
        burnRate(tier['long_window_seconds']!),
        burnRate(tier['short_window_seconds']!),
        tier['factor'],
      ]),
    ].filter((each) => each !== null && each !== undefined);
    t.deepEqual(figuresIn(page, `slo-${slo.name}`).slice(0, expected.length), expected, slo.name);
  }
});

test('one line says whether users are served, and the playbook of what is wrong is on the page', async (t) => {
  const [well, ill] = [await startSeeded(), await startSeeded(60)];
  t.teardown(() => Promise.all([well.stop(), ill.stop()]));
  const verdict = async (service: typeof well) =>
    /<h1 id="verdict">([^<]*)</.exec((await raw(service, '/console')).body)?.[1];
  t.regex((await verdict(well)) ?? '', /^Users are served/);
  t.is(await verdict(ill), 'Users are affected: Requests succeed is missed');
  t.regex((await raw(ill, '/console')).body, /First five minutes/);
  t.notRegex((await raw(well, '/console')).body, /First five minutes/);
});

test('the page of an SLO says where bad events come from, and its budget goes down to what is left', async (t) => {
  const service = await startSeeded(40);
  t.teardown(() => service.stop());
  const slo = await getJson(service, '/v1/slos/api-availability');
  const burnDown = await getJson(service, '/v1/slos/api-availability/burn-down');
  const breakdown = await getJson(service, '/v1/slos/api-availability/breakdown');
  t.is(burnDown.points.at(-1).remaining_ratio, slo.budget.remaining_ratio);
  t.is(burnDown.points[0].remaining_ratio, 1);
  const falls = burnDown.points.map((each: { remaining_ratio: number }) => each.remaining_ratio);
  t.deepEqual(
    falls,
    falls.toSorted((a: number, b: number) => b - a),
  );
  t.deepEqual(
    breakdown.rows.map((each: { value: string }) => each.value),
    ['/v1/streams'],
  );
  // A failed request in five for 40 of 240 steps, on one of two routes.
  t.true(Math.abs(breakdown.rows[0].bad_count - slo.counted.bad_count) < 1e-6);
  const page = (await raw(service, '/console/slos/api-availability')).body;
  t.true(page.includes(`<data value="${slo.budget.remaining_ratio}">`));
  t.true(page.includes(`<data value="${breakdown.rows[0].bad_count}">`));
});

test('burn-down and breakdown answer as the OpenAPI document says', async (t) => {
  const service = await startSeeded(40);
  t.teardown(() => service.stop());
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  ajv.addSchema(await getJson(service, '/openapi.json'), 'document');
  for (const [path, schema] of [
    ['burn-down', 'SloBurnDown'],
    ['breakdown', 'SloBreakdown'],
  ] as const) {
    const isValid = ajv.compile({ $ref: `document#/components/schemas/${schema}` });
    for (const { name } of service.evaluator.slos) {
      const answer = await getJson(service, `/v1/slos/${name}/${path}`);
      t.true(isValid(answer), `${name}: ${JSON.stringify(isValid.errors)}`);
    }
  }
});

test('stored text is shown as text', async (t) => {
  const service = await startSeeded();
  t.teardown(() => service.stop());
  const typed = (await raw(service, '/console/streams/typed')).body;
  t.true(typed.includes('One column of each type &#38; &#60;a tag&#62;.'));
  const quarantine = (await raw(service, '/console/streams/transactions')).body;
  t.true(quarantine.includes('{&#34;amount&#34;:0}'));
  t.true(quarantine.includes('a &#34;b&#34;, =c'));
});

test('what is not there is a page that says so, with the status of the API', async (t) => {
  const service = await startSeeded();
  t.teardown(() => service.stop());
  for (const path of ['/console/slos/none', '/console/streams/none']) {
    const answer = await raw(service, path);
    t.is(answer.status, 404);
    t.regex(String(answer.headers['content-type']), /^text\/html/);
    t.regex(answer.body, /There is no (?:SLO|stream) none/);
  }
  t.is((await raw(service, '/console/none')).status, 404);
  t.is((await raw(service, '/console', { headers: { accept: 'application/json' } })).status, 406);
});

test('a page allows nothing from elsewhere and nothing inline', async (t) => {
  const service = await startSeeded();
  t.teardown(() => service.stop());
  for (const path of ['/console', '/console/slos/api-latency', '/console/streams/transactions']) {
    const { headers, body } = await raw(service, path);
    const policy = String(headers['content-security-policy']);
    t.regex(policy, /default-src 'none'/);
    t.notRegex(policy, /unsafe|http|data:|\*/);
    t.notRegex(body, /<style|\sstyle=|\son[a-z]+=|javascript:/);
    t.notRegex(body, /(?:src|href)="(?:https?:)?\/\//);
  }
});

test('script and style are small, compressed, and kept by the browser for good', async (t) => {
  const service = await startSeeded();
  t.teardown(() => service.stop());
  const { body } = await raw(service, '/console');
  const urls = [...body.matchAll(/(?:src|href)="(\/console\/assets\/[^"]+)"/g)].map(
    ([, url]) => url!,
  );
  t.is(urls.length, 4);
  let bytes = 0;
  for (const url of urls) {
    const [packed, plain] = await Promise.all([
      fetched(service.url + url, { 'accept-encoding': 'br' }),
      fetched(service.url + url, {}),
    ]);
    t.is(packed.headers['content-encoding'], 'br');
    t.regex(String(packed.headers['cache-control']), /immutable/);
    t.deepEqual(brotliDecompressSync(packed.body), plain.body);
    bytes += packed.body.byteLength;
  }
  t.true(bytes < 150_000, `${bytes} bytes`);
});

test('the live feed tells of a new evaluation, and ends when the service stops', async (t) => {
  const service = await startSeeded();
  const events: string[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    const request = httpGet(`${service.url}/console/live`, (response) => {
      t.is(response.headers['content-type'], 'text/event-stream; charset=utf-8');
      response.setEncoding('utf8');
      response.on('data', (text: string) => events.push(text));
      response.on('end', resolve);
    });
    request.on('error', reject);
  });
  const told = async () => {
    for (let tries = 0; tries < 200; tries++) {
      if (events.join('').includes('event: update')) return true;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
  };
  while (events.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await service.scrape(0);
  t.true(await told());
  await service.stop();
  await ended;
});

function fetched(url: string, headers: Record<string, string>) {
  return new Promise<{ headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
    httpGet(url, { headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
    }).on('error', reject);
  });
}
