/** Callers that Google vouches for: by IAP's signed header, or by an ID token of their own. */
import { AppError } from '../../runtime/index.ts';
import { rolesOf } from './grants.ts';
import type { Grants } from './grants.ts';
import { bearerOf, headerOf } from './method.ts';
import type { AuthMethod } from './method.ts';
import { verifyToken } from './token.ts';
import type { TokenRules } from './token.ts';

export const IAP_HEADER = 'x-goog-iap-jwt-assertion';
/** Source: Google's guide to IAP's signed headers. */
export const IAP_TOKENS = {
  issuers: ['https://cloud.google.com/iap'],
  algorithm: 'ES256',
} as const;
/** Source: Google's OpenID Connect discovery document and guide. */
export const GOOGLE_TOKENS = {
  issuers: ['https://accounts.google.com', 'accounts.google.com'],
  algorithm: 'RS256',
} as const;

interface GoogleOptions {
  readonly rules: TokenRules;
  readonly grants: Grants;
}

/** The headers `x-goog-authenticated-user-*` are not read: without a signature, anyone can send them. */
export function iapMethod({ rules, grants }: GoogleOptions): AuthMethod {
  return {
    mode: 'iap',
    identify(request) {
      const token = headerOf(request, IAP_HEADER);
      return token === undefined ? undefined : identify(token);
    },
  };

  async function identify(token: string) {
    const { email } = await verifyToken(token, rules);
    if (typeof email !== 'string' || email === '') throw noEmail('no email');
    return { id: `iap:${email}`, roles: rolesOf(grants, email) };
  }
}

/** ID tokens of users and service accounts; an address that Google has not verified is nobody's. */
export function oidcMethod({ rules, grants }: GoogleOptions): AuthMethod {
  return {
    mode: 'oidc',
    identify(request) {
      const token = bearerOf(request);
      return token?.startsWith('ey') ? identify(token) : undefined;
    },
  };

  async function identify(token: string) {
    const claims = await verifyToken(token, rules);
    const email = verifiedEmail(claims);
    return { id: `oidc:${email}`, roles: rolesOf(grants, email) };
  }
}

/** Pub/Sub's push requests: the ID token of the one service account that the push subscription was given. */
export function pushMethod({
  rules,
  account,
}: {
  readonly rules: TokenRules;
  readonly account: string;
}): AuthMethod {
  return {
    mode: 'oidc',
    identify(request) {
      const token = bearerOf(request);
      return token === undefined ? undefined : identify(token);
    },
  };

  async function identify(token: string) {
    const email = verifiedEmail(await verifyToken(token, rules));
    if (email.toLowerCase() !== account.toLowerCase()) throw noEmail('not the push account');
    return { id: `push:${email}`, roles: [], isPush: true };
  }
}

/** @throws AppError `unauthenticated` where there is none, or it is not verified. */
export function verifiedEmail(claims: Readonly<Record<string, unknown>>): string {
  const { email, email_verified: isVerified } = claims;
  if (typeof email !== 'string' || email === '') throw noEmail('no email');
  if (isVerified !== true) throw noEmail('email not verified');
  return email;
}

function noEmail(reason: string): AppError {
  return new AppError('unauthenticated', 'The token names no verified e-mail address.', {
    detail: { reason },
  });
}
