export { API_SERVICE, cloudSlo } from './cloud-slo.ts';
export type { CloudSlo } from './cloud-slo.ts';
export { DEFINITIONS_PATH, terraformDefinitions, unsayableSlos } from './definitions.ts';
export type { DefinitionsSource } from './definitions.ts';
export { protoSchema } from './stream-definition.ts';
