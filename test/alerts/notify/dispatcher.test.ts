/** The dispatcher in virtual time: once each, in order, through restarts, full disks, hanging receivers and clocks that jump. */
import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import * as fc from 'fast-check';
import { notificationKey, retryDelayMs } from '../../../alerts/index.ts';
import type { Notification, SendResult } from '../../../alerts/index.ts';
import { isAppError, VirtualClock } from '../../../runtime/index.ts';
import { incidents, page, raised, resolved, ticket } from './notifications.ts';
import { openRig, scriptedChannel } from './rig.ts';

const RETRY: SendResult = { outcome: 'retry', reason: 'it said no' };
const MINUTE_MS = 60_000;
const keys = (some: readonly Notification[]) => some.map(notificationKey);

test('a notification goes once to each channel of its route, and its repeat nowhere', async (t) => {
  const clock = new VirtualClock();
  const pager = scriptedChannel('pagerduty', 'pagerduty');
  const mail = scriptedChannel('email:a@example.com', 'email');
  const routes = { page: ['pagerduty', 'email'], ticket: ['email'] } as const;
  const { dispatcher } = openRig(t, [pager, mail], { clock, routes });
  t.is(dispatcher.notify(page), 'stored');
  t.is(
    dispatcher.notify({ ...page, summary: 'the same, said otherwise after a restart' }),
    'known',
  );
  t.is(dispatcher.notify(ticket), 'stored');
  await clock.advance(MINUTE_MS);
  t.deepEqual(keys(pager.sent), keys([page]));
  t.deepEqual(keys(mail.sent), keys([page, ticket]));
  t.deepEqual(
    dispatcher.recent(10).map(({ state, attemptCount }) => [state, attemptCount]),
    Array.from({ length: 3 }, () => ['delivered', 1]),
  );
});

test('who heard of an incident is told of its end, though its route became another', async (t) => {
  const clock = new VirtualClock();
  const pager = scriptedChannel('pagerduty', 'pagerduty');
  const mail = scriptedChannel('email:a@example.com', 'email');
  const routes = { page: ['pagerduty'], ticket: ['email'] } as const;
  const { dispatcher } = openRig(t, [pager, mail], { clock, routes });
  dispatcher.notify(ticket);
  dispatcher.notify(raised);
  dispatcher.notify({ ...raised, state: 'resolved', sequence: 2, route: 'ticket' });
  await clock.advance(MINUTE_MS);
  t.deepEqual(
    pager.sent.map(({ state }) => state),
    ['severity_raised', 'resolved'],
  );
  t.deepEqual(
    mail.sent.map(({ state }) => state),
    ['triggered', 'severity_raised', 'resolved'],
  );
});

test('a failure is tried again after 1, 2, 4 s and so on, and what follows it in the incident waits', async (t) => {
  const clock = new VirtualClock();
  const channel = scriptedChannel();
  const triedAtMs: number[] = [];
  channel.answers.push(
    ...Array.from({ length: 3 }, () => () => {
      triedAtMs.push(clock.nowMs());
      return Promise.resolve(RETRY);
    }),
  );
  const { dispatcher, counted } = openRig(t, [channel], { clock, random: () => 1 });
  const startMs = clock.nowMs();
  dispatcher.notify(page);
  dispatcher.notify(resolved);
  await clock.advance(MINUTE_MS);
  t.deepEqual(
    triedAtMs.map((atMs) => atMs - startMs),
    [0, 1_000, 3_000],
  );
  t.deepEqual(keys(channel.sent), keys([page, page, page, page, resolved]));
  t.is(await counted('webhook', 'retried'), 3);
  t.is(await counted('webhook', 'delivered'), 2);
  const [, first] = dispatcher.recent(2);
  t.is(first?.attemptCount, 4);
});

test('Retry-After holds the whole channel back, up to a quarter of an hour, and no other channel', async (t) => {
  const clock = new VirtualClock();
  const slow = scriptedChannel('pagerduty', 'pagerduty');
  const other = scriptedChannel();
  slow.answers.push({ ...RETRY, retryAfterMs: 86_400_000 });
  const { dispatcher } = openRig(t, [slow, other], { clock });
  dispatcher.notify(page);
  await clock.advance(1);
  dispatcher.notify(ticket);
  await clock.advance(14 * MINUTE_MS);
  t.is(slow.sent.length, 1);
  t.is(other.sent.length, 2);
  await clock.advance(2 * MINUTE_MS);
  t.deepEqual(new Set(keys(slow.sent)), new Set(keys([page, ticket])));
  t.is(slow.sent.length, 3);
});

test('a refusal is for good, is said with what was not delivered, and lets the incident go on', async (t) => {
  const clock = new VirtualClock();
  const channel = scriptedChannel();
  channel.answers.push({ outcome: 'refused', reason: 'answered 400: no such service' });
  const { dispatcher, lines, counted } = openRig(t, [channel], { clock });
  dispatcher.notify(page);
  dispatcher.notify(resolved);
  await clock.advance(MINUTE_MS);
  t.deepEqual(keys(channel.sent), keys([page, resolved]));
  t.is(await counted('webhook', 'refused'), 1);
  const line = lines.find((each) => each.includes('alert_delivery_refused')) ?? '';
  t.regex(line, /"severity":"ERROR".*no such service.*did not get: Requests fail/);
  t.is(dispatcher.recent(2)[1]?.state, 'refused');
});

test('after giveUpAfterMs a failing delivery is given up, visibly', async (t) => {
  const clock = new VirtualClock();
  const channel = scriptedChannel();
  for (let at = 0; at < 1_000; at++) channel.answers.push(RETRY);
  const { dispatcher, lines, counted } = openRig(t, [channel], {
    clock,
    giveUpAfterMs: 20 * MINUTE_MS,
  });
  dispatcher.notify(page);
  await clock.advance(30 * MINUTE_MS);
  t.is(dispatcher.recent(1)[0]?.state, 'given_up');
  t.is(await counted('webhook', 'given_up'), 1);
  t.true(lines.some((line) => line.includes('alert_delivery_given_up')));
  // Three quarters of 1, 2, 4 s and so on up to 256 s are 6:23 in ten tries, then one each 3:45.
  t.is(channel.sent.length, 14);
  const { length } = channel.sent;
  await clock.advance(60 * MINUTE_MS);
  t.is(channel.sent.length, length);
});

test('a channel that hangs holds two of its own tries and nothing of another', async (t) => {
  const clock = new VirtualClock();
  const hanging = scriptedChannel('pagerduty', 'pagerduty');
  const other = scriptedChannel();
  const stopped: SendResult = { outcome: 'retry', reason: 'stopped' };
  for (let at = 0; at < 10; at++) {
    hanging.answers.push(
      (signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(stopped))),
    );
  }
  const { dispatcher, reopen, metrics } = openRig(t, [hanging, other], { clock });
  for (const each of incidents(5)) dispatcher.notify(each);
  await clock.advance(MINUTE_MS);
  t.is(hanging.sent.length, 2);
  t.is(other.sent.length, 10);
  const value = async (name: string) =>
    (await metrics.samples()).find(
      (sample) => sample.name === name && sample.labels['channel'] === 'pagerduty',
    )?.value;
  t.is(await value('alert_outbox_pending'), 10);
  t.is(await value('alert_outbox_oldest_seconds'), 60);
  const closing = dispatcher.close(5_000);
  await clock.advance(10_000);
  await closing;
  hanging.answers.length = 0;
  hanging.sent.length = 0;
  const again = reopen();
  await clock.advance(MINUTE_MS);
  t.is(hanging.sent.length, 10, 'what hung is delivered after the restart');
  t.is(other.sent.length, 10, 'what was delivered is not sent again');
  t.true(again.recent(20).every(({ state }) => state === 'delivered'));
});

test('close delivers what is due, within its bound', async (t) => {
  const clock = new VirtualClock();
  const channel = scriptedChannel();
  const { dispatcher } = openRig(t, [channel], { clock });
  for (const each of incidents(20)) dispatcher.notify(each);
  await dispatcher.close(5_000);
  t.is(channel.sent.length, 40);
  t.throws(() => dispatcher.notify(page), { message: /after the dispatcher was closed/ });
});

test('beyond the limit of what may wait new ones are dropped for that channel, visibly', async (t) => {
  const clock = new VirtualClock();
  const broken = scriptedChannel('pagerduty', 'pagerduty');
  const other = scriptedChannel();
  for (let at = 0; at < 100; at++) broken.answers.push(RETRY);
  const { dispatcher, lines, counted } = openRig(t, [broken, other], {
    clock,
    outboxLimits: { pendingMax: 4 },
  });
  for (const each of incidents(3)) {
    dispatcher.notify(each);
    await clock.advance(1);
  }
  t.is(await counted('pagerduty', 'dropped'), 2);
  t.is(lines.filter((line) => line.includes('alert_delivery_dropped')).length, 2);
  t.is(other.sent.length, 6);
});

test('on a full disk a page goes out all the same, in order, and is said to be volatile', async (t) => {
  const clock = new VirtualClock();
  const channel = scriptedChannel();
  for (let at = 0; at < 3; at++) channel.answers.push(RETRY);
  const { dispatcher, lines } = openRig(t, [channel], {
    clock,
    outboxLimits: { filePagesMax: 24 },
  });
  const all = incidents(12);
  const outcomes = all.map((each) => dispatcher.notify(each));
  t.is(outcomes[0], 'stored');
  t.is(outcomes.at(-1), 'volatile');
  await clock.advance(MINUTE_MS);
  for (const id of new Set(all.map(({ incidentId }) => incidentId))) {
    const states = channel.sent
      .filter(({ incidentId }) => incidentId === id)
      .map(({ state }) => state);
    t.deepEqual([...new Set(states)], ['triggered', 'resolved'], id);
    t.is(states.filter((state) => state === 'resolved').length, 1, id);
  }
  t.true(lines.some((line) => line.includes('alert_outbox_write_failed')));
});

test('an outbox that cannot be read is set aside and said, and paging goes on', async (t) => {
  const clock = new VirtualClock();
  const channel = scriptedChannel();
  const { dispatcher, path, reopen, lines } = openRig(t, [channel], { clock });
  await dispatcher.close();
  writeFileSync(path, 'no database at all, but long enough to be looked at'.repeat(100));
  const again = reopen();
  t.true(lines.some((line) => line.includes('alert_outbox_damaged')));
  t.true(readFileSync(`${path}.damaged`, 'utf8').startsWith('no database'));
  t.is(again.notify(page), 'stored');
  await clock.advance(1);
  t.is(channel.sent.length, 1);
});

test('what was kept and cannot be read any more is refused, and the rest goes on', async (t) => {
  const clock = new VirtualClock();
  const channel = scriptedChannel();
  channel.answers.push(RETRY);
  const { dispatcher, path, reopen } = openRig(t, [channel], { clock });
  dispatcher.notify(page);
  await clock.advance(1);
  await dispatcher.close(0);
  const database = new DatabaseSync(path);
  database.exec(`UPDATE notifications SET json = '{"state":"of another age"}'`);
  database.close();
  const again = reopen();
  again.notify(ticket);
  await clock.advance(MINUTE_MS);
  t.deepEqual(keys(channel.sent), keys([page, ticket]));
  t.is(again.recent(2)[1]?.state, 'refused');
});

test('an outbox that another process holds is refused with what to do', async (t) => {
  const { reopen } = openRig(t, [scriptedChannel()]);
  const error = t.throws(() => reopen());
  t.true(isAppError(error, 'locked'));
  t.regex(error.message, /held by another process. Stop it, or set HIGHWATER_DATA_DIR/);
});

test('what waits for a channel that is no longer set up is said, kept a day, and then given up', async (t) => {
  const clock = new VirtualClock();
  const gone = scriptedChannel('pagerduty', 'pagerduty');
  gone.answers.push(RETRY);
  const { dispatcher, reopen, lines } = openRig(t, [gone], { clock });
  dispatcher.notify(page);
  await clock.advance(1);
  await dispatcher.close(0);
  const without = reopen({ channels: [scriptedChannel()] });
  t.true(lines.some((line) => line.includes('alert_channel_missing')));
  t.is(without.pending().length, 1);
  await without.close(0);
  const back = reopen();
  await clock.advance(MINUTE_MS);
  t.is(gone.sent.length, 2, 'set up again, it is sent');
  gone.answers.push(RETRY);
  back.notify(ticket);
  await clock.advance(1);
  await back.close(0);
  await clock.advance(25 * 60 * MINUTE_MS);
  const late = reopen({ channels: [scriptedChannel()] });
  t.is(late.recent(1)[0]?.state, 'given_up');
});

test('a clock set back does not hold a page up', async (t) => {
  const before = new VirtualClock(Date.UTC(2030, 0, 1));
  const channel = scriptedChannel();
  channel.answers.push(RETRY);
  const { dispatcher, reopen } = openRig(t, [channel], { clock: before });
  dispatcher.notify(page);
  await before.advance(1);
  await dispatcher.close(0);
  const after = new VirtualClock(Date.UTC(2026, 0, 1));
  reopen({ clock: after });
  await after.advance(1_000);
  t.is(channel.sent.length, 2);
});

test('a channel that throws is said and tried again', async (t) => {
  const clock = new VirtualClock();
  const channel = scriptedChannel();
  channel.answers.push(() => Promise.reject(new Error('a bug')));
  const { dispatcher, lines } = openRig(t, [channel], { clock });
  dispatcher.notify(page);
  await clock.advance(MINUTE_MS);
  t.is(channel.sent.length, 2);
  t.true(lines.some((line) => line.includes('alert_channel_broken') && line.includes('a bug')));
});

test('old notifications are forgotten, those that wait are not', async (t) => {
  const clock = new VirtualClock();
  const broken = scriptedChannel('pagerduty', 'pagerduty');
  for (let at = 0; at < 10_000; at++) broken.answers.push(RETRY);
  const { dispatcher } = openRig(t, [broken, scriptedChannel()], {
    clock,
    giveUpAfterMs: Number.MAX_SAFE_INTEGER,
    routes: { page: ['pagerduty'], ticket: ['webhook'] },
    outboxLimits: { notificationsMax: 10, retentionMs: MINUTE_MS },
  });
  dispatcher.notify(page);
  for (const each of incidents(20)) {
    dispatcher.notify({ ...each, route: 'ticket' });
    await clock.advance(1);
  }
  t.is(dispatcher.recent(100).length, 12, 'ten, the newest, and the one that waits');
  await clock.advance(2 * MINUTE_MS);
  dispatcher.notify(ticket);
  await clock.advance(1);
  t.deepEqual(
    dispatcher.recent(100).map(({ incidentId }) => incidentId),
    [ticket.incidentId, page.incidentId],
  );
});

test('the wait doubles from half a second to a second, up to five minutes, and never undercuts Retry-After', (t) => {
  t.is(retryDelayMs(1, 0), 500);
  t.is(retryDelayMs(1, 1), 1_000);
  t.is(retryDelayMs(4, 1), 8_000);
  t.is(retryDelayMs(60, 1), 300_000);
  t.is(retryDelayMs(1, 0, 7_000), 7_000);
  t.is(retryDelayMs(1, 0, 10 ** 9), 900_000);
});

test('what waits behind a delivery that ends while closing goes out after the restart, once', async (t) => {
  const clock = new VirtualClock();
  const channel = scriptedChannel();
  const rig = openRig(t, [channel], { clock });
  const some = incidents(4);
  for (const each of some) rig.dispatcher.notify(each);
  const closing = rig.dispatcher.close(0);
  await clock.advance(2_000);
  await closing;
  const before = channel.sent.length;
  t.true(before < some.length, `${before} went out`);
  rig.reopen();
  await clock.advance(MINUTE_MS);
  t.deepEqual(keys(channel.sent).toSorted(), keys(some).toSorted());
});

test('through failures, refusals and restarts at any moment: each once, triggers before resolves', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('ok', 'retry', 'later', 'restart', 'wait'), { maxLength: 40 }),
      async (steps) => {
        const clock = new VirtualClock();
        const channel = scriptedChannel();
        const taken: Notification[] = [];
        const watched = {
          ...channel,
          async send(notification: Notification, signal: AbortSignal) {
            const result = await channel.send(notification, signal);
            if (result.outcome === 'delivered') taken.push(notification);
            return result;
          },
        };
        const rig = openRig(t, [watched], { clock });
        let { dispatcher } = rig;
        const all = [...incidents(Math.ceil(steps.length / 2) + 1)];
        for (const step of steps) {
          if (step === 'retry') channel.answers.push(RETRY);
          if (step === 'later') channel.answers.push({ ...RETRY, retryAfterMs: 30_000 });
          if (step === 'wait') await clock.advance(2_000);
          if (step === 'restart') {
            const closing = dispatcher.close(0);
            await clock.advance(2_000);
            await closing;
            dispatcher = rig.reopen();
          }
          const next = all.shift();
          if (next) dispatcher.notify(next);
        }
        for (const next of all) dispatcher.notify(next);
        await clock.advance(60 * MINUTE_MS);
        await dispatcher.close(0);
        const expected = incidents(Math.ceil(steps.length / 2) + 1);
        t.is(taken.length, expected.length);
        t.deepEqual(keys(taken).toSorted(), keys(expected).toSorted());
        for (const each of taken) {
          const own = taken.filter(({ incidentId }) => incidentId === each.incidentId);
          t.deepEqual(
            own.map(({ sequence }) => sequence),
            [0, 1],
          );
        }
      },
    ),
    { numRuns: 20 },
  );
});
