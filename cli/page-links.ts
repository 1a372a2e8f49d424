/** Where a page leads: its incident, its playbook and a trace of it, as people reach them from outside. */
import type { ExampleTrace, NotificationLinks } from '../alerts/index.ts';
import type { Config } from '../runtime/index.ts';
import { isLoopbackHost } from '../telemetry/index.ts';

type LinkConfig = Pick<
  Config,
  | 'GOOGLE_CLOUD_PROJECT'
  | 'HIGHWATER_HOST'
  | 'HIGHWATER_PUBLIC_URL'
  | 'METRICS_SOURCE'
  | 'PORT'
  | 'TELEMETRY_EXPORTER'
>;

const CLOUD_CONSOLE = 'https://console.cloud.google.com';

/** Links of an incident's notifications; what has no address that people can reach is left out. */
export function incidentLinks(
  config: LinkConfig,
  incidentId: string,
  example: ExampleTrace | undefined,
): NotificationLinks {
  const base = publicUrl(config);
  const page = base && `${base}/console/incidents/${encodeURIComponent(incidentId)}`;
  return {
    ...(page ? { dashboard: page, playbook: `${page}#playbook` } : cloudDashboards(config)),
    ...(example?.url === undefined ? {} : { trace: example.url }),
  };
}

/** The page of a trace: Cloud Trace's where traces go there, else the console's. */
export function traceUrl(config: LinkConfig, traceId: string, spanId: string): string | undefined {
  if (config.TELEMETRY_EXPORTER === 'google') {
    // The console's own form of it: the selection stands in the path, after semicolons.
    return `${CLOUD_CONSOLE}/traces/explorer;traceId=${traceId};spanId=${spanId}?${projectOf(config)}`;
  }
  const base = publicUrl(config);
  return base && `${base}/console/traces/${traceId}`;
}

/** Without a public address there are still Cloud Monitoring's dashboards, where its metrics are. */
function cloudDashboards(config: LinkConfig): NotificationLinks {
  return config.METRICS_SOURCE === 'google'
    ? { dashboard: `${CLOUD_CONSOLE}/monitoring/dashboards?${projectOf(config)}` }
    : {};
}

/** On a laptop, whoever reads the page is at the machine that serves the console. */
function publicUrl({
  HIGHWATER_PUBLIC_URL: given,
  HIGHWATER_HOST: host,
  PORT: port,
}: LinkConfig): string | undefined {
  if (given !== '') return given.replace(/\/+$/, '');
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return port !== 0 && isLoopbackHost(address) ? `http://${address}` : undefined;
}

function projectOf({ GOOGLE_CLOUD_PROJECT: project }: LinkConfig): string {
  return `project=${encodeURIComponent(project)}`;
}
