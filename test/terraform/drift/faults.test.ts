/** Where what is deployed cannot be read: asked again where that helps, and told in one sentence where it does not. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { isAppError, systemClock } from '../../../runtime/index.ts';
import { refusal } from '../google-apis/fault.ts';
import type { Fault } from '../google-apis/fault.ts';
import { openWorld, PROJECT } from './deployed.ts';
import type { World } from './deployed.ts';

const HTML = '<html><body><h1>502 Bad Gateway</h1></body></html>';
const html = (status: number): Fault => ({
  kind: 'answer',
  status,
  body: HTML,
  headers: { 'content-type': 'text/html' },
});
const isPolicies = (line: string) => line.endsWith('/alertPolicies');

/** The first `count` requests for policies get `fault`. */
function failing(world: World, fault: Fault, count = Number.POSITIVE_INFINITY): void {
  let left = count;
  world.apis.cloud.faultOf = (line) => (isPolicies(line) && left-- > 0 ? fault : undefined);
}

function quickClock(timeoutMs = Number.POSITIVE_INFINITY) {
  const sleptMs: number[] = [];
  const clock = {
    ...systemClock,
    sleep: async (delayMs: number) => void sleptMs.push(delayMs),
    setTimer: (delayMs: number, callback: () => void, isBackground?: boolean) =>
      systemClock.setTimer(
        // Of questions, not of tokens.
        delayMs >= 15_000 ? Math.min(delayMs, timeoutMs) : delayMs,
        callback,
        isBackground,
      ),
  };
  return { clock, sleptMs };
}

const PASSING: readonly (readonly [string, Fault, number, readonly number[]])[] = [
  [
    'a limit on requests, as long as it asks for',
    refusal(429, 'Quota exceeded', undefined, { 'retry-after': '2' }),
    1,
    [2_000],
  ],
  ['a limit without a word of when', refusal(429, 'Quota exceeded'), 2, [250, 500]],
  ['a broken server', refusal(500, 'Internal error encountered.'), 3, [250, 500, 1_000]],
  ['a proxy that answers with a page', html(502), 1, [250]],
  ['a cut connection', { kind: 'cut' }, 2, [250, 500]],
  ['an answer that ends too early', { kind: 'cut-short', body: '{"alertPolicies":[' }, 1, [250]],
];

for (const [what, fault, count, delaysMs] of PASSING) {
  test.serial(`passes by itself: ${what}`, async (t) => {
    const world = await openWorld(t);
    const { clock, sleptMs } = quickClock();
    failing(world, fault, count);
    t.deepEqual(await world.drift(clock), []);
    t.deepEqual(sleptMs, [...delaysMs]);
  });
}

const STAYING: readonly (readonly [string, Fault, number, RegExp])[] = [
  [
    'a limit',
    refusal(429, 'Quota exceeded for quota metric'),
    4,
    /answered 429 when asked for the alert policies of highwater-prod: Quota exceeded/,
  ],
  ['a broken server', html(503), 4, /answered 503 when asked for .*: no JSON$/],
  ['a connection that is always cut', { kind: 'cut' }, 4, /^127\.0\.0\.1:\d+ cannot be asked: /],
  [
    'a server that never answers',
    { kind: 'silent' },
    4,
    /cannot be asked: no answer within 15000 ms$/,
  ],
  [
    'a page in the place of JSON',
    html(200),
    1,
    /alertPolicies: expected a JSON object in the answer$/,
  ],
  [
    'something else than a list',
    { kind: 'answer', status: 200, body: '{"alertPolicies":{}}' },
    1,
    /expected alertPolicies in the answer$/,
  ],
  [
    'a token that is never taken',
    refusal(401, 'Request had invalid authentication credentials.'),
    2,
    /refused the token, a fresh one too: renew the credentials \(gcloud auth/,
  ],
  [
    'a missing permission',
    refusal(
      403,
      'Permission monitoring.alertPolicies.list denied (or the resource may not exist).',
      'IAM_PERMISSION_DENIED',
    ),
    1,
    /^the alert policies of highwater-prod may not be read: expected the permission monitoring\.alertPolicies\.list, as in roles\/monitoring\.viewer/,
  ],
  [
    'an API that is off',
    refusal(
      403,
      'Cloud Monitoring API has not been used in project 12 before or it is disabled.',
      'SERVICE_DISABLED',
    ),
    1,
    /^Cloud Monitoring is off in highwater-prod: gcloud services enable monitoring\.googleapis\.com --project=highwater-prod$/,
  ],
  [
    'a person without a quota project',
    refusal(
      403,
      'Your application is authenticating by using local Application Default Credentials. The monitoring.googleapis.com API requires a quota project, which is not set by default.',
      'SERVICE_DISABLED',
    ),
    1,
    /gcloud auth application-default set-quota-project highwater-prod$/,
  ],
  [
    'a quota project of others',
    refusal(
      403,
      'Caller does not have required permission to use project x.',
      'USER_PROJECT_DENIED',
    ),
    1,
    /serviceusage\.services\.use, as in roles\/serviceusage\.serviceUsageConsumer$/,
  ],
  [
    'a token for something else',
    refusal(
      403,
      'Request had insufficient authentication scopes.',
      'ACCESS_TOKEN_SCOPE_INSUFFICIENT',
    ),
    1,
    /expected the scope https:\/\/www\.googleapis\.com\/auth\/monitoring\.read$/,
  ],
  [
    'a project that is not there',
    refusal(404, 'Requested entity was not found.'),
    1,
    /^there is no project highwater-prod for .* \(--project, or project_id/,
  ],
  [
    'a request that is refused',
    refusal(400, 'Request contains an invalid argument.'),
    1,
    /answered 400 when asked for .*: Request contains an invalid argument\.$/,
  ],
];

for (const [what, fault, count, sentence] of STAYING) {
  test.serial(`told in one sentence: ${what}`, async (t) => {
    const world = await openWorld(t);
    failing(world, fault);
    // What is not answered in 15 s is not answered in three either.
    const message = await refused(t, world, fault.kind === 'silent' ? 3_000 : undefined);
    t.regex(message, sentence);
    t.false(message.includes('\n') || message.includes('<'), message);
    t.is(
      world.apis.calls.filter((line) => isPolicies(line) && line.startsWith('GET')).length,
      count,
    );
  });
}

async function refused(t: ExecutionContext, world: World, timeoutMs?: number): Promise<string> {
  const error = await t.throwsAsync(world.drift(quickClock(timeoutMs).clock));
  t.true(isAppError(error, 'cloud_unavailable'), String(error));
  for (const token of world.metadata.tokens) t.false(String(error).includes(token));
  return error?.message ?? '';
}

test.serial(
  'a token that ended in the middle is renewed once, and the list goes on where it was',
  async (t) => {
    const world = await openWorld(t);
    const { cloud } = world.apis;
    const ended = new Set<string>();
    cloud.takesToken = (token) => world.metadata.tokens.includes(token) && !ended.has(token);
    let policyPages = 0;
    cloud.faultOf = (line) => {
      if (isPolicies(line) && ++policyPages === 4)
        for (const token of world.metadata.tokens) ended.add(token);
      return undefined;
    };
    t.deepEqual(await world.drift(), []);
    t.is(world.metadata.tokens.length, 2);
    t.is(policyPages, 8, 'seven pages, one of them asked for twice');
  },
);

test.serial('without credentials nobody is asked', async (t) => {
  const world = await openWorld(t);
  const callCount = world.apis.calls.length;
  world.metadata.isRefusing = true;
  t.regex(await refused(t, world), /^no credentials to ask Google Cloud with: run gcloud auth/);
  t.is(world.apis.calls.length, callCount);
});

function page(token: string): Fault {
  const body = JSON.stringify({ alertPolicies: [], nextPageToken: token });
  return { kind: 'answer', status: 200, body };
}

test.serial('a list that never ends is not followed for ever', async (t) => {
  const world = await openWorld(t);
  failing(world, page('again'));
  t.regex(await refused(t, world), /expected another page token than the one before/);
  let count = 0;
  world.apis.cloud.faultOf = (line) => (isPolicies(line) ? page(String(++count)) : undefined);
  t.regex(
    await refused(t, world),
    /^highwater-prod has more than 5000 alert policies; expected fewer$/,
  );
  t.is(count, 50);
});

test.serial('a page token that is not the server’s is refused by it, and told', async (t) => {
  const world = await openWorld(t);
  failing(world, page('made-up'), 1);
  t.regex(await refused(t, world), /answered 400 .*: Request contains an invalid page token\.$/);
});

test.serial('the project that is asked is the one that is meant', async (t) => {
  const world = await openWorld(t);
  await world.drift();
  const asked = world.apis.calls.filter((line) => line.startsWith('GET'));
  t.true(asked.every((line) => line.includes(`/projects/${PROJECT}/`)));
});
