/** The one reader of SLO files: strict, and every problem of every file at once. */
import { createHash } from 'node:crypto';
import { AppError, DefinitionSource, listDefinitionFiles } from '../runtime/index.ts';
import type { Path } from '../runtime/index.ts';
import { deriveTier } from './burn-rate-tier.ts';
import { parseObjective } from './objective.ts';
import { checkSlo, tierDraft } from './slo-rules.ts';
import { fileSchema, sloSchema } from './slo-schema.ts';
import type { FileHead, SloFile } from './slo-schema.ts';
import type { Indicator, Slo } from './slo.ts';

/** What `for_each_stream` puts in place of `{stream}` and `{subscription}`. */
export interface StreamNames {
  readonly name: string;
  readonly subscription: string;
}

const REVISION_LENGTH = 12;

/**
 * The SLOs of all `*.yaml` files in a folder, by name.
 * @throws AppError `invalid_definition` with one line a problem: `file:line path: expected …, such as …; got …`.
 */
export function loadSlos(dir: string, streams: readonly StreamNames[]): readonly Slo[] {
  const problems: string[] = [];
  const files = listDefinitionFiles(dir);
  if (files.length === 0) problems.push(`${dir}: expected at least one *.yaml file; got none`);
  return settle(
    files.flatMap((file) => readFile(new DefinitionSource(file, problems), streams)),
    problems,
  );
}

/** The SLOs of one text, named `file` in messages. @throws AppError `invalid_definition` as `loadSlos`. */
export function parseSlos(
  text: string,
  file: string,
  streams: readonly StreamNames[],
): readonly Slo[] {
  const problems: string[] = [];
  return settle(readFile(new DefinitionSource(file, problems, text), streams), problems);
}

/** An SLO beside the means to report on it. */
interface Found {
  readonly slo: Slo;
  readonly reportName: (message: string) => void;
}

function settle(found: readonly Found[], problems: readonly string[]): readonly Slo[] {
  for (const [index, { slo, reportName }] of found.entries()) {
    const twin = found.slice(0, index).find((other) => other.slo.name === slo.name)?.slo;
    if (twin) {
      const { file, line } = twin.place;
      reportName(`expected a name of its own; ${slo.name} stands at ${file}:${line} already`);
    }
  }
  // One definition for all streams tells each of its problems once a stream.
  const distinct = [...new Set(problems)];
  if (distinct.length > 0) {
    throw new AppError(
      'invalid_definition',
      `The SLO definitions are not valid:\n  ${distinct.join('\n  ')}`,
      { detail: { problems: distinct } },
    );
  }
  return found.map(({ slo }) => slo).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function readFile(source: DefinitionSource, streams: readonly StreamNames[]): Found[] {
  if (!source.isReadable) return [];
  const file = fileSchema.safeParse(source.raw);
  source.reportIssues(file.error);
  const raw: unknown = source.raw;
  const items = isRecord(raw) && Array.isArray(raw['slos']) ? (raw['slos'] as unknown[]) : [];
  return items.flatMap((item, index) =>
    expand(item, streams, (path, message) => source.report(['slos', index, ...path], message))
      .map((each) => readSlo(source, index, each, file.data))
      .filter((each) => each !== undefined),
  );
}

function readSlo(
  source: DefinitionSource,
  index: number,
  item: unknown,
  head: FileHead | undefined,
): Found | undefined {
  const at: Path = ['slos', index];
  const result = sloSchema.safeParse(item);
  source.reportIssues(result.error, at);
  let isFit = true;
  checkSlo(toDraft(item), (path, message) => {
    isFit = false;
    source.report([...at, ...path], message);
  });
  if (!result.success || !isFit || !head) return undefined;
  const place = { file: source.file, line: source.lineOf([...at, 'name']) };
  return {
    slo: toSlo(result.data, head, place),
    reportName: (message) => source.report([...at, 'name'], message),
  };
}

/** The item once a stream, with the stream's names in place; the item itself where it is not for each stream. */
function expand(
  item: unknown,
  streams: readonly StreamNames[],
  report: (path: Path, message: string) => void,
): unknown[] {
  const wanted = isRecord(item) ? item['for_each_stream'] : undefined;
  if (wanted !== true && !Array.isArray(wanted)) return [item];
  const names: unknown[] = wanted === true ? streams.map((each) => each.name) : wanted;
  return names.flatMap((name, index) => {
    const stream = streams.find((each) => each.name === name);
    if (stream) return [fill(item, stream, [])];
    const known = streams.map((each) => each.name).join(', ') || 'none';
    report(['for_each_stream', index], `expected the name of a stream, one of ${known}`);
    return [];
  });
}

function fill(value: unknown, stream: StreamNames, path: Path): unknown {
  if (typeof value === 'string') {
    // A stream's name may hold an underscore, which a DNS label may not.
    const name = path[0] === 'name' ? stream.name.replaceAll('_', '-') : stream.name;
    return value.replaceAll('{stream}', name).replaceAll('{subscription}', stream.subscription);
  }
  if (Array.isArray(value)) return value.map((each, index) => fill(each, stream, [...path, index]));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, fill(each, stream, [...path, key])]),
  );
}

function toDraft(item: unknown): Partial<SloFile> {
  const fields = isRecord(item) ? item : {};
  const parts: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(sloSchema.shape)) {
    const result = schema.safeParse(fields[key]);
    if (result.success) parts[key] = result.data;
  }
  return parts;
}

function toSlo(file: SloFile, head: FileHead, place: Slo['place']): Slo {
  const objective = parseObjective(file.objective);
  if (!objective) throw new AppError('internal', `The objective ${file.objective} passed unread.`);
  const indicator = toIndicator(file.indicator);
  const budgeting = indicator.kind === 'slices' ? 'timeslices' : 'occurrences';
  const meaning = [objective.percent.text, file.window, indicator];
  return {
    name: file.name,
    title: file.title,
    service: file.service ?? head.service,
    owner: file.owner ?? head.owner,
    description: file.description,
    userImpact: file.user_impact,
    playbook: file.playbook,
    labels: file.labels,
    objective,
    windowMs: file.window,
    budgeting,
    indicator,
    tiers: file.tiers
      .map(tierDraft)
      .filter((each) => each !== undefined)
      .map((each) => deriveTier(each, file.window, objective)),
    guard: {
      validCountMin: file.low_traffic.min_events,
      badCountMin: file.low_traffic.min_bad_events,
    },
    noData: file.no_data,
    revision: createHash('sha256')
      .update(JSON.stringify(meaning))
      .digest('hex')
      .slice(0, REVISION_LENGTH),
    place,
  };
}

function toIndicator({ ratio, at_or_below: atOrBelow, slices }: SloFile['indicator']): Indicator {
  if (ratio) {
    const part = ratio.bad ? 'bad' : 'good';
    return { kind: 'ratio', part, counted: (ratio.bad ?? ratio.good)!, valid: ratio.valid };
  }
  if (atOrBelow) {
    return { kind: 'atOrBelow', histogram: atOrBelow.histogram, bound: atOrBelow.at_most };
  }
  if (!slices) throw new AppError('internal', 'An indicator without a kind passed unread.');
  return {
    kind: 'slices',
    gauge: slices.gauge,
    bound: slices.at_most,
    sliceMs: slices.slice,
    ...(slices.presence ? { presence: slices.presence } : {}),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
