/** A Bloom filter over the keys of an event-id index: says for nearly every new id, without a look-up, that it is new. */

/** 16 bits a key and 4 probes: about 2 keys in 1,000 pass though they are not stored, and cost one look-up. */
const BITS_PER_KEY = 16;
const PROBES = 4;
/** Keys of the first part; each further part holds twice as many as the one before. */
const FIRST_PART_KEYS = 2 ** 20;
/** Two bytes a key: 256 MB at most. Beyond it every key may be stored, and each costs its look-up. */
const KEYS_MAX = 2 ** 27;

interface Part {
  readonly words: Uint32Array;
  readonly mask: number;
  readonly keysMax: number;
  keyCount: number;
}

/** Keys are whole numbers below 2^52 that are spread evenly, such as parts of a hash. */
export class KeyFilter {
  readonly #parts: Part[] = [];
  #keysMax = 0;

  /** False: certainly never added. True: perhaps added. */
  mayHave(key: number): boolean {
    if (this.#keysMax > KEYS_MAX) return true;
    const low = key >>> 0;
    const step = Math.floor(key / 2 ** 32) | 1;
    return this.#parts.some(({ words, mask }) => {
      for (let probe = 0, bit = low; probe < PROBES; probe++, bit = (bit + step * 4_093) >>> 0) {
        const at = bit & mask;
        if ((words[at >>> 5]! & (1 << (at & 31))) === 0) return false;
      }
      return true;
    });
  }

  add(key: number): void {
    const { words, mask } = this.#roomyPart();
    const low = key >>> 0;
    const step = Math.floor(key / 2 ** 32) | 1;
    for (let probe = 0, bit = low; probe < PROBES; probe++, bit = (bit + step * 4_093) >>> 0) {
      const at = bit & mask;
      words[at >>> 5]! |= 1 << (at & 31);
    }
  }

  #roomyPart(): Part {
    const last = this.#parts.at(-1);
    if (last && (last.keyCount < last.keysMax || this.#keysMax > KEYS_MAX)) {
      last.keyCount++;
      return last;
    }
    const keysMax = last ? last.keysMax * 2 : FIRST_PART_KEYS;
    const bitCount = keysMax * BITS_PER_KEY;
    const part = {
      words: new Uint32Array(bitCount / 32),
      mask: bitCount - 1,
      keysMax,
      keyCount: 1,
    };
    this.#parts.push(part);
    this.#keysMax += keysMax;
    return part;
  }
}
