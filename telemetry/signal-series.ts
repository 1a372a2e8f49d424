/** Which stored series a selector means: names by the kind of the metric, bucket bounds whatever their spelling. */
import { metricSpec } from './catalogue.ts';
import type { Matcher, Selector } from './signal.ts';

/** A counter by its name; of a histogram of the catalogue, its number of observations. */
export function counterSeries(selector: Selector): Selector {
  return metricSpec(selector.metric)?.kind === 'histogram'
    ? { ...selector, metric: `${selector.metric}_count` }
    : selector;
}

/**
 * Matches the label `le` of one bound in every spelling: 60 is `60` in Prometheus 2 and `60.0` in Prometheus 3, a
 * million is `1000000` or `1e+06`.
 */
export function boundMatcher(bound: number): Matcher {
  if (bound === Number.POSITIVE_INFINITY) return { label: 'le', op: '=', value: '+Inf' };
  const plain = plainText(bound);
  const texts = new Set([plain, exponentText(bound)]);
  const isWhole = Number.isInteger(bound);
  const [first = plain, ...others] = [...texts].map((text) => text.replace(/[.+]/g, '\\$&'));
  if (!isWhole && others.length === 0) return { label: 'le', op: '=', value: plain };
  const anySpelling = others.length === 0 ? first : `(${[first, ...others].join('|')})`;
  return { label: 'le', op: '=~', value: isWhole ? `${anySpelling}(\\.0)?` : anySpelling };
}

/** The value of a label `le`; NaN where it is no number. */
export function boundValue(le: string | undefined): number {
  if (le === undefined || le.trim() === '') return Number.NaN;
  if (/^[+]?inf$/i.test(le)) return Number.POSITIVE_INFINITY;
  if (/^-inf$/i.test(le)) return Number.NEGATIVE_INFINITY;
  return Number(le);
}

function plainText(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  return Number.isInteger(value) ? BigInt(value).toString() : value.toFixed(20).replace(/0+$/, '');
}

/** As Go prints it by `%g`: an exponent of two digits from 1e+06 up and below 1e-04. */
function exponentText(value: number): string {
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return plainText(value);
  const sign = power < 0 ? '-' : '+';
  return `${digits}e${sign}${String(Math.abs(power)).padStart(2, '0')}`;
}
