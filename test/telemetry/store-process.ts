/** A process that appends to the store at its path and says how far it is, until it is killed. */
import { silentLogger } from '../../runtime/index.ts';
import { openMetricStore } from '../../telemetry/index.ts';
import { samplesAt } from './file-samples.ts';

const FROM_MS = Date.UTC(2026, 0, 5);
const { store } = openMetricStore({ path: process.argv[2] ?? '', logger: silentLogger });
for (let at = 0; ; at++) {
  store.append('t', FROM_MS + at * 10_000, samplesAt(at));
  process.send?.(at);
  if (at % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
}
