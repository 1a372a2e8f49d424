/** Every command of the workflows and of Cloud Build is run here or by a test that is named; delivery's with stand-ins for Google Cloud. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ROOT } from '../dashboards/shipped.ts';
import { withFakeTools } from './fake-tools.ts';
import { cloudBuildCommands, commandAt, runStep, workflowCommands } from './steps.ts';

const HERE = 'test/delivery/commands.test.ts';
/** Applies them to a stand-in of Google's APIs, with its own bucket for the state. */
const APPLY = 'test/terraform/from-nothing.test.ts';
/** Installs for production in an empty folder, and starts what it has. */
const IMAGE = 'test/delivery/image.test.ts';
/** Asks a stand-in of Cloud Monitoring. */
const DRIFT = 'test/terraform/drift/command.test.ts';

/** Which test runs what stands at a place; `.ci/run` is what runs the tests. */
const RUN_BY: Readonly<Record<string, string>> = {
  'check.yml check 1': '.ci/run',
  'deliver.yml check 1': '.ci/run',
  'deliver.yml apply 1': APPLY,
  'deliver.yml apply 2': APPLY,
  'deliver.yml deliver 1': IMAGE,
  'deliver.yml deliver 2': HERE,
  'deliver.yml deliver 3': HERE,
  'deliver.yml deliver 4': HERE,
  'drift.yml drift 1': IMAGE,
  'drift.yml drift 2': DRIFT,
  'drift.yml drift 3': APPLY,
  'plan.yml plan 1': APPLY,
  'plan.yml plan 2': APPLY,
  'cloudbuild.yaml build': HERE,
  'cloudbuild.yaml install': IMAGE,
  'cloudbuild.yaml deliver': HERE,
  'cloudbuild-check.yaml check': '.ci/run',
  'cloudbuild-check.yaml terraform': HERE,
  'cloudbuild-terraform.yaml init': APPLY,
  'cloudbuild-terraform.yaml run': APPLY,
};

test('every command is run by a test', (t) => {
  const places = [...workflowCommands(), ...cloudBuildCommands()].map(({ place }) => place);
  t.deepEqual(places.toSorted(), Object.keys(RUN_BY).toSorted());
  for (const [place, by] of Object.entries(RUN_BY)) {
    const command = commandAt(place);
    if (by === '.ci/run') t.is(command, by, place);
    else if (by === IMAGE) {
      t.is(command, 'npm ci --omit=dev', place);
      t.regex(readFileSync(join(ROOT, by), 'utf8'), /'npm', \['ci', '--omit=dev'/);
    } else t.true(readFileSync(join(ROOT, by), 'utf8').includes(`('${place}'`), `${by}: ${place}`);
  }
});

const CANARY = [
  'deploy highwater-api --image=r-docker.pkg.dev/p/highwater/highwater@sha256:2 --no-traffic --tag=canary',
  'services update-traffic highwater-api --to-revisions=highwater-api-00002=10,highwater-api-00001=90',
  'services update-traffic highwater-api --to-revisions=highwater-api-00002=100',
  'worker-pools update highwater-ingest --image=r-docker.pkg.dev/p/highwater/highwater@sha256:2',
];
const isMove = (call: string) => /^deploy|update-traffic|update highwater-ingest/.test(call);

test('GitHub: the image is built and pushed, named by its digest, and delivered by it', async (t) => {
  await withFakeTools([0, 0, 0], 'highwater-api-00001', async (tools) => {
    const output = join(tools.folder, 'output');
    writeFileSync(output, '');
    const step = async (command: string, environment: Readonly<Record<string, string>>) => {
      const ran = await runStep(command, ROOT, { ...tools.environment, ...environment });
      t.is(ran.code, 0, ran.output);
    };
    const common = { INGESTER_KIND: 'worker-pools', GITHUB_OUTPUT: output };
    await step(commandAt('deliver.yml deliver 2'), common);
    await step(commandAt('deliver.yml deliver 3'), { ...common, COMMIT: 'abc' });
    const image = /^image=(.*)$/m.exec(readFileSync(output, 'utf8'))?.[1] ?? '';
    t.is(image, 'r-docker.pkg.dev/p/highwater/highwater@sha256:2');
    await step(commandAt('deliver.yml deliver 4'), { ...common, IMAGE: image });
    const calls = tools.calls();
    t.deepEqual(calls.slice(0, 4), [
      'gcloud auth configure-docker r-docker.pkg.dev',
      'docker build --build-arg COMMIT=abc --tag r-docker.pkg.dev/p/highwater/highwater:abc .',
      'docker push r-docker.pkg.dev/p/highwater/highwater:abc',
      'docker inspect --format {{index .RepoDigests 0}} r-docker.pkg.dev/p/highwater/highwater:abc',
    ]);
    t.deepEqual(calls.filter(isMove), CANARY);
  });
});

test('Cloud Build does the same', async (t) => {
  await withFakeTools([0, 0, 0], 'highwater-api-00001', async (tools) => {
    const step = async (command: string) => {
      const ran = await runStep(command.replaceAll('/workspace', tools.folder), ROOT, {
        ...tools.environment,
        REGISTRY: 'r-docker.pkg.dev/p/highwater',
        COMMIT: 'abc',
        INGESTER_KIND: 'worker-pools',
      });
      t.is(ran.code, 0, ran.output);
    };
    await step(commandAt('cloudbuild.yaml build'));
    await step(commandAt('cloudbuild.yaml deliver'));
    t.deepEqual(tools.calls().filter(isMove), CANARY);
  });
});

test('Cloud Build’s check has Terraform where the tests look for it', async (t) => {
  const { code, output } = await withFakeTools([], undefined, ({ folder, environment }) => {
    const command = commandAt('cloudbuild-check.yaml terraform').replaceAll('/workspace', folder);
    const terraform = join(folder, 'bin/terraform');
    writeFileSync(terraform, '#!/usr/bin/env bash\necho Terraform\n', { mode: 0o755 });
    return runStep(`${command} && ${folder}/.bin/terraform`, ROOT, environment);
  });
  t.is(code, 0, output);
  t.is(output, 'Terraform\n');
});
