/** Samples this process and other targets at an interval into the metric store. */
import type { Clock, Logger, Timer } from '../runtime/index.ts';
import { messageOf } from '../runtime/index.ts';
import { eachOf } from './bounded-work.ts';
import { storedSamples } from './metric-store.ts';
import type { MetricStore, StoredSample } from './metric-store.ts';
import type { MetricFamily } from './sample.ts';
import { instanceOf, scrapeTarget } from './scrape-target.ts';
import { withTarget } from './scrape-text.ts';
import type { Labels } from './signal.ts';

/** Label `job` of everything sampled. */
const JOB = 'highwater';
/** A target that takes longer is down; less than the interval, so that scrapes of one target never meet. */
const TIMEOUT_MAX_MS = 10_000;
const TIMEOUT_RATIO = 0.8;
/** Targets asked at once. */
const CONCURRENCY_MAX = 8;
/** A scrape that starts this near to a due instant counts as of that instant; regular instants take no room. */
const NEAR_RATIO = 0.05;

export interface SamplerOptions {
  readonly store: MetricStore;
  readonly intervalMs: number;
  /** This process, read without a request. */
  readonly own?: { readonly instance: string; readonly collect: Collect };
  /** URLs of metrics pages of other processes. */
  readonly targets: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
}

type Collect = () => Promise<readonly MetricFamily[]>;

export interface Sampler {
  close(): Promise<void>;
}

/** Scrapes at whole multiples of the interval since 1970, the first at once, until closed. */
export function startSampler(options: SamplerOptions): Sampler {
  const { store, intervalMs, own, targets, clock, logger } = options;
  const timeoutMs = Math.min(TIMEOUT_MAX_MS, Math.floor(intervalMs * TIMEOUT_RATIO));
  const down = new Set<string>();
  let isRefusalSaid = false;
  let isClosed = false;
  let timer: Timer | undefined;

  const scrape = async (target: string, instance: string, ask: () => Promise<StoredSample[]>) => {
    const atMs = dueInstant(clock.nowMs(), intervalMs);
    const labels = { instance, job: JOB };
    let samples: StoredSample[] = [];
    let isUp = 1;
    try {
      samples = (await ask()).map((each) => ({ ...each, labels: withTarget(each.labels, labels) }));
      if (down.delete(target)) logger.info('target_up', { target });
    } catch (error) {
      isUp = 0;
      if (!down.has(target)) logger.warn('target_down', { target, message: messageOf(error) });
      down.add(target);
    }
    if (isClosed) return;
    const { refusedCount } = store.append(target, atMs, [...samples, upSample(labels, isUp)]);
    if (refusedCount > 0 && !isRefusalSaid) {
      isRefusalSaid = true;
      logger.warn('series_refused', {
        message: `The metric store takes ${store.limits.seriesMax} series; others are left out`,
        target,
        refusedCount,
      });
    }
  };

  const scrapeAll = async () => {
    const jobs = targets.map(
      (url) => () => scrape(url, instanceOf(url), () => scrapeTarget(url, timeoutMs, clock)),
    );
    if (own) jobs.unshift(() => scrape('own', own.instance, () => collected(own.collect)));
    await eachOf(jobs, CONCURRENCY_MAX, (job) => job());
  };

  let running = Promise.resolve();
  const next = () => {
    running = scrapeAll().then(() => {
      if (isClosed) return;
      timer = clock.setTimer(untilNext(clock.nowMs(), intervalMs), next, true);
    });
  };
  next();
  return {
    async close() {
      isClosed = true;
      timer?.cancel();
      await running;
    },
  };
}

async function collected(collect: Collect): Promise<StoredSample[]> {
  return [...storedSamples(await collect())];
}

function upSample(labels: Labels, value: number): StoredSample {
  return { name: 'up', labels, value, kind: 'gauge' };
}

/** The multiple of the interval that was due, where it is near: timers fire a little early and a little late. */
function dueInstant(nowMs: number, intervalMs: number): number {
  const dueMs = Math.round(nowMs / intervalMs) * intervalMs;
  return Math.abs(nowMs - dueMs) <= intervalMs * NEAR_RATIO ? dueMs : Math.round(nowMs);
}

/** To the next multiple that is not the one that was just served. */
function untilNext(nowMs: number, intervalMs: number): number {
  const nextMs = Math.ceil((nowMs + intervalMs * NEAR_RATIO) / intervalMs) * intervalMs;
  return nextMs - nowMs;
}
