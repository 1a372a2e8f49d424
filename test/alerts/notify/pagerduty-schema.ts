/**
 * What PagerDuty documents of an event, as a JSON Schema of our own; its length limits are checked by the stand-in too.
 * Source: PagerDuty developer documentation, Events API v2, "Send an Alert Event".
 */
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

const SCHEMA = {
  type: 'object',
  required: ['routing_key', 'event_action'],
  additionalProperties: false,
  properties: {
    routing_key: { type: 'string', minLength: 32, maxLength: 32 },
    event_action: { enum: ['trigger', 'acknowledge', 'resolve'] },
    dedup_key: { type: 'string', minLength: 1, maxLength: 255 },
    client: { type: 'string' },
    client_url: { type: 'string', format: 'uri' },
    payload: {
      type: 'object',
      required: ['summary', 'source', 'severity'],
      additionalProperties: false,
      properties: {
        summary: { type: 'string', minLength: 1, maxLength: 1_024 },
        source: { type: 'string', minLength: 1 },
        severity: { enum: ['critical', 'error', 'warning', 'info'] },
        timestamp: { type: 'string', format: 'date-time' },
        component: { type: 'string' },
        group: { type: 'string' },
        class: { type: 'string' },
        custom_details: { type: 'object' },
      },
    },
    links: {
      type: 'array',
      items: {
        type: 'object',
        required: ['href'],
        additionalProperties: false,
        properties: { href: { type: 'string', format: 'uri' }, text: { type: 'string' } },
      },
    },
    images: { type: 'array' },
  },
  allOf: [
    {
      if: { properties: { event_action: { const: 'trigger' } } },
      // eslint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: { required: ['payload'] },
      else: { required: ['dedup_key'] },
    },
  ],
};

const ajv = new Ajv({ allErrors: true });
addFormats.default(ajv);
const validate = ajv.compile(SCHEMA);

/** What is wrong with an event, as PagerDuty would refuse it; empty where nothing is. */
export function pagerDutyProblems(body: unknown, text: string): readonly string[] {
  const problems = validate(body)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  const byteCount = Buffer.byteLength(text);
  return byteCount > 512_000 ? [...problems, `${byteCount} bytes are more than 512 KB`] : problems;
}
