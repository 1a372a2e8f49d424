/** Alert policies of OpenSLO as burn-rate tiers: one condition each, the short window and the share from annotations. */
import { compare, decimalText, divide, fraction, multiply, parseDecimal } from './decimal.ts';
import type { Fraction } from './decimal.ts';
import { fieldsOf, find, findSpec, listOf, nameOf, show } from './openslo-document.ts';
import type { Fields, Refuse } from './openslo-document.ts';
import { ANNOTATION, openSloDuration, parseOpenSloDuration } from './openslo-format.ts';

const MINUTE_MS = 60_000;

/** Tiers as an SLO file has them; `undefined` where the document has no policy. */
export function tiersOf(
  spec: Fields,
  windowMs: number,
  documents: readonly Fields[],
  refuse: Refuse,
  note: (text: string) => void,
): readonly Fields[] | undefined {
  const policies = listOf(spec['alertPolicies']).map((each) => {
    const fields = fieldsOf(each);
    const reference = fields['alertPolicyRef'];
    return reference === undefined ? fields : find(documents, 'AlertPolicy', reference);
  });
  if (policies.length === 0) {
    note('no alert policy is in the document; the shipped tiers are taken');
    return undefined;
  }
  return policies.map((each, index) => {
    const path = `spec.alertPolicies[${index}]`;
    if (!each) return refuse(path, 'an alert policy that is in the file', 'none') ?? {};
    return tierOf(
      each,
      windowMs,
      documents,
      (at, ...rest) => refuse(`${path}${at}`, ...rest),
      note,
    );
  });
}

function tierOf(
  policy: Fields,
  windowMs: number,
  documents: readonly Fields[],
  refuse: Refuse,
  note: (text: string) => void,
): Fields {
  const annotations = fieldsOf(fieldsOf(policy['metadata'])['annotations']);
  const conditions = listOf(fieldsOf(policy['spec'])['conditions']);
  if (conditions.length !== 1) refuse('.conditions', 'exactly one', conditions);
  const first = fieldsOf(conditions[0]);
  const condition = fieldsOf(
    first['spec'] ?? findSpec(documents, 'AlertCondition', first['conditionRef']),
  );
  const burn = fieldsOf(condition['condition']);
  const longMs = parseOpenSloDuration(burn['lookbackWindow']);
  const threshold = parseDecimal(String(burn['threshold']));
  if (burn['kind'] !== 'burnrate' || burn['op'] !== 'gt' || longMs === undefined || !threshold) {
    refuse(
      '.conditions[0]',
      'a burnrate condition with op: gt, a threshold and a lookbackWindow',
      burn,
    );
    return {};
  }
  const severity = condition['severity'];
  const isKnown = severity === 'page' || severity === 'ticket';
  if (!isKnown) note(`severity ${show(severity)} of ${show(nameOf(policy))} is taken as ticket`);
  const short = annotations[ANNOTATION.shortWindow] ?? twelfth(longMs);
  return {
    name: annotations[ANNOTATION.tier] ?? nameOf(policy),
    severity: isKnown ? severity : 'ticket',
    budget: `${annotatedShare(annotations, threshold, longMs, windowMs)}%`,
    long: openSloDuration(longMs),
    short,
  };
}

/** The percentage as exported while it still gives the threshold, else the one that does: 100 · threshold · long / window. */
function annotatedShare(
  annotations: Fields,
  threshold: Fraction,
  longMs: number,
  windowMs: number,
): string {
  const perShare = divide(fraction(BigInt(longMs)), fraction(BigInt(Math.max(1, windowMs))));
  const derived = multiply(multiply(threshold, fraction(100n)), perShare);
  const annotated = parseDecimal(String(annotations[ANNOTATION.budget]));
  if (annotated) {
    const factor = divide(divide(annotated, fraction(100n)), perShare);
    const shown = parseDecimal(decimalText(factor));
    if (shown && compare(shown, threshold) === 0) return decimalText(annotated);
  }
  return decimalText(derived);
}

/** Source: The Site Reliability Workbook, chapter 5: a short window of 1/12 of the long one. */
function twelfth(longMs: number): string {
  return openSloDuration(Math.max(1, Math.round(longMs / 12 / MINUTE_MS)) * MINUTE_MS);
}
