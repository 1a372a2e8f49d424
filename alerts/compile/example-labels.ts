/** Labels of a series that a selector takes, for series that are made up. */
import { AppError } from '../../runtime/index.ts';
import { acceptsLabel, metricSpec } from '../../telemetry/index.ts';
import type { Labels, Matcher, Selector } from '../../telemetry/index.ts';

/** Values that are tried where neither the matcher nor the catalogue names one. */
const CANDIDATES = ['', 'a', 'b', '200', '500', '0'];

/**
 * Labels of which every matcher of `selector` takes its own, starting from `given`; labels that need no value have none.
 * @throws AppError `invalid_argument` for a pattern that no value is found for.
 */
export function exampleLabels(selector: Selector, given: Labels = {}): Labels {
  const labels: Record<string, string> = { ...given };
  const named = new Set(selector.matchers.map(({ label }) => label));
  for (const label of named) {
    const matchers = selector.matchers.filter((each) => each.label === label);
    const values = [...(label in given ? [given[label]!] : []), ...candidates(selector, matchers)];
    const found = values.find((value) => matchers.every((each) => acceptsLabel(each, value)));
    if (found === undefined) {
      throw new AppError(
        'invalid_argument',
        `expected a pattern for ${label} that a value can be made up for, such as "5.." or "a|b"`,
      );
    }
    if (found !== '') labels[label] = found;
  }
  return labels;
}

/** Whether a selector takes a series of that name and labels. */
export function takes(selector: Selector, metric: string, labels: Labels): boolean {
  return (
    selector.metric === metric &&
    selector.matchers.every((each) => acceptsLabel(each, labels[each.label] ?? ''))
  );
}

function candidates({ metric }: Selector, matchers: readonly Matcher[]): readonly string[] {
  const [{ label } = { label: '' }] = matchers;
  const known = metricSpec(metric)?.labels[label]?.values ?? [];
  const fromPatterns = matchers
    .filter(({ op }) => op === '=' || op === '=~')
    .flatMap(({ value }) => [value, ...value.split('|').map(plain)]);
  return [...fromPatterns, ...known, ...CANDIDATES];
}

/** A text that a simple pattern takes: `5..` takes `500`, `freshness-.*` takes `freshness-`. */
function plain(pattern: string): string {
  return pattern
    .replace(/\[(.)[^\]]*\]/g, '$1')
    .replace(/\.[*+?]/g, 'x')
    .replaceAll('.', '0')
    .replace(/[()^$\\]/g, '');
}
