/** The keys of one stream: the newest in memory, the others in sorted runs that are merged a little at each insert. */
import { keyCountMax } from './key-pages.ts';
import type { KeyPages, Run, RunReader, RunWriter } from './key-pages.ts';
import { RECENT_KEYS_MAX, RecentKeys } from './recent-keys.ts';

/**
 * Runs of a level that are merged into one of the next, four times as large. At ten million keys (153 runs' worth) a
 * look-up asks some six filters and a key has been written four times; both grow with the logarithm of the count.
 */
const MERGED_RUNS = 4;
/**
 * Keys merged for each key that is inserted. One a level would do for ever, as many levels hold 10^10 keys; and the
 * lowest merge goes first, so a level never waits for a larger one and holds eight runs at most.
 */
const MERGED_KEYS_PER_INSERT = 16;
/** Pages freed at each insert; a batch of 4,096 keys writes 65 at most. */
const FREED_PAGES_PER_INSERT = 128;

interface Merge {
  readonly level: number;
  readonly inputs: readonly Run[];
  readonly readers: readonly RunReader[];
  readonly writer: RunWriter;
}

/** Who calls the methods that write does so in a transaction; where it fails, `abandonMerges` follows. */
export class KeyRuns {
  readonly #stream: string;
  readonly #pages: KeyPages;
  readonly #recent = new RecentKeys();
  #runs: Run[];
  /** By level. */
  readonly #merges = new Map<number, Merge>();
  /** Runs whose pages are to be freed. */
  #freed: number[] = [];

  constructor(stream: string, pages: KeyPages) {
    this.#stream = stream;
    this.#pages = pages;
    this.#runs = pages.load(stream);
  }

  /** Keys that fit before `writeRecent` has to make room. */
  get roomCount(): number {
    return RECENT_KEYS_MAX - this.#recent.count;
  }

  /** Runs on disk. */
  get runCount(): number {
    return this.#runs.length;
  }

  /** Filters, borders of pages and the newest keys; those of a merge under way come on top. */
  get memoryBytes(): number {
    return this.#runs.reduce(
      (sum, { fences, filter }) => sum + fences.byteLength + (filter?.words.byteLength ?? 0),
      this.#recent.memoryBytes,
    );
  }

  /** Sequences added under `key`. */
  find(key: number): readonly number[] {
    const found: number[] = [];
    this.#recent.find(key, found);
    for (const run of this.#runs) this.#pages.find(run, key, found);
    return found;
  }

  /** In memory only. */
  add(key: number, sequence: number): void {
    this.#recent.add(key, sequence);
  }

  /** Makes a run of what is in memory. The caller then calls `forgetRecent`, once the transaction is committed. */
  writeRecent(): Run | undefined {
    if (this.#recent.count === 0) return undefined;
    const { keys, sequences } = this.#recent.sorted();
    const writer = this.#pages.writer(keys.length);
    for (let at = 0; at < keys.length; at++) writer.add(keys[at]!, sequences[at]!);
    const run = writer.finish(0);
    this.#pages.publish(this.#stream, run, []);
    return run;
  }

  /** `run` is committed and stands for what was in memory. */
  forgetRecent(run: Run): void {
    this.#runs.push(run);
    this.#recent.clear();
  }

  /** Whether `merge` has something to do. */
  get isMergeDue(): boolean {
    return this.#freed.length > 0 || this.#merges.size > 0 || this.#dueLevel() !== undefined;
  }

  /** Does the share of merging and freeing that `insertedCount` new keys stand for. */
  merge(insertedCount: number): void {
    const freed = this.#freed[0];
    if (freed !== undefined && this.#pages.deletePages(freed, FREED_PAGES_PER_INSERT)) {
      this.#freed.shift();
    }
    for (let level = this.#dueLevel(); level !== undefined; level = this.#dueLevel()) {
      this.#startMerge(level);
    }
    let left = insertedCount * MERGED_KEYS_PER_INSERT;
    for (const merge of [...this.#merges.values()].toSorted((a, b) => a.level - b.level)) {
      if (left <= 0) break;
      left = this.#advance(merge, left);
    }
  }

  /** After a transaction that failed: what it had merged is gone, and the file says which runs there are. */
  abandonMerges(): void {
    for (const { writer } of this.#merges.values()) this.#freed.push(writer.runId);
    this.#merges.clear();
    this.#runs = this.#pages.load(this.#stream);
    this.#freed = this.#freed.filter((freed) => this.#runs.every(({ id }) => id !== freed));
  }

  /** A level with enough runs and no merge under way. */
  #dueLevel(): number | undefined {
    const counts = new Map<number, number>();
    for (const { level } of this.#runs) {
      const count = (counts.get(level) ?? 0) + 1;
      if (count === MERGED_RUNS && !this.#merges.has(level)) return level;
      counts.set(level, count);
    }
    return undefined;
  }

  #startMerge(level: number): void {
    const inputs = this.#runs.filter((run) => run.level === level).slice(0, MERGED_RUNS);
    const readers = inputs.map((run) => this.#pages.reader(run));
    const roomCount = inputs.reduce((sum, run) => sum + keyCountMax(run), 0);
    this.#merges.set(level, { level, inputs, readers, writer: this.#pages.writer(roomCount) });
  }

  /** Merges up to `left` keys; returns how many of them are left over. */
  #advance({ level, inputs, readers, writer }: Merge, left: number): number {
    for (; left > 0; left--) {
      let least: RunReader | undefined;
      for (const reader of readers) {
        if (!reader.isDone && (least === undefined || reader.key < least.key)) least = reader;
      }
      if (least === undefined) {
        const merged = writer.finish(level + 1);
        this.#pages.publish(this.#stream, merged, inputs);
        this.#merges.delete(level);
        this.#runs = this.#runs.filter((run) => !inputs.includes(run));
        this.#runs.push(merged);
        this.#freed.push(...inputs.map(({ id }) => id));
        return left;
      }
      writer.add(least.key, least.sequence);
      least.next();
    }
    return 0;
  }
}
