/** OpenSLO v1 documents as an SLO file of ours; what is not understood is refused, what is guessed is said. */
import { parseAllDocuments, stringify } from 'yaml';
import { AppError } from '../runtime/index.ts';
import { decimalText, fraction, multiply, parseDecimal } from './decimal.ts';
import { fieldsOf, findSpec, listOf, nameOf, show } from './openslo-document.ts';
import type { Fields, Refuse } from './openslo-document.ts';
import {
  ANNOTATION,
  openSloDuration,
  OPENSLO_VERSION,
  parseOpenSloDuration,
  readQuery,
} from './openslo-format.ts';
import type { ReadQuery } from './openslo-format.ts';
import { tiersOf } from './openslo-tiers.ts';
import { formatSelector } from './selector.ts';

export interface OpenSloImport {
  /** The text of an SLO file; to be read by `parseSlos`. */
  readonly text: string;
  /** What was guessed, a sentence each. */
  readonly notes: readonly string[];
}

/** @throws AppError `invalid_definition` with every problem: document, path, what was expected and what was got. */
export function importOpenSlo(text: string, file: string): OpenSloImport {
  const problems: string[] = [];
  const notes: string[] = [];
  const documents: Fields[] = [];
  for (const [index, parsed] of parseAllDocuments(text).entries()) {
    const where = `${file} document ${index + 1}`;
    for (const { message } of parsed.errors)
      problems.push(`${where}: expected YAML; got: ${message}`);
    if (parsed.errors.length > 0) continue;
    const value: unknown = parsed.toJS();
    if (value === null) continue;
    const fields = fieldsOf(value);
    if (fields['apiVersion'] === OPENSLO_VERSION) documents.push(fields);
    else
      problems.push(
        `${where}: expected apiVersion: ${OPENSLO_VERSION}; got ${show(fields['apiVersion'])}`,
      );
  }
  const slos = documents.filter((each) => each['kind'] === 'SLO');
  if (slos.length === 0 && problems.length === 0) {
    problems.push(`${file}: expected at least one document of kind: SLO; got none`);
  }
  const items = slos.map((each) => {
    const where = `${file} SLO ${show(nameOf(each))}`;
    const refuse: Refuse = (path, expected, got) => {
      problems.push(`${where} ${path}: expected ${expected}; got ${show(got)}`);
    };
    return toItem(each, documents, refuse, (note) => notes.push(`${show(nameOf(each))}: ${note}`));
  });
  if (problems.length > 0) {
    throw new AppError(
      'invalid_definition',
      `The OpenSLO documents are not usable:\n  ${problems.join('\n  ')}`,
      {
        detail: { problems },
      },
    );
  }
  const [first] = items;
  const head = { service: first?.['service'], owner: first?.['owner'] };
  return { text: stringify({ ...head, slos: items }, { lineWidth: 0 }), notes };
}

function toItem(
  document: Fields,
  documents: readonly Fields[],
  refuse: Refuse,
  note: (text: string) => void,
): Fields {
  const metadata = fieldsOf(document['metadata']);
  const annotations = fieldsOf(metadata['annotations']);
  const spec = fieldsOf(document['spec']);
  const name = metadata['name'];
  const given = (key: string, fallback: unknown, what: string) => {
    if (annotations[key] !== undefined) return annotations[key];
    note(`${what} is not in the document; taken as ${show(fallback)}`);
    return fallback;
  };
  const title = annotations[ANNOTATION.title] ?? metadata['displayName'] ?? name;
  const description = spec['description'] ?? title;
  const objectives = listOf(spec['objectives']);
  if (objectives.length !== 1)
    refuse('spec.objectives', 'exactly one (write an SLO each)', spec['objectives']);
  const objective = fieldsOf(objectives[0]);
  const windowMs = windowOf(spec, refuse);
  const service = spec['service'] ?? 'imported';
  return {
    name,
    title,
    service,
    owner: given(ANNOTATION.owner, 'unassigned', 'The owner'),
    description,
    user_impact: given(ANNOTATION.userImpact, description, 'What users feel'),
    playbook: given(ANNOTATION.playbook, `alerts/playbooks/${show(name)}.md`, 'The playbook'),
    ...labelsOf(metadata['labels'], refuse),
    objective: objectiveOf(objective, refuse),
    window: windowMs === undefined ? undefined : openSloDuration(windowMs),
    budgeting: budgetingOf(spec, refuse),
    indicator: indicatorOf(spec, objective, documents, annotations, refuse),
    tiers: tiersOf(spec, windowMs ?? 0, documents, refuse, note),
    low_traffic: {
      min_events: Number(given(ANNOTATION.minEvents, 0, 'The least traffic')),
      min_bad_events: Number(given(ANNOTATION.minBadEvents, 3, 'The least number of bad events')),
    },
    no_data: given(ANNOTATION.noData, 'alert', 'What no data means'),
  };
}

function objectiveOf(objective: Fields, refuse: Refuse): number | undefined {
  const target = objective['targetPercent'] ?? objective['target'];
  const value = parseDecimal(String(target));
  if (!value)
    return refuse('spec.objectives[0].target', 'a share from 0 to 1, such as 0.999', target);
  const percent =
    objective['targetPercent'] === undefined ? multiply(value, fraction(100n)) : value;
  return Number(decimalText(percent));
}

function windowOf(spec: Fields, refuse: Refuse): number | undefined {
  const windows = listOf(spec['timeWindow']);
  const window = fieldsOf(windows[0]);
  const windowMs = parseOpenSloDuration(window['duration']);
  if (windows.length !== 1 || window['isRolling'] !== true || windowMs === undefined) {
    return refuse(
      'spec.timeWindow',
      'one rolling window of minutes, hours, days or weeks, such as [{ duration: 30d, isRolling: true }]',
      spec['timeWindow'],
    );
  }
  return windowMs;
}

function budgetingOf(spec: Fields, refuse: Refuse): string | undefined {
  const method = spec['budgetingMethod'];
  if (method === 'Occurrences') return 'occurrences';
  if (method === 'Timeslices') return 'timeslices';
  return refuse(
    'spec.budgetingMethod',
    'Occurrences or Timeslices (a mean of ratios is no SLI here)',
    method,
  );
}

function indicatorOf(
  spec: Fields,
  objective: Fields,
  documents: readonly Fields[],
  annotations: Fields,
  refuse: Refuse,
): Fields | undefined {
  const inline = fieldsOf(spec['indicator'])['spec'];
  const sli = fieldsOf(inline ?? findSpec(documents, 'SLI', spec['indicatorRef']));
  const ratio = sli['ratioMetric'];
  if (ratio !== undefined) return ratioOf(fieldsOf(ratio), refuse);
  if (sli['thresholdMetric'] === undefined) {
    return refuse(
      'spec.indicator',
      'a ratioMetric or a thresholdMetric',
      spec['indicator'] ?? spec['indicatorRef'],
    );
  }
  const query = queryOf(sli['thresholdMetric'], 'spec.indicator.spec.thresholdMetric', refuse);
  if (objective['op'] !== 'lte') refuse('spec.objectives[0].op', 'lte', objective['op']);
  if (typeof objective['value'] !== 'number')
    refuse('spec.objectives[0].value', 'a number, such as 60', objective['value']);
  if (objective['timeSliceTarget'] !== 1) {
    refuse(
      'spec.objectives[0].timeSliceTarget',
      '1 (a slice is good where every sample is)',
      objective['timeSliceTarget'],
    );
  }
  if (!query) return undefined;
  return {
    slices: {
      gauge: formatSelector(query.selector),
      at_most: objective['value'],
      slice: objective['timeSliceWindow'],
      ...(annotations[ANNOTATION.presence] === undefined
        ? {}
        : { presence: annotations[ANNOTATION.presence] }),
    },
  };
}

function ratioOf(ratio: Fields, refuse: Refuse): Fields | undefined {
  const part = ratio['good'] === undefined ? 'bad' : 'good';
  const path = 'spec.indicator.spec.ratioMetric';
  const counted = queryOf(ratio[part], `${path}.${part}`, refuse);
  const total = queryOf(ratio['total'], `${path}.total`, refuse);
  if (!counted || !total) return undefined;
  if (counted.kind === 'bucket') {
    const histogram = formatSelector(counted.selector);
    if (part === 'bad' || histogram !== formatSelector(total.selector)) {
      return refuse(
        path,
        'good as a bucket of the histogram that total counts',
        formatSelector(total.selector),
      );
    }
    return { at_or_below: { histogram, at_most: counted.bound } };
  }
  return {
    ratio: { [part]: formatSelector(counted.selector), valid: formatSelector(total.selector) },
  };
}

function queryOf(metric: unknown, path: string, refuse: Refuse): ReadQuery | undefined {
  const query = fieldsOf(fieldsOf(fieldsOf(metric)['metricSource'])['spec'])['query'];
  const found = readQuery(query);
  if (found) return found;
  const example = 'http_server_request_duration_seconds_count{http_response_status_code=~"5.."}';
  return refuse(
    `${path}.metricSource.spec.query`,
    `a metric with conditions on its labels, such as ${example}`,
    query,
  );
}

function labelsOf(labels: unknown, refuse: Refuse): Fields {
  const entries = Object.entries(fieldsOf(labels)).map(([key, value]) => [
    key,
    Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : value,
  ]);
  for (const [key, value] of entries) {
    if (typeof value !== 'string') refuse(`metadata.labels.${String(key)}`, 'one text', value);
  }
  return entries.length > 0 ? { labels: Object.fromEntries(entries) as Fields } : {};
}
