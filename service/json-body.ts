/** A request body that is one JSON object of a known shape. */
import type { Request } from 'express';
import type { z } from 'zod';
import { itemsOf } from './body.ts';
import { ServiceError } from './problem.ts';

/** @throws ServiceError `invalid_body` with each fault; `expected` is what would pass */
export function readBody<T extends z.ZodType>(
  request: Request,
  schema: T,
  expected: string,
): z.output<T> {
  const [item, ...others] = itemsOf(request);
  const result = schema.safeParse(item?.isJson ? item.value : undefined);
  if (result.success && others.length === 0) return result.data;
  const errors = (result.error?.issues ?? []).map(({ path, message }) => ({
    code: 'invalid_body',
    field: path.join('.') || null,
    reason: message,
  }));
  throw new ServiceError('invalid_body', `Expected ${expected}.`, { errors });
}
