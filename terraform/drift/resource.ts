/** A resource of Cloud Monitoring, as it is defined and as it is deployed. */

export type Json = { readonly [key: string]: unknown };

export const RESOURCE_KINDS = [
  'service',
  'SLO',
  'alert policy',
  'notification channel',
  'uptime check',
  'dashboard',
] as const;
export type ResourceKind = (typeof RESOURCE_KINDS)[number];

/** `alert policies`. */
export function pluralOf(kind: ResourceKind): string {
  return `${kind}s`.replace(/ys$/, 'ies');
}

export interface DefinedResource {
  readonly kind: ResourceKind;
  /** Its key in Terraform: `api-availability-page`. */
  readonly name: string;
  /** Names by which the deployed one is found, the surest first. */
  readonly keys: readonly string[];
  /** As the REST API takes it; channels of a policy by `channelLabel`. */
  readonly body: Json;
}

export interface DeployedResource {
  readonly kind: ResourceKind;
  /** `projects/P/alertPolicies/123`. */
  readonly resource: string;
  /** As the REST API answers. */
  readonly body: Json;
}

/** A channel by what people call it: ids are given by the server. */
export function channelLabel(type: string, displayName: string): string {
  return `${type} ${JSON.stringify(displayName)}`;
}

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function jsonOf(value: unknown): Json {
  return isJson(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
