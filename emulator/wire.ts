/** Protobuf's wire format, as much of it as the hot calls need. Source: https://protobuf.dev/programming-guides/encoding/ */

const LENGTH_DELIMITED = 2;

/** Reads fields one after the other; every method throws on truncated input. */
export class WireReader {
  readonly bytes: Buffer;
  readonly #end: number;
  /** Offset of the next unread byte. */
  position: number;
  /** Of the field that `nextField` stopped at. */
  field = 0;
  wireType = 0;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = start;
    this.#end = end;
  }

  /** Moves to the next field; false at the end. */
  nextField(): boolean {
    if (this.position >= this.#end) return false;
    const tag = this.int32() >>> 0;
    this.field = tag >>> 3;
    this.wireType = tag & 7;
    if (this.field === 0) throw new Error('Malformed protobuf message: field number 0');
    return true;
  }

  /** Whether the current field is `field` and holds a length-delimited value. */
  isBytes(field: number): boolean {
    return this.field === field && this.wireType === LENGTH_DELIMITED;
  }

  /** Low 32 bits of a varint, signed. */
  int32(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= this.#end) break;
      const byte = this.bytes[this.position++] as number;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value | 0;
    }
    throw new Error('Malformed protobuf message: a number ends too early');
  }

  /** Reads a length and returns the offset behind that many bytes; the value starts at `position`. */
  valueEnd(): number {
    const end = (this.int32() >>> 0) + this.position;
    if (end > this.#end) throw new Error('Malformed protobuf message: a value ends too early');
    return end;
  }

  string(): string {
    const end = this.valueEnd();
    const text = this.bytes.toString('utf8', this.position, end);
    this.position = end;
    return text;
  }

  skip(): void {
    switch (this.wireType) {
      case 0:
        this.int32();
        return;
      case 1:
        return this.#advance(8);
      case LENGTH_DELIMITED:
        this.position = this.valueEnd();
        return;
      case 5:
        return this.#advance(4);
      default:
        throw new Error(`Malformed protobuf message: wire type ${this.wireType}`);
    }
  }

  #advance(byteCount: number): void {
    this.position += byteCount;
    if (this.position > this.#end) throw new Error('Malformed protobuf message: it ends too early');
  }
}

/** Bytes that `value` takes as a varint; `value` is whole and not negative. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Writes a varint; returns the offset behind it. */
export function writeVarint(bytes: Buffer, offset: number, value: number): number {
  let position = offset;
  let rest = value;
  while (rest >= 0x80) {
    bytes[position++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  bytes[position++] = rest;
  return position;
}

export function varintField(field: number, value: number): Buffer {
  const bytes = Buffer.allocUnsafe(1 + varintSize(value));
  bytes[0] = field << 3;
  writeVarint(bytes, 1, value);
  return bytes;
}

export function bytesField(field: number, value: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(1 + varintSize(value.length) + value.length);
  bytes[0] = (field << 3) | LENGTH_DELIMITED;
  value.copy(bytes, writeVarint(bytes, 1, value.length));
  return bytes;
}

export function stringField(field: number, value: string): Buffer {
  return bytesField(field, Buffer.from(value));
}

export function concat(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts);
}
