/** Seeded random choices for tests: mulberry32. */
export interface Random {
  /** From 0 to `max` - 1. */
  below(max: number): number;
  pick<T>(values: readonly T[]): T;
  bytes(count: number): number[];
}

export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (max: number) => Math.floor(next() * max);
  return {
    below,
    pick: (values) => values[below(values.length)]!,
    bytes: (count) => Array.from({ length: count }, () => below(256)),
  };
}
