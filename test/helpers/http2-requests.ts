/** The client's half of an HTTP/2 connection, passed on in whole frames, so that its requests can be ended in good order. */

const PREFACE_BYTES = 24;
const HEADER_BYTES = 9;
/** Types and flags of frames. Source: RFC 9113, section 6. */
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const END_STREAM = 1;

export class Http2Requests {
  readonly #open = new Set<number>();
  #waiting: Buffer = Buffer.alloc(0);
  #hasPreface = false;

  /** The bytes that are to go on: all whole frames so far. */
  pass(chunk: Buffer): Buffer {
    const bytes = Buffer.concat([this.#waiting, chunk]);
    let at = 0;
    if (!this.#hasPreface) {
      if (bytes.length < PREFACE_BYTES) return this.#keep(bytes, 0);
      this.#hasPreface = true;
      at = PREFACE_BYTES;
    }
    while (bytes.length - at >= HEADER_BYTES) {
      const end = at + HEADER_BYTES + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      this.#note(bytes[at + 3], bytes[at + 4] ?? 0, bytes.readUInt32BE(at + 5) & 0x7fffffff);
      at = end;
    }
    return this.#keep(bytes, at);
  }

  /** An empty last part for each request that the client has not ended. */
  endAll(): Buffer {
    const frames = [...this.#open].map((stream) => {
      const frame = Buffer.alloc(HEADER_BYTES);
      frame[3] = DATA;
      frame[4] = END_STREAM;
      frame.writeUInt32BE(stream, 5);
      return frame;
    });
    this.#open.clear();
    return Buffer.concat(frames);
  }

  #note(type: number | undefined, flags: number, stream: number): void {
    const isLast = (flags & END_STREAM) !== 0;
    if (type === HEADERS && !isLast) this.#open.add(stream);
    if (type === RST_STREAM || (isLast && (type === HEADERS || type === DATA))) {
      this.#open.delete(stream);
    }
  }

  #keep(bytes: Buffer, from: number): Buffer {
    this.#waiting = bytes.subarray(from);
    return bytes.subarray(0, from);
  }
}
