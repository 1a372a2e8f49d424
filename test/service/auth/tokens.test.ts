/** Tokens of Google and IAP, signed with real keys that are served locally: what opens the API, and all that must not. */
import { createHmac } from 'node:crypto';
import test from 'ava';
import { exportSPKI } from 'jose';
import type { JWTPayload } from 'jose';
import { silentLogger, VirtualClock } from '../../../runtime/index.ts';
import { openIdentity } from '../../../service/index.ts';
import { REFETCH_PAUSE_MS } from '../../../service/auth/key-set.ts';
import type { ServiceDeps } from '../../../service/index.ts';
import { raw, startService, testDeps } from '../server.ts';
import type { TestService } from '../server.ts';
import { newKey, sign, startIssuer } from './issuer.ts';
import type { Issuer, Key } from './issuer.ts';

const AUDIENCE = {
  iap: '/projects/123/locations/europe-west1/services/highwater',
  oidc: 'https://highwater.example.com',
} as const;
const HEADER = { iap: 'x-goog-iap-jwt-assertion', oidc: 'authorization' } as const;
const ISSUER = {
  iap: 'https://cloud.google.com/iap',
  oidc: 'https://accounts.google.com',
} as const;
const ALGORITHM = { iap: 'ES256', oidc: 'RS256' } as const;
type Mode = keyof typeof AUDIENCE;
const MODES = ['iap', 'oidc'] as const satisfies readonly Mode[];

interface Rig {
  readonly mode: Mode;
  readonly clock: VirtualClock;
  readonly key: Key;
  /** Published too, of the algorithm that this mode does not take. */
  readonly other: Key;
  readonly issuer: Issuer;
  readonly service: TestService;
  readonly lines: string[];
  readonly claims: (more?: JWTPayload) => JWTPayload;
  /** The answer to a read with this token. */
  ask(token: string | undefined): ReturnType<typeof raw>;
  stop(): Promise<void>;
}

/** One for all rigs: what is asked here is who may ask. */
let warehouse: ServiceDeps['warehouse'];
/** One a mode for the forgeries, which change nothing. */
const shared = new Map<Mode, Rig>();
test.before(async () => {
  ({
    deps: { warehouse },
  } = await testDeps());
  for (const mode of MODES) shared.set(mode, await openRig(mode));
});
test.after.always(async () => {
  for (const rig of shared.values()) await rig.stop();
  await warehouse?.close();
});

async function openRig(mode: Mode): Promise<Rig> {
  const clock = new VirtualClock();
  const key = await newKey(ALGORITHM[mode], 'first');
  const other = await newKey(mode === 'iap' ? 'RS256' : 'ES256', 'other');
  const issuer = await startIssuer(key, other);
  const options = { audiences: [AUDIENCE[mode]], keysUrl: issuer.keysUrl };
  const lines: string[] = [];
  const keep = (event: string, fields: object = {}) =>
    void lines.push(JSON.stringify({ event, ...fields }));
  const logger = { ...silentLogger, info: keep, warn: keep, error: keep };
  const identity = await openIdentity({
    modes: [mode],
    host: '0.0.0.0',
    isOpenToAll: false,
    iap: options,
    oidc: options,
    keysFile: '',
    grants: { reader: ['ann@example.com', '*@readers.example'], publisher: [], operator: [] },
    clock,
    logger,
  });
  const service = await startService({ identity, logger, warehouse });
  const seconds = () => Math.floor(clock.nowMs() / 1_000);
  return {
    mode,
    clock,
    key,
    other,
    issuer,
    service,
    lines,
    claims: (more = {}) => ({
      iss: ISSUER[mode],
      aud: AUDIENCE[mode],
      sub: 'accounts.google.com:1',
      email: 'ann@example.com',
      email_verified: true,
      iat: seconds(),
      exp: seconds() + 600,
      ...more,
    }),
    ask: (token) =>
      raw(service, '/v1/streams', {
        headers:
          token === undefined
            ? {}
            : { [HEADER[mode]]: mode === 'oidc' ? `Bearer ${token}` : token },
      }),
    async stop() {
      await service.stop();
      await issuer.close();
    },
  };
}

/** The token with another payload under the old signature. */
function withClaims(token: string, change: (claims: Record<string, unknown>) => object): string {
  const [header, payload = '', signature] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<
    string,
    unknown
  >;
  return [header, encode(change(claims)), signature].join('.');
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Each row a token that must not open anything, whatever it is made of. */
const FORGERIES: Readonly<Record<string, (rig: Rig) => Promise<string>>> = {
  async 'signed with a key of somebody else under the right key id'({ key, claims }) {
    return sign(await newKey(key.alg, key.kid), claims());
  },
  'whose payload was changed after it was signed': async ({ key, claims }) =>
    withClaims(await sign(key, claims()), (each) => ({ ...each, email: 'eve@readers.example' })),
  'that is expired': ({ key, claims, clock }) => {
    const endedAt = Math.floor(clock.nowMs() / 1_000) - 60;
    return sign(key, claims({ exp: endedAt, iat: endedAt - 600 }));
  },
  'that is not valid yet': ({ key, claims, clock }) =>
    sign(key, claims({ nbf: Math.floor(clock.nowMs() / 1_000) + 300 })),
  'that was issued in the future': ({ key, claims, clock }) =>
    sign(key, claims({ iat: Math.floor(clock.nowMs() / 1_000) + 300 })),
  'that was issued longer ago than any token lives': ({ key, claims, clock }) =>
    sign(key, claims({ iat: Math.floor(clock.nowMs() / 1_000) - 86_400 })),
  'for another service, replayed here': ({ key, claims }) =>
    sign(key, claims({ aud: 'https://other.example.com' })),
  'for no audience': ({ key, claims }) => sign(key, { ...claims(), aud: [] }),
  'of another issuer': ({ key, claims }) => sign(key, claims({ iss: 'https://evil.example.com' })),
  'without an end': ({ key, claims }) => {
    const { exp: _end, ...endless } = claims();
    return sign(key, endless);
  },
  'of the right issuer, by a key of its that has another algorithm': ({ claims, other }) =>
    sign(other, claims()),
  'with the algorithm none': async ({ claims, key }) =>
    `${encode({ alg: 'none', kid: key.kid })}.${encode(claims())}.`,
  'with the algorithm None and the signature of a good one': async ({ claims, key }) => {
    const [, payload, signature] = (await sign(key, claims())).split('.');
    return [encode({ alg: 'None', kid: key.kid }), payload, signature].join('.');
  },
  'signed by HS256 with the public key as the secret': async ({ claims, key }) => {
    const text = `${encode({ alg: 'HS256', kid: key.kid })}.${encode(claims())}`;
    const secret = await exportSPKI(key.publicKey);
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  },
  'signed by HS256 with the published key as the secret': async ({ claims, key }) => {
    const text = `${encode({ alg: 'HS256', kid: key.kid })}.${encode(claims())}`;
    const secret = JSON.stringify(key.jwk);
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  },
  async 'that brings its own key'({ key, claims }) {
    const own = await newKey(key.alg, 'own');
    return sign(own, claims(), { jwk: own.jwk, kid: 'own' });
  },
  async 'that names a key set of its own'({ key, claims }) {
    const own = await newKey(key.alg, 'own');
    return sign(own, claims(), { jku: 'http://127.0.0.1:1/keys', kid: 'own' });
  },
  'that names no key': ({ key, claims }) => sign(key, claims(), { kid: undefined }),
  'that is cut short in its signature': async ({ key, claims }) =>
    (await sign(key, claims())).slice(0, -10),
  'that is cut short in its payload': async ({ key, claims }) =>
    (await sign(key, claims())).split('.').slice(0, 2).join('.'),
  'with an empty signature': async ({ key, claims }) =>
    `${(await sign(key, claims())).split('.').slice(0, 2).join('.')}.`,
  'that is larger than any': ({ key, claims }) => sign(key, claims({ more: 'x'.repeat(9_000) })),
  'that names nobody': ({ key, claims }) => sign(key, claims({ email: undefined })),
  'that is no token at all': async () => 'eyJub25zZW5zZQ',
};

for (const mode of MODES) {
  test(`${mode}: a valid token opens what its address may do, and no more`, async (t) => {
    const rig = await openRig(mode);
    const answer = await rig.ask(await sign(rig.key, rig.claims()));
    t.is(answer.status, 200, answer.body);
    const byDomain = rig.claims({ email: 'Bob@Readers.example' });
    t.is((await rig.ask(await sign(rig.key, byDomain))).status, 200);
    const stranger = await rig.ask(await sign(rig.key, rig.claims({ email: 'eve@example.com' })));
    t.is(stranger.status, 403);
    t.like(JSON.parse(stranger.body), { code: 'forbidden', status: 403 });
    t.regex(
      String(stranger.headers['www-authenticate']),
      /error="insufficient_scope", scope="reader"/,
    );
    t.true(rig.lines.some((line) => line.includes(`"principal":"${mode}:ann@example.com"`)));
    t.is(rig.issuer.fetchCount(), 1);
    await rig.stop();
  });

  for (const [what, forge] of Object.entries(FORGERIES)) {
    test(`${mode}: a token ${what} is refused`, async (t) => {
      const rig = shared.get(mode)!;
      const token = await forge(rig);
      const answer = await rig.ask(token);
      t.is(answer.status, 401, answer.body);
      t.like(JSON.parse(answer.body), { code: 'unauthenticated', status: 401 });
      t.true(answer.headers['content-type']?.startsWith('application/problem+json'));
      t.is(answer.headers['www-authenticate'], 'Bearer realm="highwater", error="invalid_token"');
      const shown = rig.lines.join('\n') + answer.body;
      t.false(shown.includes(token), 'the token stands in a log line or in the answer');
      t.true(rig.lines.some((line) => line.includes('"refusedFor"')));
      // The same rig opens to a good token, so that it was the forgery that was refused.
      t.is((await rig.ask(await sign(rig.key, rig.claims()))).status, 200);
    });
  }

  test(`${mode}: a request without a token is told what is expected`, async (t) => {
    const rig = await openRig(mode);
    const answer = await rig.ask(undefined);
    t.is(answer.status, 401);
    t.is(answer.headers['www-authenticate'], 'Bearer realm="highwater"');
    t.is((await raw(rig.service, '/healthz')).status, 200);
    t.is((await raw(rig.service, '/nothing')).status, 401, 'unknown paths are closed too');
    await rig.stop();
  });

  test(`${mode}: keys rotate without a restart, and the old key is refused once it is gone`, async (t) => {
    const rig = await openRig(mode);
    const { clock, issuer, key } = rig;
    t.is((await rig.ask(await sign(key, rig.claims()))).status, 200);
    const next = await newKey(key.alg, 'next');
    issuer.publish(key, next);
    await clock.advance(REFETCH_PAUSE_MS);
    t.is((await rig.ask(await sign(next, rig.claims()))).status, 200);
    t.is((await rig.ask(await sign(key, rig.claims()))).status, 200);
    issuer.publish(next);
    await clock.advance(3_600_001);
    t.is((await rig.ask(await sign(next, rig.claims()))).status, 200);
    t.is((await rig.ask(await sign(key, rig.claims()))).status, 401);
    await rig.stop();
  });

  test(`${mode}: a flood of invented key ids costs a fetch each half minute`, async (t) => {
    const rig = await openRig(mode);
    const flood = async () => {
      const forged = await newKey(rig.key.alg, 'x');
      for (let round = 0; round < 25; round += 1) {
        const token = await sign({ ...forged, kid: `invented-${round}` }, rig.claims());
        t.is((await rig.ask(token)).status, 401);
      }
    };
    await flood();
    t.is(rig.issuer.fetchCount(), 1);
    await rig.clock.advance(REFETCH_PAUSE_MS);
    await flood();
    t.is(rig.issuer.fetchCount(), 2);
    t.is((await rig.ask(await sign(rig.key, rig.claims()))).status, 200);
    await rig.stop();
  });

  test(`${mode}: an issuer that is down is ridden out for a day, and then is 503 and not 401`, async (t) => {
    const rig = await openRig(mode);
    const { clock, issuer } = rig;
    t.is((await rig.ask(await sign(rig.key, rig.claims()))).status, 200);
    issuer.fail(true);
    await clock.advance(23 * 3_600_000);
    t.is((await rig.ask(await sign(rig.key, rig.claims()))).status, 200);
    await clock.advance(2 * 3_600_000);
    const answer = await rig.ask(await sign(rig.key, rig.claims()));
    t.is(answer.status, 503);
    t.like(JSON.parse(answer.body), { code: 'identity_unavailable' });
    t.truthy(answer.headers['retry-after']);
    issuer.fail(false);
    await clock.advance(REFETCH_PAUSE_MS);
    t.is((await rig.ask(await sign(rig.key, rig.claims()))).status, 200);
    await rig.stop();
  });
}

test('oidc: an address that Google has not verified is refused', async (t) => {
  const rig = await openRig('oidc');
  for (const verified of [false, undefined, 'true', 1]) {
    const token = await sign(rig.key, rig.claims({ email_verified: verified }));
    t.is((await rig.ask(token)).status, 401, String(verified));
  }
  await rig.stop();
});

test('iap: the unsigned headers beside the signed one open nothing', async (t) => {
  const rig = await openRig('iap');
  const answer = await raw(rig.service, '/v1/streams', {
    headers: {
      'x-goog-authenticated-user-email': 'accounts.google.com:ann@example.com',
      'x-goog-authenticated-user-id': 'accounts.google.com:1',
      authorization: `Bearer ${await sign(rig.key, rig.claims())}`,
    },
  });
  t.is(answer.status, 401);
  await rig.stop();
});
