/** The shipped definitions, as the command reads them. */
import { join } from 'node:path';
import { loadDashboards } from '../../dashboards/index.ts';
import type { Dashboard, Subjects } from '../../dashboards/index.ts';
import { sloStreams } from '../../cli/slos.ts';
import { loadSlos } from '../../slo/index.ts';
import { loadStreams } from '../../streams/index.ts';

export const ROOT = join(import.meta.dirname, '../..');

/** Streams and SLOs of this tree. */
export function shippedSubjects(): Subjects {
  const streams = sloStreams(loadStreams(join(ROOT, 'streams')));
  return { streams, slos: loadSlos(join(ROOT, 'slo'), streams) };
}

export function shippedDashboards(): readonly Dashboard[] {
  return loadDashboards(join(ROOT, 'dashboards'), shippedSubjects());
}
