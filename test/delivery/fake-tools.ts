/** Stand-ins for the commands of delivery, which write down how they are called and answer as they are told. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../dashboards/shipped.ts';

export interface Delivery {
  readonly code: number;
  readonly output: string;
  /** Calls in order, without what is the same in all. */
  readonly calls: readonly string[];
}

/** What `gcloud run … describe` answers: the traffic before, and the ingester's image. */
const GCLOUD = `#!/usr/bin/env bash
echo "gcloud $*" >> "$CALLS"
case "$*" in
  *"services describe"*value*) printf 'highwater-api-00002' ;;
  *"services describe"*) cat "$TRAFFIC" ;;
  *"worker-pools describe"*) printf '{"spec":{"template":{"spec":{"containers":[{"image":"old@sha256:0"}]}}}}' ;;
  *sign-jwt*) printf 'signed' > "\${@: -1}" ;;
esac
`;
/** The gate: the next verdict of the list, 0 or 1. */
const NPX = `#!/usr/bin/env bash
echo "npx $* token=$HIGHWATER_API_TOKEN" >> "$CALLS"
verdict="$(head -n 1 "$VERDICTS")"
sed -i 1d "$VERDICTS"
exit "\${verdict:-0}"
`;

/** Runs `delivery/deliver.sh` with the gate's verdicts in order; `serving` has all of the traffic before. */
export async function deliver(
  verdicts: readonly (0 | 1)[],
  serving: string | undefined = 'highwater-api-00001',
  image = 'registry/highwater@sha256:1',
): Promise<Delivery> {
  const folder = mkdtempSync(join(tmpdir(), 'highwater-delivery-'));
  const paths = {
    CALLS: join(folder, 'calls'),
    TRAFFIC: join(folder, 'traffic.json'),
    VERDICTS: join(folder, 'verdicts'),
  };
  const traffic = [
    ...(serving === undefined ? [] : [{ revisionName: serving, percent: 100 }]),
    { revisionName: 'highwater-api-00002', tag: 'canary', url: 'https://canary---api.example' },
  ];
  writeFileSync(paths.CALLS, '');
  writeFileSync(paths.TRAFFIC, JSON.stringify({ status: { traffic } }));
  writeFileSync(paths.VERDICTS, verdicts.map((each) => `${each}\n`).join(''));
  mkdirSync(join(folder, 'bin'));
  for (const [name, text] of [
    ['gcloud', GCLOUD],
    ['npx', NPX],
  ] as const) {
    writeFileSync(join(folder, 'bin', name), text);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
  try {
    const { code, output } = await run(join(ROOT, 'delivery/deliver.sh'), {
      ...paths,
      PATH: [join(folder, 'bin'), dirname(process.execPath), process.env['PATH']].join(':'),
      IMAGE: image,
      PROJECT: 'p',
      REGION: 'r',
      ACCOUNT: 'highwater-deploy@p.iam.gserviceaccount.com',
      CANARY_WAIT_SECONDS: '0',
    });
    const calls = readFileSync(paths.CALLS, 'utf8').trim().split('\n');
    return { code, output, calls: calls.map(shorten) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function shorten(call: string): string {
  return call
    .replace(/ --project=p --region=r| --quiet|gcloud run |npx --no-install highwater /g, '')
    .replace(/ \/\S+/g, ' FILE');
}

function run(
  command: string,
  environment: Readonly<Record<string, string>>,
): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile('bash', [command], { env: environment }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}
