/** Exact decimals: objectives and the numbers derived from them, without float noise in anything shown or compiled. */

/** `numerator / denominator` in lowest terms, `denominator` above 0. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Digits kept of a fraction that no decimal ends, such as 14/15: below the 15.9 that a double holds. */
const DIGITS_MAX = 12;
const DECIMAL = /^(\d{1,30})(?:\.(\d{1,30}))?$/;

/** The fraction that a decimal text names, or `undefined` where it is none: `99.95` is 1999/20. No sign, no exponent. */
export function parseDecimal(text: string): Fraction | undefined {
  const [, whole, decimals = ''] = DECIMAL.exec(text) ?? [];
  if (whole === undefined) return undefined;
  return fraction(BigInt(whole + decimals), 10n ** BigInt(decimals.length));
}

/** `numerator / denominator`, reduced. */
export function fraction(numerator: bigint, denominator = 1n): Fraction {
  const divisor = greatestCommonDivisor(numerator, denominator);
  const sign = denominator < 0n ? -1n : 1n;
  return {
    numerator: (sign * numerator) / divisor,
    denominator: (sign * denominator) / divisor,
  };
}

export function subtract(a: Fraction, b: Fraction): Fraction {
  return fraction(
    a.numerator * b.denominator - b.numerator * a.denominator,
    a.denominator * b.denominator,
  );
}

export function multiply(a: Fraction, b: Fraction): Fraction {
  return fraction(a.numerator * b.numerator, a.denominator * b.denominator);
}

/** `b` must not be 0. */
export function divide(a: Fraction, b: Fraction): Fraction {
  return fraction(a.numerator * b.denominator, a.denominator * b.numerator);
}

/** Below 0 where `a < b`, 0 where they are equal, above 0 where `a > b`. */
export function compare(a: Fraction, b: Fraction): number {
  return Number(subtract(a, b).numerator);
}

/**
 * The decimal text, exact where a decimal ends: 9/625 is `0.0144`. Else rounded half up to 12 significant digits:
 * 14/15 is `0.933333333333`. PromQL, YAML and JSON all read it as the nearest double.
 */
export function decimalText({ numerator, denominator }: Fraction): string {
  const sign = numerator < 0n ? '-' : '';
  const size = numerator < 0n ? -numerator : numerator;
  const exactScale = endingScale(denominator);
  const scale = exactScale ?? roundedScale(size, denominator);
  const unit = 10n ** BigInt(scale);
  const scaled = (2n * size * unit + denominator) / (2n * denominator);
  const whole = scaled / unit;
  const decimals = (scaled % unit).toString().padStart(scale, '0').replace(/0+$/, '');
  return `${sign}${whole}${decimals === '' ? '' : `.${decimals}`}`;
}

/** The nearest double of the decimal text, so that what is computed is what is shown. */
export function decimalNumber(value: Fraction): number {
  return Number(decimalText(value));
}

/** Digits after the point of a fraction that a decimal ends, or `undefined`. */
function endingScale(denominator: bigint): number | undefined {
  let rest = denominator;
  const powers = [2n, 5n].map((prime) => {
    let power = 0;
    for (; rest % prime === 0n; rest /= prime) power++;
    return power;
  });
  return rest === 1n ? Math.max(...powers) : undefined;
}

function roundedScale(size: bigint, denominator: bigint): number {
  const whole = size / denominator;
  if (whole > 0n) return Math.max(0, DIGITS_MAX - whole.toString().length);
  let leadingZeros = 0;
  for (let rest = size * 10n; rest < denominator; rest *= 10n) leadingZeros++;
  return DIGITS_MAX + leadingZeros;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y > 0n) [x, y] = [y, x % y];
  return x === 0n ? 1n : x;
}
