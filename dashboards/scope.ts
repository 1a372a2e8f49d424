/** What `for_each` goes over, and the names that it puts in place of `{…}`. */
import { formatDuration } from '../runtime/index.ts';
import type { BurnRateTier, Slo } from '../slo/index.ts';

/** A stream as panels name it. */
export interface PanelStream {
  readonly name: string;
  readonly subscription: string;
}

/** What the definitions are about. */
export interface Subjects {
  readonly streams: readonly PanelStream[];
  readonly slos: readonly Slo[];
}

/** One turn of `for_each`: whose turn it is, and the texts of its placeholders. */
export interface Scope {
  readonly slo?: Slo;
  readonly texts: Readonly<Record<string, string>>;
}

export type Each = 'slo' | 'tier' | 'stream';

/** The scope outside of every `for_each`. */
export const OUTSIDE: Scope = { texts: {} };

/** The turns of a `for_each` within `scope`; `undefined` where it has nothing to go over, as a tier without an SLO. */
export function scopesOf(
  each: Each | undefined,
  scope: Scope,
  { streams, slos }: Subjects,
): readonly Scope[] | undefined {
  const within = (texts: Scope['texts'], slo = scope.slo): Scope => ({
    ...(slo ? { slo } : {}),
    texts: { ...scope.texts, ...texts },
  });
  switch (each) {
    case undefined:
      return [scope];
    case 'stream':
      return streams.map(({ name, subscription }) => within({ stream: name, subscription }));
    case 'slo':
      return slos.map((slo) => within(sloTexts(slo), slo));
    case 'tier':
      break;
  }
  return scope.slo?.tiers.map((tier) => within(tierTexts(tier)));
}

/** `value` with every `{name}` of the scope in place; an unknown name stays, for PromQL and patterns have braces too. */
export function fill(value: unknown, { texts }: Scope): unknown {
  if (typeof value === 'string') {
    return value.replace(/\{([a-z_]+)\}/g, (whole, name: string) =>
      Object.hasOwn(texts, name) ? (texts[name] ?? whole) : whole,
    );
  }
  if (Array.isArray(value)) return value.map((each) => fill(each, { texts }));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, fill(each, { texts })]),
  );
}

function sloTexts(slo: Slo): Scope['texts'] {
  const { name, title, objective, windowMs, playbook, userImpact } = slo;
  const fastest = slo.tiers.reduce((a, b) => (b.longWindowMs < a.longWindowMs ? b : a));
  return {
    slo: name,
    slo_title: title,
    objective_percent: objective.percent.text,
    objective_ratio: objective.targetRatio.text,
    window: formatDuration(windowMs),
    playbook,
    user_impact: userImpact,
    fastest_long: formatDuration(fastest.longWindowMs),
    fastest_factor: fastest.factor.text,
    fastest_severity: fastest.severity,
  };
}

function tierTexts(tier: BurnRateTier): Scope['texts'] {
  return {
    tier: tier.name,
    severity: tier.severity,
    factor: tier.factor.text,
    long: formatDuration(tier.longWindowMs),
    short: formatDuration(tier.shortWindowMs),
  };
}
