/** Sorted runs of keys in a SQLite file, a page a row: written from the lowest key to the highest, then only read. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { DamagedIndexError } from './duckdb-errors.ts';
import { KeyFilter } from './key-filter.ts';

/** Fills one page of `PAGE_BYTES` together with SQLite's own bytes, so that a page of keys is read by one access. */
const PAGE_KEYS = 1_016;
/** Of the SQLite file. */
export const PAGE_BYTES = 16_384;
/** Pages that a run may have: a thousand million keys. */
const PAGES_MAX = 2 ** 20;
/** A larger run has no filter and costs each look-up a page: filters take 2 bytes a key, 64 MiB at most a run. */
const FILTERED_KEYS_MAX = 2 ** 25;

export const PAGES_SCHEMA =
  'create table if not exists runs (id integer primary key, stream text, level integer, fences blob, filter blob);' +
  'create table if not exists pages (id integer primary key, entries blob)';

/** A finished run; what memory keeps of it. */
export interface Run {
  readonly id: number;
  readonly level: number;
  /** The first key of each page. */
  readonly fences: Float64Array;
  readonly filter: KeyFilter | undefined;
}

/** At least as many keys as the run has. */
export function keyCountMax({ fences }: Run): number {
  return fences.length * PAGE_KEYS;
}

interface Page {
  readonly keys: Float64Array;
  readonly sequences: Float64Array;
}

export class KeyPages {
  readonly #database: DatabaseSync;
  readonly #read: StatementSync;
  readonly #write: StatementSync;
  readonly #deleteSome: StatementSync;
  #nextRunId: number;

  /** Throws away what unfinished runs left behind. */
  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#read = database.prepare('select entries from pages where id = ?');
    this.#write = database.prepare('insert into pages values (?, ?)');
    this.#deleteSome = database.prepare(
      'delete from pages where id in (select id from pages where id >= ? and id < ? limit ?)',
    );
    const last = database.prepare('select max(id) as id from runs').get();
    this.#nextRunId = Number(last?.['id'] ?? 0) + 1;
    this.#sweep();
  }

  /** The runs of a stream, oldest first. */
  load(stream: string): Run[] {
    const select = 'select id, level, fences, filter from runs where stream = ? order by id';
    return this.#database
      .prepare(select)
      .all(stream)
      .map((row) => ({
        id: Number(row['id']),
        level: Number(row['level']),
        fences: new Float64Array(bufferOf(row['fences'])),
        filter:
          row['filter'] === null
            ? undefined
            : new KeyFilter(new Uint32Array(bufferOf(row['filter']))),
      }));
  }

  /** Adds the sequences of `key` in a run to `found`. */
  find(run: Run, key: number, found: number[]): void {
    if (run.filter && !run.filter.mayHave(key)) return;
    // A key may stand on both sides of a border between pages.
    const first = Math.max(0, lowerBound(run.fences, key) - 1);
    for (let at = first; at < run.fences.length && run.fences[at]! <= key; at++) {
      const { keys, sequences } = this.#page(run, at);
      for (let slot = lowerBound(keys, key); keys[slot] === key; slot++) {
        found.push(sequences[slot]!);
      }
    }
  }

  reader(run: Run): RunReader {
    return new RunReader(run, (at) => this.#page(run, at));
  }

  /** Writes a run of at most `roomCount` keys. */
  writer(roomCount: number): RunWriter {
    const runId = this.#nextRunId++;
    const filter = roomCount > FILTERED_KEYS_MAX ? undefined : KeyFilter.withRoomFor(roomCount);
    return new RunWriter(runId, filter, (at, entries) => {
      this.#write.run(runId * PAGES_MAX + at, new Uint8Array(entries.buffer));
    });
  }

  /** Makes a written run one that is read, in the place of `replaced`, whose pages `deletePages` frees afterwards. */
  publish(stream: string, run: Run, replaced: readonly Run[]): void {
    const { id, level, fences, filter } = run;
    this.#database
      .prepare('insert into runs values (?, ?, ?, ?, ?)')
      .run(id, stream, level, bytesOf(fences), filter ? bytesOf(filter.words) : null);
    const remove = this.#database.prepare('delete from runs where id = ?');
    for (const { id: replacedId } of replaced) remove.run(replacedId);
  }

  /** Frees up to `countMax` pages of a run that is read no more; true where none is left. */
  deletePages(runId: number, countMax: number): boolean {
    const from = runId * PAGES_MAX;
    return Number(this.#deleteSome.run(from, from + PAGES_MAX, countMax).changes) < countMax;
  }

  #page(run: Run, at: number): Page {
    const row = this.#read.get(run.id * PAGES_MAX + at);
    if (!row) throw new DamagedIndexError(`page ${at} of run ${run.id} is missing`);
    const entries = new Float64Array(bufferOf(row['entries']));
    const keyCount = entries.length / 2;
    return { keys: entries.subarray(0, keyCount), sequences: entries.subarray(keyCount) };
  }

  #sweep(): void {
    const isRun = this.#database.prepare('select 1 from runs where id = ?');
    const next = this.#database.prepare('select id from pages where id >= ? order by id limit 1');
    for (let row = next.get(0); row;) {
      const runId = Math.floor(Number(row['id']) / PAGES_MAX);
      if (!isRun.get(runId)) this.deletePages(runId, PAGES_MAX);
      this.#nextRunId = Math.max(this.#nextRunId, runId + 1);
      row = next.get((runId + 1) * PAGES_MAX);
    }
  }
}

/** Goes through a run from its lowest key; `isDone` behind the last. */
export class RunReader {
  readonly #run: Run;
  readonly #load: (at: number) => Page;
  #pageAt = 0;
  #page: Page;
  #slot = 0;
  key: number;
  isDone = false;

  constructor(run: Run, load: (at: number) => Page) {
    this.#run = run;
    this.#load = load;
    this.#page = load(0);
    this.key = this.#page.keys[0]!;
  }

  get sequence(): number {
    return this.#page.sequences[this.#slot]!;
  }

  next(): void {
    this.#slot++;
    if (this.#slot === this.#page.keys.length) {
      this.#pageAt++;
      this.#slot = 0;
      if (this.#pageAt === this.#run.fences.length) {
        this.isDone = true;
        return;
      }
      this.#page = this.#load(this.#pageAt);
    }
    this.key = this.#page.keys[this.#slot]!;
  }
}

/** Takes keys in rising order. */
export class RunWriter {
  readonly runId: number;
  readonly #filter: KeyFilter | undefined;
  readonly #store: (at: number, entries: Float64Array) => void;
  readonly #fences: number[] = [];
  readonly #keys = new Float64Array(PAGE_KEYS);
  readonly #sequences = new Float64Array(PAGE_KEYS);
  #count = 0;

  constructor(
    runId: number,
    filter: KeyFilter | undefined,
    store: (at: number, entries: Float64Array) => void,
  ) {
    this.runId = runId;
    this.#filter = filter;
    this.#store = store;
  }

  /** A pair that was just added is kept once. */
  add(key: number, sequence: number): void {
    const last = this.#count - 1;
    if (this.#keys[last] === key && this.#sequences[last] === sequence) return;
    if (this.#count === PAGE_KEYS) this.#storePage();
    this.#keys[this.#count] = key;
    this.#sequences[this.#count] = sequence;
    this.#count++;
    this.#filter?.add(key);
  }

  /** The run, to be published. */
  finish(level: number): Run {
    if (this.#count > 0) this.#storePage();
    const fences = Float64Array.from(this.#fences);
    return { id: this.runId, level, fences, filter: this.#filter };
  }

  #storePage(): void {
    const entries = new Float64Array(this.#count * 2);
    entries.set(this.#keys.subarray(0, this.#count));
    entries.set(this.#sequences.subarray(0, this.#count), this.#count);
    this.#store(this.#fences.length, entries);
    this.#fences.push(this.#keys[0]!);
    this.#count = 0;
  }
}

/** The first place whose value is at least `key`; the length where none is. */
function lowerBound(values: Float64Array, key: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A blob's own memory, aligned for any typed array. */
function bufferOf(blob: unknown): ArrayBuffer {
  if (!(blob instanceof Uint8Array)) throw new DamagedIndexError('a blob is missing');
  return Uint8Array.from(blob).buffer;
}

function bytesOf(values: Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
