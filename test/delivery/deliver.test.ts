/** How an image is delivered, with stand-ins for Google Cloud: when traffic moves, and what happens when the SLOs say no. */
import test from 'ava';
import { deliver } from './fake-tools.ts';

const gates = (calls: readonly string[]) => calls.filter((call) => call.startsWith('slo gate'));
const moves = (calls: readonly string[]) =>
  calls.filter((call) => /^services update-traffic|^worker-pools update/.test(call));

test('allowed three times: a tenth of the traffic, all of it, then the ingester', async (t) => {
  const { code, output, calls } = await deliver([0, 0, 0]);
  t.is(code, 0, output);
  t.deepEqual(
    calls.filter((call) => !/describe|sign-jwt/.test(call)),
    [
      'deploy highwater-api --image=registry/highwater@sha256:1 --no-traffic --tag=canary',
      'slo gate --url https://canary---api.example --min-remaining 5 token=signed',
      'services update-traffic highwater-api --to-revisions=highwater-api-00002=10,highwater-api-00001=90',
      'slo gate --url https://canary---api.example --min-remaining 5 token=signed',
      'services update-traffic highwater-api --to-revisions=highwater-api-00002=100',
      'worker-pools update highwater-ingest --image=registry/highwater@sha256:1',
      'slo gate --url https://canary---api.example --min-remaining 5 token=signed',
    ],
  );
});

test('refused before any traffic: the old revision keeps all of it, and the ingester is left alone', async (t) => {
  const { code, output, calls } = await deliver([1]);
  t.is(code, 1);
  t.regex(output, /rolled back: the gate refused before any traffic was on it/);
  t.deepEqual(moves(calls), [
    'services update-traffic highwater-api --to-revisions=highwater-api-00001=100',
  ]);
});

test('refused at a tenth: back to the old revision', async (t) => {
  const { code, output, calls } = await deliver([0, 1]);
  t.is(code, 1);
  t.regex(output, /rolled back: the gate refused at 10 % of the traffic/);
  t.deepEqual(moves(calls), [
    'services update-traffic highwater-api --to-revisions=highwater-api-00002=10,highwater-api-00001=90',
    'services update-traffic highwater-api --to-revisions=highwater-api-00001=100',
  ]);
});

test('refused after the ingester: its image and the revision go back', async (t) => {
  const { code, output, calls } = await deliver([0, 0, 1]);
  t.is(code, 1);
  t.regex(output, /rolled back: the gate refused after the ingester was updated/);
  t.deepEqual(moves(calls).slice(2), [
    'worker-pools update highwater-ingest --image=registry/highwater@sha256:1',
    'worker-pools update highwater-ingest --image=old@sha256:0',
    'services update-traffic highwater-api --to-revisions=highwater-api-00001=100',
  ]);
});

test('with nothing before it the first revision gets all of the traffic once the gate allows it', async (t) => {
  const { code, calls } = await deliver([0, 0], 'highwater-api-00002');
  t.is(code, 0);
  t.is(gates(calls).length, 2);
  t.is(
    moves(calls)[0],
    'services update-traffic highwater-api --to-revisions=highwater-api-00002=100',
  );
});

test('an ingester that is a service is updated, and put back, as one', async (t) => {
  const { code, calls } = await deliver([0, 0, 1], undefined, { INGESTER_KIND: 'services' });
  t.is(code, 1);
  t.deepEqual(
    calls.filter((call) => call.startsWith('services update ')),
    [
      'services update highwater-ingest --image=registry/highwater@sha256:1',
      'services update highwater-ingest --image=old@sha256:0',
    ],
  );
});

test('an image by tag is refused: a tag can be moved', async (t) => {
  const { code, output, calls } = await deliver([], undefined, {
    IMAGE: 'registry/highwater:latest',
  });
  t.is(code, 2);
  t.regex(output, /expected IMAGE by digest/);
  t.deepEqual(calls, ['']);
});
