/** A Bloom filter over the keys of one run: says for nearly every id that is not in it, without a look-up, that it is not. */

/** 16 bits a key and 4 probes in one block: about 4 keys in 1,000 pass though they are not there, and cost one look-up. */
const BITS_PER_KEY = 16;
const PROBES = 4;
/** One cache line, so that a key costs one access to memory however large the filter is. */
const BLOCK_WORDS = 16;
const BLOCK_BITS = BLOCK_WORDS * 32;
const KEY_SPACE = 2 ** 52;

/** Keys are whole numbers below 2^52 that are spread evenly, such as parts of a hash. Two bytes a key. */
export class KeyFilter {
  /** What to store, and to make the same filter of. */
  readonly words: Uint32Array;
  readonly #blocksPerKey: number;

  constructor(words: Uint32Array) {
    this.words = words;
    this.#blocksPerKey = words.length / BLOCK_WORDS / KEY_SPACE;
  }

  /** Empty, with room for `keyCount` keys. */
  static withRoomFor(keyCount: number): KeyFilter {
    const blockCount = Math.max(1, Math.ceil((keyCount * BITS_PER_KEY) / BLOCK_BITS));
    return new KeyFilter(new Uint32Array(blockCount * BLOCK_WORDS));
  }

  /** False: certainly never added. True: perhaps added. */
  mayHave(key: number): boolean {
    const block = Math.floor(key * this.#blocksPerKey) * BLOCK_WORDS;
    const step = (key >>> 9) | 1;
    for (let probe = 0, bit = key >>> 0; probe < PROBES; probe++, bit += step) {
      const at = bit & (BLOCK_BITS - 1);
      if ((this.words[block + (at >>> 5)]! & (1 << (at & 31))) === 0) return false;
    }
    return true;
  }

  /** The block is a key's highest bits: keys in rising order are written one block behind the other. */
  add(key: number): void {
    const block = Math.floor(key * this.#blocksPerKey) * BLOCK_WORDS;
    const step = (key >>> 9) | 1;
    for (let probe = 0, bit = key >>> 0; probe < PROBES; probe++, bit += step) {
      const at = bit & (BLOCK_BITS - 1);
      this.words[block + (at >>> 5)]! |= 1 << (at & 31);
    }
  }
}
