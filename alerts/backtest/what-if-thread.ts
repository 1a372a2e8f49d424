/** A what-if in a thread of its own, so that requests and evaluations go on beside it. */
import { Worker } from 'node:worker_threads';
import { AppError } from '../../runtime/index.ts';
import type { Clock } from '../../runtime/index.ts';
import type { WhatIfAnswer, WhatIfQuestion } from './what-if.ts';
import type { WhatIfMessage } from './what-if-worker.ts';

/** Twenty times what a week in steps of two minutes takes. */
const DEADLINE_MS = 30_000;
/** A week of counts of one SLO is some megabytes. */
const HEAP_MB_MAX = 256;

/** @throws AppError `invalid_argument` as `whatIf`; `deadline_exceeded`; `internal` */
export async function whatIfInThread(
  question: WhatIfQuestion,
  clock: Clock,
): Promise<WhatIfAnswer> {
  const worker = new Worker(new URL('./what-if-worker.ts', import.meta.url), {
    workerData: question,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
  });
  const said = new Promise<WhatIfMessage>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread ended without an answer')));
  });
  const waited = new AbortController();
  const late = clock.sleep(DEADLINE_MS, waited.signal).then(() => undefined);
  try {
    const message = await Promise.race([said, late]);
    if (message === undefined) {
      throw new AppError('deadline_exceeded', `It took longer than ${DEADLINE_MS / 1_000} s.`);
    }
    if (message.kind === 'answer') return message.answer;
    throw new AppError(
      message.kind === 'refused' ? 'invalid_argument' : 'internal',
      message.reason,
    );
  } finally {
    waited.abort();
    said.catch(() => undefined);
    await worker.terminate();
  }
}
