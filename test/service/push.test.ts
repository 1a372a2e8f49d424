/** Messages that Pub/Sub pushes: only from the one service account, acked once stored, through the pipeline of ingest. */
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { startIngest } from '../../ingest/index.ts';
import { PUSH_WAIT_MS } from '../../ingest/pushed-message.ts';
import { silentLogger, VirtualClock } from '../../runtime/index.ts';
import { openIdentity } from '../../service/index.ts';
import { LIMITS, openRig as openIngestRig, PAYMENTS, payment } from '../ingest/helpers/rig.ts';
import { failingWarehouse, outage } from '../ingest/helpers/failing-warehouse.ts';
import { eventually } from '../helpers/highwater-process.ts';
import { newKey, sign, startIssuer } from './auth/issuer.ts';
import { raw, startService } from './server.ts';

const AUDIENCE = 'https://highwater.example.com/push';
const ACCOUNT = 'push@my-project.iam.gserviceaccount.com';
const PATH = `/v1/streams/${PAYMENTS.name}/push`;

async function openRig() {
  const below = await openIngestRig();
  const clock = new VirtualClock();
  const key = await newKey('RS256', 'first');
  const issuer = await startIssuer(key);
  const warehouse = failingWarehouse(below.warehouse);
  // What the pull side makes, so that refused messages have their dead-letter topic.
  await (await below.start()).close();
  const ingest = await startIngest({
    pubsub: below.pubsub,
    warehouse,
    streams: [PAYMENTS],
    limits: { ...LIMITS, messagesInFlightMax: 3 },
    intake: 'push',
    clock,
    logger: silentLogger,
  });
  const google = { audiences: ['https://highwater.example.com'], keysUrl: issuer.keysUrl };
  const identity = await openIdentity({
    modes: ['oidc'],
    host: '0.0.0.0',
    isOpenToAll: false,
    iap: google,
    oidc: google,
    push: { issuer: { ...google, audiences: [AUDIENCE] }, account: ACCOUNT },
    keysFile: '',
    grants: { reader: ['*'], publisher: ['*'], operator: ['*'] },
    clock,
    logger: silentLogger,
  });
  const service = await startService({
    streams: [PAYMENTS],
    warehouse: below.warehouse,
    identity,
    push: (stream, message) => ingest.push(stream.name, message),
  });
  const token = (claims: object = {}) => {
    const seconds = Math.floor(clock.nowMs() / 1_000);
    return sign(key, {
      iss: 'https://accounts.google.com',
      aud: AUDIENCE,
      sub: '1',
      email: ACCOUNT,
      email_verified: true,
      iat: seconds,
      exp: seconds + 3_600,
      ...claims,
    });
  };
  const push = (bearer: string, body: unknown) =>
    raw(service, PATH, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  /** Lets virtual time go on while messages are under way, as batches close by age; never so far that a slow commit looks late. */
  const settled = async <T>(
    answer: Promise<T>,
    { stepMs = LIMITS.batchWaitMs, atMostMs = 1_000 } = {},
  ): Promise<T> => {
    const pending = Symbol('pending');
    let movedMs = 0;
    for (;;) {
      const first = await Promise.race([answer, delay(2).then(() => pending)]);
      if (typeof first !== 'symbol') return first;
      const isUnderWay = ingest.stats().some(({ inFlightCount }) => inFlightCount > 0);
      if (!isUnderWay || movedMs >= atMostMs) continue;
      await clock.advance(stepMs);
      movedMs += stepMs;
    }
  };
  return {
    warehouse,
    ingest,
    below,
    token,
    push,
    settled,
    async stop() {
      await service.stop();
      await settled(ingest.close());
      await below.stop();
      await issuer.close();
    },
  };
}

/** As Pub/Sub writes it, with both spellings of some members. */
function wrapped(id: string, event: unknown) {
  return {
    message: {
      attributes: { source: 'test' },
      data: Buffer.from(JSON.stringify(event)).toString('base64'),
      messageId: id,
      message_id: id,
      publishTime: '2024-04-27T12:00:00.123456Z',
      publish_time: '2024-04-27T12:00:00.123456Z',
    },
    subscription: 'projects/p/subscriptions/payments-push',
    deliveryAttempt: 2,
  };
}

test('a pushed message is acked once its row is there to be read, and once more when it comes again', async (t) => {
  const rig = await openRig();
  const bearer = await rig.token();
  for (const round of [1, 2]) {
    const answer = await rig.settled(rig.push(bearer, wrapped('m1', payment(1))));
    t.is(answer.status, 204, `round ${round}: ${answer.body}`);
    const rows = await rig.below.stored();
    t.is(rows.length, 1);
    t.like(rows[0], { messageId: 'm1', publishTimeMicros: 1_714_219_200_123_456 });
  }
  const refused = await rig.settled(rig.push(bearer, wrapped('m2', payment(2, { amount: -1 }))));
  t.is(refused.status, 204, 'a message that can never be a row is kept and acked');
  const [record] = await rig.warehouse.quarantined(PAYMENTS.name, { limit: 2 });
  t.like(record, { messageId: 'm2', reasonCode: 'out_of_range', deliveryAttempt: 2 });
  await rig.stop();
});

test('nobody else may push: not another account, not for another audience, no operator', async (t) => {
  const rig = await openRig();
  const message = wrapped('m1', payment(1));
  for (const [what, claims] of [
    ['another account', { email: 'eve@my-project.iam.gserviceaccount.com' }],
    ['an address that is not verified', { email_verified: false }],
    ['the audience of the API', { aud: 'https://highwater.example.com' }],
    ['expired', { iat: 1, exp: 2 }],
  ] as const) {
    t.is((await rig.push(await rig.token(claims), message)).status, 401, what);
  }
  t.is((await rig.push('hw_key', message)).status, 401);
  t.is((await rig.below.stored()).length, 0);
  await rig.stop();
});

test('what cannot be stored now is not acked: 503 after a while, and at once when too many wait', async (t) => {
  const rig = await openRig();
  const bearer = await rig.token();
  rig.warehouse.outage = outage;
  const waiting = [1, 2, 3].map((index) => rig.push(bearer, wrapped(`m${index}`, payment(index))));
  const first = await rig.settled(Promise.all(waiting), {
    stepMs: PUSH_WAIT_MS / 10,
    atMostMs: 10 * PUSH_WAIT_MS,
  });
  t.deepEqual(
    first.map(({ status }) => status),
    [503, 503, 503],
  );
  const more = await rig.push(bearer, wrapped('m4', payment(4)));
  t.is(more.status, 503);
  t.like(JSON.parse(more.body), { code: 'overloaded' });
  rig.warehouse.outage = undefined;
  const isStored = () => rig.ingest.stats().every(({ inFlightCount }) => inFlightCount === 0);
  await rig.settled(eventually('what waits is stored', isStored, 100_000), {
    stepMs: 500,
    atMostMs: 600_000,
  });
  // The first token may have expired: virtual time went on for as long as the machine took.
  const last = await rig.settled(rig.push(await rig.token(), wrapped('m4', payment(4))));
  t.is(last.status, 204, last.body);
  t.is((await rig.below.stored()).length, 4, 'each once');
  await rig.stop();
});

test('a body that is no wrapped message is 400 and says why', async (t) => {
  const rig = await openRig();
  const bearer = await rig.token();
  for (const body of [
    {},
    [],
    { message: {} },
    { message: { messageId: 'm', publishTime: 'yesterday' } },
    { message: { ...wrapped('m', 1).message, data: '%%%' } },
    { message: { ...wrapped('m', 1).message, attributes: { a: 1 } } },
  ]) {
    const answer = await rig.push(bearer, body);
    t.is(answer.status, 400, JSON.stringify(body));
    t.like(JSON.parse(answer.body), { code: 'invalid_body' });
  }
  await rig.stop();
});
