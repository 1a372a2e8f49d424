/** OpenSLO documents as they were read: fields of any shape, found by kind and name, and how problems in them are told. */

/** A mapping of a document. */
export type Fields = Readonly<Record<string, unknown>>;

/** Adds a problem: where in the document, what was expected, what stands there. */
export type Refuse = (path: string, expected: string, got: unknown) => undefined;

/** The document of that kind and name. */
export function find(
  documents: readonly Fields[],
  kind: string,
  name: unknown,
): Fields | undefined {
  return documents.find((each) => each['kind'] === kind && nameOf(each) === name);
}

/** The `spec` of the document of that kind and name. */
export function findSpec(documents: readonly Fields[], kind: string, name: unknown): unknown {
  return find(documents, kind, name)?.['spec'];
}

/** `metadata.name`. */
export function nameOf(document: Fields): unknown {
  return fieldsOf(document['metadata'])['name'];
}

/** A mapping; an empty one where `value` is none. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : {};
}

/** A list; an empty one where `value` is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What stands there, at most 80 characters of it. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
