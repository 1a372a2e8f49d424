/** The thread in which a what-if is worked out: one question, one answer, then it ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { isAppError, messageOf } from '../../runtime/index.ts';
import { whatIf } from './what-if.ts';
import type { WhatIfAnswer, WhatIfQuestion } from './what-if.ts';

/** What the thread says. */
export type WhatIfMessage =
  | { readonly kind: 'answer'; readonly answer: WhatIfAnswer }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

if (parentPort) {
  const port = parentPort;
  const message: WhatIfMessage = await whatIf(workerData as WhatIfQuestion).then(
    (answer) => ({ kind: 'answer', answer }),
    (error: unknown) => ({
      kind: isAppError(error, 'invalid_argument') ? 'refused' : 'failed',
      reason: messageOf(error),
    }),
  );
  port.postMessage(message);
}
