/** Drift: how what is deployed differs from what is defined. */
import { namePrefix, policyKey } from './defined-resources.ts';
import { differencesOf } from './differences.ts';
import type { FieldDifference } from './differences.ts';
import { channelNames, normalForm } from './normal-form.ts';
import { channelLabel, jsonOf, RESOURCE_KINDS, stringOf } from './resource.ts';
import type { DefinedResource, DeployedResource, Json, ResourceKind } from './resource.ts';

export type DriftFinding =
  | { readonly finding: 'missing'; readonly kind: ResourceKind; readonly name: string }
  /** Named or labelled as Highwater's for this environment, and not defined. */
  | {
      readonly finding: 'not defined';
      readonly kind: ResourceKind;
      readonly name: string;
      readonly resource: string;
    }
  | {
      readonly finding: 'changed';
      readonly kind: ResourceKind;
      readonly name: string;
      readonly resource: string;
      readonly fields: readonly FieldDifference[];
    };

/** What all dashboards of Highwater are called first. */
const DASHBOARD_PREFIX = 'Highwater: ';

/** In the order of the kinds, then by name. Deployed resources of others are passed over. */
export function driftOf(
  defined: readonly DefinedResource[],
  deployed: readonly DeployedResource[],
  environment: string,
): readonly DriftFinding[] {
  const channelOf = channelNames(deployed.filter(({ kind }) => kind === 'notification channel'));
  return RESOURCE_KINDS.flatMap((kind) => {
    const wanted = defined
      .filter((each) => each.kind === kind)
      .map((each) => ({ ...each, form: normalForm(kind, each.body, (label) => label) }));
    const left = deployed
      .filter((each) => each.kind === kind)
      .map((each) => ({
        ...each,
        keys: keysOf(each, environment),
        form: normalForm(kind, each.body, channelOf),
      }));
    const found = pairs(wanted, left);
    const findings = wanted.map((each): DriftFinding | undefined => {
      const partner = found.get(each);
      const { name } = each;
      if (!partner) return { finding: 'missing', kind, name };
      const fields = differencesOf(partner.form, each.form);
      const { resource } = partner;
      return fields.length === 0 ? undefined : { finding: 'changed', kind, name, resource, fields };
    });
    const matched = new Set(found.values());
    const extra = left
      .filter((each) => !matched.has(each) && isOurs(each, environment))
      .map(({ resource, body }): DriftFinding => {
        const name = stringOf(body['displayName']) || resource;
        return { finding: 'not defined', kind, name, resource };
      });
    return [...findings.filter((each) => each !== undefined), ...extra].toSorted((a, b) =>
      a.name < b.name ? -1 : a.name > b.name ? 1 : 0,
    );
  });
}

type Wanted = DefinedResource & { readonly form: Json };
type Found = DeployedResource & { readonly keys: readonly string[]; readonly form: Json };

/** By the surest key first; of several with the same key the one that differs least, so that a copy is the one too many. */
function pairs(wanted: readonly Wanted[], deployed: readonly Found[]): ReadonlyMap<Wanted, Found> {
  const found = new Map<Wanted, Found>();
  const taken = new Set<Found>();
  const ranks = Math.max(0, ...wanted.map(({ keys }) => keys.length));
  for (let rank = 0; rank < ranks; rank++) {
    for (const each of wanted) {
      const key = each.keys[rank];
      if (key === undefined || found.has(each)) continue;
      const [nearest] = deployed
        .filter((candidate) => !taken.has(candidate) && candidate.keys[rank] === key)
        .map((candidate) => ({
          candidate,
          count: differencesOf(candidate.form, each.form).length,
        }))
        .toSorted((a, b) => a.count - b.count);
      if (!nearest) continue;
      found.set(each, nearest.candidate);
      taken.add(nearest.candidate);
    }
  }
  return found;
}

/** In the order of `DefinedResource.keys`. */
function keysOf({ kind, resource, body }: DeployedResource, environment: string): string[] {
  const displayName = stringOf(body['displayName']);
  switch (kind) {
    case 'service':
    case 'SLO':
      return [resource.split('/').at(-1) ?? ''];
    case 'alert policy': {
      const labels = jsonOf(body['userLabels']);
      const key = policyKey(stringOf(labels['policy']), stringOf(labels['route']));
      return [labels['environment'] === environment ? key : '', displayName];
    }
    case 'notification channel': {
      const label = channelLabel(stringOf(body['type']), displayName);
      return [label, stringOf(jsonOf(body['labels'])['email_address'])];
    }
    case 'uptime check':
    case 'dashboard':
      break;
  }
  return [displayName];
}

function isOurs({ kind, body }: DeployedResource, environment: string): boolean {
  const displayName = stringOf(body['displayName']);
  switch (kind) {
    // Other services of the project are somebody else's; of ours every SLO was read.
    case 'service':
      return false;
    case 'SLO':
      return true;
    case 'alert policy': {
      const labels = jsonOf(body['userLabels']);
      return labels['environment'] === environment && 'policy' in labels && 'route' in labels;
    }
    case 'notification channel':
    case 'uptime check':
      return displayName.startsWith(namePrefix(environment));
    case 'dashboard':
      break;
  }
  return displayName.startsWith(DASHBOARD_PREFIX);
}
