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
  *" highwater-ingest "*"--format=json"*) printf '{"spec":{"template":{"spec":{"containers":[{"image":"old@sha256:0"}]}}}}' ;;
  *"services describe"*value*) printf 'highwater-api-00002' ;;
  *"services describe"*) cat "$TRAFFIC" ;;
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

/** What the image of a build is named by. */
const DOCKER = `#!/usr/bin/env bash
echo "docker $*" >> "$CALLS"
case "$1" in inspect) echo "$REGISTRY/highwater@sha256:2" ;; esac
`;

export interface FakeTools {
  /** Scratch, gone afterwards. */
  readonly folder: string;
  /** In which commands find the stand-ins. */
  readonly environment: Readonly<Record<string, string>>;
  /** Calls so far, in order, without what is the same in all. */
  readonly calls: () => readonly string[];
}

/** Stand-ins of gcloud, docker and the gate, with the gate's verdicts in order; `serving` has all of the traffic before. */
export async function withFakeTools<T>(
  verdicts: readonly (0 | 1)[],
  serving: string | undefined,
  body: (tools: FakeTools) => Promise<T>,
): Promise<T> {
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
    ['docker', DOCKER],
  ] as const) {
    writeFileSync(join(folder, 'bin', name), text);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
  try {
    return await body({
      folder,
      environment: {
        ...paths,
        PATH: [join(folder, 'bin'), dirname(process.execPath), process.env['PATH']].join(':'),
        PROJECT: 'p',
        REGION: 'r',
        ACCOUNT: 'highwater-deploy@p.iam.gserviceaccount.com',
        CANARY_WAIT_SECONDS: '0',
      },
      calls: () => readFileSync(paths.CALLS, 'utf8').trim().split('\n').map(shorten),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs `delivery/deliver.sh`. */
export async function deliver(
  verdicts: readonly (0 | 1)[],
  serving: string | undefined = 'highwater-api-00001',
  changes: Readonly<Record<string, string>> = {},
): Promise<Delivery> {
  return withFakeTools(verdicts, serving, async ({ environment, calls }) => {
    const { code, output } = await run(join(ROOT, 'delivery/deliver.sh'), {
      ...environment,
      IMAGE: 'registry/highwater@sha256:1',
      ...changes,
    });
    return { code, output, calls: calls() };
  });
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
