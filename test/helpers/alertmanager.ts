/** A real Alertmanager, which tells a receiver of ours by its webhook what fires and what has ended. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { listenOn } from '../../runtime/index.ts';
import { freePort } from './free-port.ts';
import { startServerProcess } from './server-process.ts';

/** As upstream and as Debian call it. */
const NAMES = ['alertmanager', 'prometheus-alertmanager'];

/** Its path, in the folders of HIGHWATER_TEST_ALERTMANAGER (as a PATH) or on the PATH, or why it cannot run here. */
export function findAlertmanager(): { readonly path: string } | { readonly reason: string } {
  const given = process.env['HIGHWATER_TEST_ALERTMANAGER'] ?? '';
  const folders = [given, process.env['PATH'] ?? ''].flatMap((list) => list.split(delimiter));
  for (const folder of folders.filter((each) => each !== '')) {
    const path = NAMES.map((name) => join(folder, name)).find((each) => existsSync(each));
    if (path !== undefined) return { path };
  }
  return {
    reason:
      'Alertmanager cannot run: unpack Debian’s package (apt-get download prometheus-alertmanager; dpkg -x prometheus-alertmanager_*.deb DIR), copy its usr/share/prometheus/alertmanager to /usr/share/prometheus, and set HIGHWATER_TEST_ALERTMANAGER to DIR/usr/bin',
  };
}

/** An alert as its webhook has it. */
export interface ReceivedAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface AlertmanagerServer {
  readonly url: string;
  /** Everything its receiver was told, in order. */
  readonly received: readonly ReceivedAlert[];
  close(): Promise<void>;
}

/** Groups by policy as docs/alerts.md has it, and waits for nothing. */
export async function startAlertmanager(path: string): Promise<AlertmanagerServer> {
  const received: ReceivedAlert[] = [];
  const receiver = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      received.push(...(JSON.parse(text) as { alerts: ReceivedAlert[] }).alerts);
      response.end();
    });
  });
  const receiverPort = await listenOn(receiver, { host: '127.0.0.1', port: 0 }, 'PORT');
  const scratch = mkdtempSync(join(tmpdir(), 'highwater-alertmanager-'));
  const config = join(scratch, 'alertmanager.yml');
  const route = {
    receiver: 'people',
    group_by: ['policy', 'stream', 'subscription_id', 'instance'],
    group_wait: '0s',
    group_interval: '1s',
    repeat_interval: '1h',
  };
  const webhook = { url: `http://127.0.0.1:${receiverPort}/`, send_resolved: true };
  // JSON is YAML.
  writeFileSync(
    config,
    JSON.stringify({ route, receivers: [{ name: 'people', webhook_configs: [webhook] }] }),
  );
  const url = `http://127.0.0.1:${await freePort()}`;
  const close = await startServerProcess({
    name: 'Alertmanager',
    path,
    args: [
      `--config.file=${config}`,
      `--storage.path=${join(scratch, 'data')}`,
      `--web.listen-address=${url.slice('http://'.length)}`,
      '--cluster.listen-address=',
      '--log.level=warn',
    ],
    readyUrl: `${url}/-/ready`,
    dispose() {
      receiver.close();
      receiver.closeAllConnections();
      rmSync(scratch, { recursive: true, force: true });
    },
  });
  return { url, received, close };
}
