/** Signed tokens (JWT) checked: signature by the issuer's keys, issuer, audience, algorithm and times. */
import { errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import { AppError } from '../../runtime/index.ts';
import type { Clock } from '../../runtime/index.ts';
import type { KeySet } from './key-set.ts';

export interface TokenRules {
  readonly issuers: readonly string[];
  /** A token for another service is refused even where the issuer signed it. */
  readonly audiences: readonly string[];
  /** The one algorithm; what the token itself says is never followed. */
  readonly algorithm: 'ES256' | 'RS256';
  readonly keys: KeySet;
  readonly clock: Clock;
}

/** Clocks of two machines differ. Source: Google's guide to IAP's signed headers allows 30 s. */
const CLOCK_SKEW_SECONDS = 30;
/** Google's ID tokens live for an hour, IAP's for ten minutes. */
const AGE_MAX_SECONDS = 3_600;
/** Far above Google's tokens, of one to two KB. */
const LENGTH_MAX = 8_192;

/**
 * The claims of a valid token.
 * @throws AppError `unauthenticated`; what is wrong with claims is said to the caller, who holds a token that the issuer
 * signed, and what is wrong with a signature is not. `identity_unavailable` where the keys cannot be had.
 */
export async function verifyToken(token: string, rules: TokenRules): Promise<JWTPayload> {
  if (token.length > LENGTH_MAX) throw refused('longer than any token of the issuer');
  try {
    const { payload, protectedHeader } = await jwtVerify(token, rules.keys.find, {
      issuer: [...rules.issuers],
      audience: [...rules.audiences],
      algorithms: [rules.algorithm],
      requiredClaims: ['exp', 'iat', 'sub'],
      currentDate: new Date(rules.clock.nowMs()),
      clockTolerance: CLOCK_SKEW_SECONDS,
      maxTokenAge: AGE_MAX_SECONDS,
    });
    if (protectedHeader.kid === undefined) throw refused('names no key');
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw refused('expired', 'The token is expired.');
    if (error instanceof errors.JWTClaimValidationFailed) {
      const reason = `claim ${error.claim} ${error.reason}`;
      throw refused(
        reason,
        `The token is not for here and now: its claim ${error.claim} is refused.`,
      );
    }
    // Never jose's own message: none holds the token today, and none must tomorrow.
    if (error instanceof errors.JOSEError) throw refused(error.code);
    throw error;
  }
}

function refused(reason: string, message = 'The token is not valid.'): AppError {
  return new AppError('unauthenticated', message, { detail: { reason } });
}
