/** The console in a real Chromium: it opens clean, stays live, survives a restart, and anybody can use it. */
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import anyTest from 'ava';
import type { TestFn } from 'ava';
import type { Browser, Page } from 'playwright-core';
import { systemClock } from '../../runtime/index.ts';
import { chromiumPath, HOW_TO_GET_CHROMIUM, openBrowser } from './browser.ts';
import { startSeeded } from './seeded-service.ts';
import type { SeededService } from './seeded-service.ts';

const PATHS = [
  '/console',
  '/console/slos/api-availability',
  '/console/slos/api-latency',
  '/console/slos/api-availability?target=99',
  '/console/incidents',
  '/console/game-day',
  '/console/panels',
  '/console/panels/pipeline?range=7d',
  '/console/panels/slo-burn',
  '/console/streams',
  '/console/streams/transactions',
  '/console/streams/typed',
  '/console/traces/5e2ae1b5c0f24d5f9a0d3c5b7a1f2e3d',
  '/console/slos/none',
];
const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
/** Where a picture for the README is kept, if asked for. */
const PICTURE = process.env['HIGHWATER_CONSOLE_PICTURE'];
/** A folder for pictures of all pages, to be looked at. */
const PICTURES = process.env['HIGHWATER_CONSOLE_PICTURES'];

const test = anyTest.serial as unknown as TestFn<{ browser: Browser; service: SeededService }>;
const isMissing = chromiumPath() === undefined;
const run = isMissing && process.env['CI'] === undefined ? test.skip : test;
if (isMissing) console.log(HOW_TO_GET_CHROMIUM);

test.before('a browser and a service', async (t) => {
  if (isMissing && process.env['CI'] === undefined) return;
  const browser = await openBrowser();
  if (!browser) throw new Error(HOW_TO_GET_CHROMIUM);
  t.context.browser = browser;
  t.context.service = await startSeeded(40);
});

test.after.always('closed', async (t) => {
  await t.context.browser?.close();
  await t.context.service?.stop();
});

/** A page whose errors are collected; the 404 of a page that is meant to be none is no error of ours. */
async function opened(browser: Browser, options: Parameters<Browser['newPage']>[0] = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 404/.test(message.text()))
      errors.push(message.text());
  });
  return { page, errors };
}

/** Whether it comes true within half a minute; a page's policy refuses what a driver would evaluate in it. */
async function eventually(isTrue: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 150; tries++) {
    if (await isTrue()) return true;
    await systemClock.sleep(200);
  }
  return false;
}

const connected = (page: Page) =>
  page.waitForSelector('#connection[data-state="live"]', { timeout: 30_000 });

/** Between two looks at the memory. */
const RENEWALS = 30;
const LOOKS = [
  ['in light on a desk', { colorScheme: 'light' }],
  ['in dark on a phone', { colorScheme: 'dark', viewport: { width: 380, height: 740 } }],
] as const;

for (const [look, options] of LOOKS) {
  for (const path of PATHS) {
    run(`${path} opens without an error or an accessibility violation, ${look}`, async (t) => {
      const { browser, service } = t.context;
      const { page, errors } = await opened(browser, options);
      await page.goto(service.url + path);
      await connected(page);
      const { passedCount, violations } = await accessibility(page);
      t.true(passedCount > 10, 'axe ran');
      t.deepEqual(violations, []);
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      t.true(Number(overflow) <= 0, `it is ${String(overflow)} px too wide`);
      t.deepEqual(errors, []);
      if (PICTURES !== undefined) {
        const name = `${path.slice(1).replaceAll(/\W/g, '-')}-${options.colorScheme}.png`;
        await page.screenshot({ path: `${PICTURES}/${name}`, fullPage: true });
      }
      await page.close();
    });
  }
}

/** Runs axe in a world of its own beside the page's, so that the page's policy stands as it is. */
async function accessibility(page: Page) {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send('Page.getFrameTree');
  const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', {
    frameId: frameTree.frame.id,
  });
  const evaluate = (expression: string) =>
    session.send('Runtime.evaluate', {
      expression,
      contextId,
      awaitPromise: true,
      returnByValue: true,
    });
  await evaluate(AXE);
  const { result } = await evaluate(
    'axe.run(document).then(({ violations, passes }) => ({ passedCount: passes.length, violations: violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`) }))',
  );
  return result.value as { passedCount: number; violations: readonly string[] };
}

run('a page renews itself, and what the reader opened stays open', async (t) => {
  const { browser, service } = t.context;
  const { page, errors } = await opened(browser);
  await page.goto(`${service.url}/console`);
  await connected(page);
  const spent = () =>
    page.locator('#slo-api-availability data').nth(2).getAttribute('value').then(Number);
  const before = await spent();
  const openCount = await page.locator('details.playbook[open]').count();
  await page.locator('details.playbook:not([open]) summary').first().click();
  await service.scrape(30);
  await service.scrape(30);
  t.true(await eventually(async () => (await spent()) < before));
  const api = (await (await fetch(`${service.url}/v1/slos/api-availability`)).json()) as {
    budget: { remaining_ratio: number };
  };
  t.is(await spent(), api.budget.remaining_ratio);
  t.is(await page.locator('details.playbook[open]').count(), openCount + 1);
  if (PICTURE !== undefined) {
    mkdirSync(dirname(PICTURE), { recursive: true });
    const unfolded = page.locator('details[open] > summary');
    while ((await unfolded.count()) > 0) await unfolded.first().click();
    await page.evaluate('scrollTo(0, 0)');
    await page.screenshot({ path: PICTURE });
  }
  t.deepEqual(errors, []);
  await page.close();
});

run('a page says that the service is gone, and is live again once it is back', async (t) => {
  const { browser } = t.context;
  const first = await startSeeded(0);
  const { page } = await opened(browser);
  await page.goto(`${first.url}/console`);
  await connected(page);
  await first.stop();
  await page.waitForSelector('#connection[data-state="lost"]', { timeout: 30_000 });
  t.regex((await page.locator('#connection').textContent()) ?? '', /figures are old|trying again/);
  const second = await startSeeded(40, first.port);
  t.teardown(() => second.stop());
  await connected(page);
  const verdict = page.locator('#verdict');
  t.true(
    await eventually(async () => !(await verdict.textContent())?.startsWith('Users are served')),
  );
  await page.close();
});

for (const [look, options] of LOOKS) {
  run(`an incident opens without an error or a violation, ${look}`, async (t) => {
    const { browser, service } = t.context;
    const [open] = service.alerts.log.incidents({ isOpen: true, countMax: 1 });
    const { page, errors } = await opened(browser, options);
    await page.goto(`${service.url}/console/incidents/${encodeURIComponent(open!.incident.id)}`);
    await connected(page);
    t.deepEqual((await accessibility(page)).violations, []);
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    t.true(Number(overflow) <= 0, `it is ${String(overflow)} px too wide`);
    t.true((await page.locator('svg.series polyline').count()) > 0);
    t.deepEqual(errors, []);
    if (PICTURES !== undefined) {
      await page.screenshot({
        path: `${PICTURES}/incident-${options.colorScheme}.png`,
        fullPage: true,
      });
    }
    await page.close();
  });
}

run(
  'an alert is acknowledged and silenced without script, and what is being written is kept',
  async (t) => {
    const service = await startSeeded(40);
    t.teardown(() => service.stop());
    const { browser } = t.context;
    const scriptless = (await opened(browser, { javaScriptEnabled: false })).page;
    await scriptless.goto(`${service.url}/console`);
    const alert = scriptless.locator('.card.alert').first();
    await alert.getByText('Acknowledge', { exact: true }).first().click();
    await alert.locator('[name=by]').first().fill('kim');
    await alert.locator('[name=note]').fill('looking');
    await alert.locator('button', { hasText: 'Acknowledge' }).click();
    t.is(new URL(scriptless.url()).pathname, '/console');
    t.true(
      (await scriptless.locator('.card.alert').first().textContent())?.includes(
        'Acknowledged by kim',
      ),
    );
    await alert.locator('summary', { hasText: 'Silence' }).click();
    await alert.locator('form').nth(1).locator('[name=by]').fill('kim');
    await alert.locator('[name=reason]').fill('a move');
    await alert.locator('button', { hasText: 'Silence' }).click();
    t.is(service.alerts.known.state.silences[0]?.reason, 'a move');
    await scriptless.close();

    const { page } = await opened(browser);
    await page.goto(`${service.url}/console`);
    await connected(page);
    const note = page.locator('.card.alert [name=note]').first();
    await page.locator('.card.alert .forms summary').first().click();
    await note.fill('half a sen');
    await page.evaluate(
      `(async () => { document.dispatchEvent(new Event('highwater:renew')); await new Promise((done) => document.addEventListener('highwater:renewed', done, { once: true })); })()`,
    );
    t.is(await note.inputValue(), 'half a sen');
    await page.close();
  },
);

run('every page is usable within a second of opening', async (t) => {
  const { browser, service } = t.context;
  const { page } = await opened(browser);
  // The browser's own start is not the page's.
  await page.goto(`${service.url}/console/slos/none`);
  for (const path of PATHS) {
    const times: number[] = [];
    for (let tries = 0; tries < 3; tries++) {
      await page.goto(service.url + path, { waitUntil: 'domcontentloaded' });
      times.push(
        Number(await page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive")),
      );
    }
    const quickest = Math.min(...times);
    t.log(`${path} ${Math.round(quickest)} ms`);
    t.true(quickest < 1_000, `${path}: ${times.map(Math.round).join(', ')} ms`);
  }
  await page.close();
});

run('without script the essentials are there', async (t) => {
  const { browser, service } = t.context;
  const { page } = await opened(browser, { javaScriptEnabled: false });
  await page.goto(`${service.url}/console`);
  t.regex((await page.locator('#verdict').textContent()) ?? '', /Users/);
  t.true((await page.locator('.card').count()) >= 4);
  await page.locator('.cards .card a').first().click();
  t.regex(page.url(), /\/console\/slos\//);
  await page.close();
});

run('times are the reader’s own, with UTC beside', async (t) => {
  const { browser, service } = t.context;
  const { page } = await opened(browser, { timezoneId: 'Asia/Kolkata', locale: 'en-GB' });
  await page.goto(`${service.url}/console`);
  await connected(page);
  const time = page.locator('.verdict time');
  const at = new Date((await time.getAttribute('datetime')) ?? '');
  const local = at.toLocaleTimeString('en-GB', { timeZone: 'Asia/Kolkata', timeStyle: 'medium' });
  t.is(await time.textContent(), `${local} (${at.toISOString().slice(11, 19)} UTC)`);
  await page.close();
});

run('a page left open does not grow', async (t) => {
  const { browser, service } = t.context;
  const { page } = await opened(browser);
  await page.goto(`${service.url}/console`);
  await connected(page);
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  // A day has 17,280 renewals, one every 5 s; what leaks shows by its slope over a few dozen.
  const after = async (renewals: number) => {
    await page.evaluate(
      `(async () => { for (let i = 0; i < ${renewals}; i++) { document.dispatchEvent(new Event('highwater:renew')); await new Promise((done) => document.addEventListener('highwater:renewed', done, { once: true })); } })()`,
    );
    for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage');
    const { nodes } = await session.send('Memory.getDOMCounters');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    return { nodes, usedSize };
  };
  await after(40);
  const states = [await after(1)];
  for (let round = 0; round < 4; round++) states.push(await after(RENEWALS));
  const growths = states.slice(1).map((each, index) => ({
    nodes: (each.nodes - states[index]!.nodes) / RENEWALS,
    bytes: (each.usedSize - states[index]!.usedSize) / RENEWALS,
  }));
  // What the browser compiles and caches comes at some time; a leak is in every round. 17,280 renewals at 600 bytes: 10 MB a day.
  const least = (of: 'nodes' | 'bytes') => Math.min(...growths.map((each) => each[of]));
  t.true(least('nodes') < 2, JSON.stringify(growths));
  t.true(least('bytes') < 600, JSON.stringify(growths));
  await page.close();
});
