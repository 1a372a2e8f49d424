/** A form of the console: taken from its own pages alone, read strictly, answered with where to go then. */
import express from 'express';
import type { Request, RequestHandler } from 'express';
import type { z } from 'zod';
import type { Reader } from '../../dashboards/index.ts';
import { AppError } from '../../runtime/index.ts';
import { checkSameOrigin } from './same-origin.ts';

export interface Form {
  /** Refuses what comes from elsewhere, then reads the body. */
  readonly before: RequestHandler[];
  /** Does it; resolves with where to go then. */
  readonly handle: (request: Request, reader: Reader) => Promise<string>;
}

/** By path below the console's. */
export type Forms = Readonly<Record<string, Form>>;

/** A name, a note and a reason in the longest encoding. */
const BODY_BYTES_MAX = 16_384;

export const beforeForm: RequestHandler[] = [
  (request, _response, next) => {
    checkSameOrigin(request);
    next();
  },
  express.urlencoded({ extended: false, limit: BODY_BYTES_MAX }),
];

/** @throws AppError `invalid_body` */
export function readForm<T extends z.ZodType>(schema: T, { body }: Request): z.output<T> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new AppError('invalid_body', `${issue?.path.join('.') ?? 'form'}: ${issue?.message}.`);
}
