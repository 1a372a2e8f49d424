/** A small seeded generator of random numbers: the same seed gives the same numbers on every machine. */

/** Uniform numbers in [0, 1), and what is drawn from them. */
export interface Random {
  /** Uniform in [0, 1), with 32 bits. */
  next(): number;
  /** A whole number in [0, `below`). */
  integer(below: number): number;
  pick<T>(values: readonly [T, ...T[]]): T;
  /** Normal with mean 0 and standard deviation 1. */
  normal(): number;
  /** 128 bits in the shape of a version 4 UUID; repeatable, so never a secret. */
  uuid(): string;
}

/** A generator from any text; texts that differ in one character give unrelated numbers. */
export function seededRandom(seed: string): Random {
  const nextUint32 = sfc32(seed);
  const next = () => nextUint32() / 2 ** 32;
  const integer = (below: number) => Math.floor(next() * below);
  const hex = () => nextUint32().toString(16).padStart(8, '0');
  return {
    next,
    integer,
    pick: (values) => values[integer(values.length)] ?? values[0],
    // Box-Muller; 1 - next() keeps the logarithm away from zero.
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    uuid() {
      const digits = hex() + hex() + hex() + hex();
      const variant = '89ab'[nextUint32() & 3];
      return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`;
    },
  };
}

/** A 32-bit hash of a text (FNV-1a with a final mix), for decisions that must not depend on order. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Chris Doty-Humphrey's small fast counting generator: 128 bits of state, period of at least 2^32. */
function sfc32(seed: string): () => number {
  let a = hash32(`${seed}/a`) | 0;
  let b = hash32(`${seed}/b`) | 0;
  let c = hash32(`${seed}/c`) | 0;
  let counter = 1;
  const step = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round++) step();
  return step;
}
