/** Public keys of an issuer: fetched, kept, refreshed in time, and never asked for more often than a few times a minute. */
import { createLocalJWKSet, errors } from 'jose';
import type { JSONWebKeySet, JWSHeaderParameters, JWTVerifyGetKey } from 'jose';
import { AppError, messageOf } from '../../runtime/index.ts';
import type { Clock, Logger } from '../../runtime/index.ts';

export interface KeySetOptions {
  /** A JSON Web Key Set (RFC 7517). */
  readonly url: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keys this old are fetched again beside the request that notices it. */
const REFRESH_AFTER_MS = 600_000;
/** Keys this old are fetched again before they are used, if that works. */
const REFRESH_FIRST_AFTER_MS = 3_600_000;
/** Google keeps its keys for weeks; with an issuer that is down for longer, nobody can be told apart. */
const USABLE_MS = 86_400_000;
/**
 * Between two fetches, whatever is asked: a flood of tokens with invented key ids costs two fetches a minute. Issuers
 * publish a key long before they sign with it.
 */
export const REFETCH_PAUSE_MS = 30_000;
const FETCH_TIMEOUT_MS = 5_000;
/** Google's sets have 2 to 5 KB. */
const BODY_BYTES_MAX = 65_536;

interface Held {
  readonly find: JWTVerifyGetKey;
  readonly fetchedAtMs: number;
}

export class KeySet {
  readonly #options: KeySetOptions;
  #held: Held | undefined;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;

  constructor(options: KeySetOptions) {
    this.#options = options;
  }

  /**
   * The key that a token's header names.
   * @throws AppError `identity_unavailable` where no usable keys are held; jose's `JWKSNoMatchingKey` for an unknown one.
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const held = await this.#usable();
    try {
      return await held.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !isNamed(header)) throw error;
      await this.#fetch();
      if (this.#held === held || !this.#held) throw error;
      return this.#held.find(header, token);
    }
  };

  async #usable(): Promise<Held> {
    const ageMs = () =>
      this.#options.clock.monotonicMs() - (this.#held?.fetchedAtMs ?? Number.NEGATIVE_INFINITY);
    if (ageMs() > REFRESH_FIRST_AFTER_MS) await this.#fetch();
    else if (ageMs() > REFRESH_AFTER_MS) void this.#fetch();
    if (this.#held && ageMs() <= USABLE_MS) return this.#held;
    throw new AppError(
      'identity_unavailable',
      'The keys that tokens are checked with cannot be fetched just now; try again later.',
    );
  }

  /** Fetches unless that was tried a moment ago; a failure leaves the keys that are held. */
  #fetch(): Promise<void> {
    const { clock, logger, url } = this.#options;
    if (this.#fetching) return this.#fetching;
    if (clock.monotonicMs() - this.#triedAtMs < REFETCH_PAUSE_MS) return Promise.resolve();
    this.#triedAtMs = clock.monotonicMs();
    this.#fetching = fetchKeys(url)
      .then((keys) => {
        this.#held = { find: createLocalJWKSet(keys), fetchedAtMs: clock.monotonicMs() };
      })
      .catch((error: unknown) => {
        logger.warn('token_keys_unavailable', { url, error: messageOf(error) });
      })
      .finally(() => {
        this.#fetching = undefined;
      });
    return this.#fetching;
  }
}

function isNamed({ kid }: JWSHeaderParameters): boolean {
  return typeof kid === 'string' && kid !== '';
}

async function fetchKeys(url: string): Promise<JSONWebKeySet> {
  const response = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  });
  if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of response.body) {
    byteCount += chunk.byteLength;
    if (byteCount > BODY_BYTES_MAX) throw new Error(`more than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  // jose checks that it is a key set.
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as JSONWebKeySet;
}
