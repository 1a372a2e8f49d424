/** Messages that Pub/Sub posts (a push subscription): answered once they are stored, through the ingester's own pipeline. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { parseTimestamp } from '../../streams/index.ts';
import type { PushIntake } from '../deps.ts';
import { readBody } from '../json-body.ts';
import { readQuery } from '../parameters.ts';
import { negotiate } from '../respond.ts';
import type { StreamResource } from '../stream-resource.ts';

/** Source: the wrapped form of Pub/Sub's push requests. It says some members twice; the second spelling is not read. */
const PUSH = z.object({
  message: z.object({
    messageId: z.string().min(1).max(100),
    publishTime: z.string().transform((text, context) => {
      const micros = parseTimestamp(text);
      if (typeof micros === 'number') return micros;
      context.addIssue('expected an RFC 3339 time');
      return z.NEVER;
    }),
    data: z.base64().default(''),
    attributes: z.record(z.string(), z.string()).default({}),
    orderingKey: z.string().default(''),
  }),
  subscription: z.string().default(''),
  deliveryAttempt: z.int().min(0).default(0),
});

/** The body as JSON Schema, for the OpenAPI document. */
export function pushRequestSchema(): Readonly<Record<string, unknown>> {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(PUSH, { io: 'input' });
  return schema;
}

/** 204 is the ack: the row is committed, or the refusal recorded. Everything else has Pub/Sub push it again. */
export async function receivePush(
  push: PushIntake,
  { stream }: StreamResource,
  request: Request,
  response: Response,
): Promise<void> {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const { message, deliveryAttempt } = readBody(
    request,
    PUSH,
    'one wrapped message as Pub/Sub pushes them',
  );
  await push(stream, {
    id: message.messageId,
    data: Buffer.from(message.data, 'base64'),
    attributes: message.attributes,
    orderingKey: message.orderingKey,
    deliveryAttempt,
    publishTimeMicros: message.publishTime,
  });
  response.statusCode = 204;
  response.setHeader('Cache-Control', 'no-store');
  response.end();
}
