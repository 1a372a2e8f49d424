/** `highwater start` as a user meets it: real processes, real clients, real files. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PubSub } from '@google-cloud/pubsub';
import test from 'ava';
import { eventually, startHighwater, temporaryFolder } from '../helpers/highwater-process.ts';

async function addressesOf(process: ReturnType<typeof startHighwater>) {
  return eventually('the start banner', () => {
    const url = /(http:\/\/\S+)\/ {3}/.exec(process.output.stdout)?.[1];
    const pubsub = /PUBSUB_EMULATOR_HOST=(\S+)/.exec(process.output.stdout)?.[1];
    return url && pubsub ? { url, pubsub } : undefined;
  });
}

async function getJson(url: string): Promise<{ status: number; body: Record<string, unknown[]> }> {
  const response = await fetch(url);
  return { status: response.status, body: (await response.json()) as Record<string, unknown[]> };
}

test.serial(
  'events flow in by the demo and by a Google client, and are there after a restart',
  async (t) => {
    const folder = temporaryFolder();
    const environment = { HIGHWATER_DATA_DIR: folder.path, SIMULATE_RATE: '20' };
    const first = startHighwater(['start'], environment);
    try {
      const { url, pubsub } = await addressesOf(first);
      const api = `${url}/v1/streams`;
      for (const path of ['transactions/events', 'transactions/windows', 'flights/events']) {
        const list = path.split('/')[1]!;
        await eventually(`rows of ${path}`, async () => {
          const { status, body } = await getJson(`${api}/${path}?limit=5`);
          t.is(status, 200);
          return body[list]!.length > 0;
        });
      }
      await eventually('a quarantined message', async () => {
        const { body } = await getJson(`${api}/transactions/quarantine`);
        return body.quarantine!.length > 0;
      });
      t.is((await fetch(`${url}/readyz`)).status, 200);

      const client = new PubSub({
        projectId: 'highwater-local',
        apiEndpoint: pubsub,
        emulatorMode: true,
      });
      const event = { id: '1', timestamp: '2024-04-27T12:00:00Z', data: 'first' };
      await client.topic('events').publishMessage({ json: event });
      await eventually('the published event', async () => {
        const response = await fetch(`${api}/events/events/1`);
        return response.status === 200;
      });
      await client.close();
      first.kill('SIGTERM');
      t.is(await first.exited, 0, first.output.stderr);

      const second = startHighwater(['start', '--no-demo'], environment);
      try {
        const again = await addressesOf(second);
        const { status, body } = await getJson(`${again.url}/v1/streams/events/events/1`);
        t.is(status, 200);
        t.like(body, event);
      } finally {
        second.kill('SIGTERM');
        t.is(await second.exited, 0, second.output.stderr);
      }
    } finally {
      first.kill('SIGKILL');
      await first.exited;
      folder.remove();
    }
  },
);

test.serial('parts run on their own, and a refused message is repaired and replayed', async (t) => {
  const folder = temporaryFolder();
  const all = startHighwater(['start', '--no-demo'], { HIGHWATER_DATA_DIR: folder.path });
  try {
    const { url, pubsub } = await addressesOf(all);
    const client = { PUBSUB_EMULATOR_HOST: pubsub, HIGHWATER_DATA_DIR: folder.path };
    const simulate = startHighwater(
      ['simulate', '--count', '300', '--rate', '1000', '--duplicates', '0.1', '--gzip', '--json'],
      client,
    );
    t.is(await simulate.exited, 0, simulate.output.stderr);
    const summary = JSON.parse(simulate.output.stdout) as Record<string, number>;
    t.is(summary.answeredCount, 300);
    const wrong = startHighwater(['simulate', '--rate', 'fast'], client);
    t.is(await wrong.exited, 2);
    t.regex(wrong.output.stderr, /--rate: expected a number such as 100; got fast/);

    const pub = new PubSub({
      projectId: 'highwater-local',
      apiEndpoint: pubsub,
      emulatorMode: true,
    });
    const refused = { transaction_id: 'mend-me', timestamp: '2024-04-27T12:00:00Z', amount: 0 };
    await pub.topic('transactions').publishMessage({ json: refused });
    await pub.close();
    await eventually('the refused message', async () => {
      const { body } = await getJson(`${url}/v1/streams/transactions/quarantine`);
      return body.quarantine!.length === 1;
    });
    const list = startHighwater(['quarantine', 'list', 'transactions', '--url', url]);
    t.is(await list.exited, 0, list.output.stderr);
    t.regex(list.output.stdout, /out_of_range: expected a number above 0; got 0/);
    const words = ['quarantine', 'replay', 'transactions', '--url', url];
    const still = startHighwater([...words, '--dry-run']);
    t.is(await still.exited, 1);
    t.regex(still.output.stdout, /still refused: expected a number above 0/);
    const mended = startHighwater([...words, '--set', 'amount=12.5']);
    t.is(await mended.exited, 0, mended.output.stderr);
    t.regex(mended.output.stdout, /^1 replayed, 0 still refused$/m);
    await eventually('the mended event', async () => {
      const { status, body } = await getJson(`${url}/v1/streams/transactions/events/mend-me`);
      return status === 200 && Number(body.amount) === 12.5;
    });
  } finally {
    all.kill('SIGTERM');
    t.is(await all.exited, 0, all.output.stderr);
    folder.remove();
  }
});

test.serial('a data folder that another process holds is refused in one sentence', async (t) => {
  const folder = temporaryFolder();
  const environment = { HIGHWATER_DATA_DIR: folder.path };
  const first = startHighwater(['start', '--no-demo'], environment);
  try {
    await addressesOf(first);
    const second = startHighwater(['start', '--no-demo'], environment);
    t.is(await second.exited, 2);
    t.regex(second.output.stderr, /^highwater: .*(?:another process|in use|held)/m);
    const ingest = startHighwater(['ingest'], environment);
    t.is(await ingest.exited, 2);
    t.regex(ingest.output.stderr, /^highwater: .*warehouse/m);
  } finally {
    first.kill('SIGTERM');
    await first.exited;
    folder.remove();
  }
});

test.serial('a port in use is refused in one sentence that names the setting', async (t) => {
  const folder = temporaryFolder();
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address() as AddressInfo;
  try {
    for (const setting of ['PORT', 'PUBSUB_PORT']) {
      const environment = { HIGHWATER_DATA_DIR: folder.path, [setting]: String(port) };
      const process = startHighwater(['start', '--no-demo'], environment);
      t.is(await process.exited, 2);
      t.regex(process.output.stderr, new RegExp(`^highwater: .*${port}.*\\b${setting}\\b`, 'm'));
    }
  } finally {
    holder.close();
    folder.remove();
  }
});

test('wrong use and wrong settings end with code 2 and a sentence', async (t) => {
  const wrongCommand = startHighwater(['sing']);
  t.is(await wrongCommand.exited, 2);
  t.regex(wrongCommand.output.stderr, /unknown command 'sing'/);
  const wrongSetting = startHighwater(['config'], { PORT: 'eighty' });
  t.is(await wrongSetting.exited, 2);
  t.regex(wrongSetting.output.stderr, /PORT: expected a whole number .* got eighty/);
});

test('help lists every command', async (t) => {
  const help = startHighwater(['--help']);
  t.is(await help.exited, 0);
  for (const name of [
    'start',
    'api',
    'ingest',
    'pubsub',
    'simulate',
    'flights',
    'quarantine',
    'config',
  ]) {
    t.regex(help.output.stdout, new RegExp(`^ {2}${name}\\b`, 'm'));
  }
});
