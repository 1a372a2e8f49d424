/** Bounds the values of each label: those beyond its limit become `other`. */
import type { LabelSpec } from './catalogue.ts';
import type { Labels } from './signal.ts';

/** What values beyond a label's limit are counted under. */
export const OTHER = 'other';

export class LabelLimits {
  readonly #specs: readonly (readonly [string, LabelSpec])[];
  readonly #seen = new Map<string, Set<string>>();

  constructor(labels: Readonly<Record<string, LabelSpec>>) {
    this.#specs = Object.entries(labels);
    for (const [name, { values }] of this.#specs) this.#seen.set(name, new Set(values));
  }

  /** The labels of the metric, in the catalogue's order, with `other` where a limit is reached. */
  apply(given: Labels): Labels {
    const labels: Record<string, string> = {};
    for (const [name, { limit }] of this.#specs) {
      const value = given[name] ?? '';
      const seen = this.#seen.get(name);
      if (!seen || seen.has(value)) labels[name] = value;
      else if (seen.size >= limit) labels[name] = OTHER;
      else {
        seen.add(value);
        labels[name] = value;
      }
    }
    return labels;
  }
}
