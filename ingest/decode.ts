/** Message bytes and attributes to an event, or the reason why not. Pure. */
import { isUtf8 } from 'node:buffer';
import { gunzipSync } from 'node:zlib';
import type { Refusal } from '../streams/index.ts';

export type Decoded =
  | { readonly ok: true; readonly event: unknown; readonly unpackedBytes: number }
  | { readonly ok: false; readonly refusal: Refusal };

export type DecodedText =
  | { readonly ok: true; readonly text: string; readonly unpackedBytes: number }
  | { readonly ok: false; readonly refusal: Refusal };

type Attributes = Readonly<Record<string, string>>;

/** The attribute that names the payload's compression: absent, `identity` or `gzip`. */
export const CONTENT_ENCODING = 'content-encoding';

const REASON_VALUE_CHARS_MAX = 80;

/**
 * The JSON value of a message. `bytesMax` bounds the payload as sent and as unpacked, so that a gzip bomb costs no
 * more memory than the largest honest message.
 */
export function decode(data: Buffer, attributes: Attributes, bytesMax: number): Decoded {
  const decoded = decodeText(data, attributes, bytesMax);
  if (!decoded.ok) return decoded;
  try {
    const event = JSON.parse(decoded.text) as unknown;
    return { ok: true, event, unpackedBytes: decoded.unpackedBytes };
  } catch {
    const got = decoded.text === '' ? 'an empty payload' : shorten(decoded.text);
    return refuse('not_json', `expected a JSON object such as {"id": "1"}; got ${got}`);
  }
}

/** The text of a message: unpacked, and proven to be UTF-8. */
export function decodeText(data: Buffer, attributes: Attributes, bytesMax: number): DecodedText {
  if (data.length > bytesMax) {
    return refuse('too_large', `expected at most ${bytesMax} bytes; got ${data.length}`);
  }
  let bytes = data;
  const encoding = attributes[CONTENT_ENCODING];
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
    if (encoding.toLowerCase() !== 'gzip') {
      return refuse(
        'bad_encoding',
        `expected the attribute ${CONTENT_ENCODING} to be gzip or absent; got ${shorten(encoding)}`,
      );
    }
    try {
      bytes = gunzipSync(data, { maxOutputLength: bytesMax });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
        return refuse('too_large', `expected at most ${bytesMax} bytes unpacked; got more`);
      }
      return refuse('bad_encoding', 'expected a gzip stream; got bytes that are none');
    }
  }
  if (!isUtf8(bytes)) return refuse('bad_encoding', 'expected UTF-8 text; got other bytes');
  return { ok: true, text: bytes.toString('utf8'), unpackedBytes: bytes.length };
}

function refuse(code: Refusal['code'], reason: string) {
  return { ok: false, refusal: { code, reason } } as const;
}

function shorten(text: string): string {
  return text.length <= REASON_VALUE_CHARS_MAX
    ? text
    : `${text.slice(0, REASON_VALUE_CHARS_MAX)}… (${text.length} characters)`;
}
