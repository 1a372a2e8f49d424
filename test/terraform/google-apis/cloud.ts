/** What the stand-in keeps: one project with its resources, grants, enabled APIs and metrics. */
import { ApiError } from './api-error.ts';
import type { Fault } from './fault.ts';
import type { Json } from './json.ts';

export const TOKEN = 'stand-in';

/** On in every project that bootstrap has seen. Source: terraform/bootstrap/main.tf. */
const BOOTSTRAPPED = [
  'cloudresourcemanager',
  'iam',
  'iamcredentials',
  'secretmanager',
  'serviceusage',
  'storage',
  'sts',
];

export interface CloudOptions {
  readonly projectId: string;
  readonly projectNumber: number;
  /** Accounts that were made before, such as the deployer of bootstrap. */
  readonly accounts?: readonly string[];
  /** Values by `SECRET/VERSION`, put in by people. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** APIs that are on, by the first word of their host; those that bootstrap switches on where it is absent. */
  readonly enabled?: readonly string[];
}

export class Cloud {
  readonly projectId: string;
  readonly projectNumber: number;
  /** By name: `pubsub/projects/P/topics/T`. Names have the project's id, however it was called. */
  readonly resources = new Map<string, Json>();
  readonly policies = new Map<string, Json>();
  readonly enabled: Set<string>;
  readonly accounts: Set<string>;
  readonly secrets: Readonly<Record<string, string>>;
  /** Types of metrics of the project's own that Cloud Monitoring has seen. */
  readonly seenMetrics = new Set<string>();
  /** Whether a bearer token is taken. */
  takesToken = (token: string): boolean => token === TOKEN;
  /** Of a list, however many are asked for. */
  pageSizeMax = 1_000;
  /** What a request gets instead of its answer: `GET monitoring/v3/…`. */
  faultOf: (line: string) => Fault | undefined = () => undefined;
  #count = 0;

  constructor(options: CloudOptions) {
    const { projectId, projectNumber, accounts = [], secrets = {} } = options;
    this.projectId = projectId;
    this.projectNumber = projectNumber;
    this.accounts = new Set(accounts);
    this.secrets = secrets;
    const { enabled = BOOTSTRAPPED } = options;
    this.enabled = new Set(enabled.map((name) => `${name}.googleapis.com`));
  }

  /** A number that no other call gives: ids that a server assigns, etags, generations. */
  next(): number {
    this.#count += 1;
    return this.#count;
  }

  /** @throws ApiError 404 */
  need(key: string, message = `Resource not found: ${key}`): Json {
    const found = this.resources.get(key);
    if (!found) throw new ApiError(404, message);
    return found;
  }

  /** @throws ApiError 400 where a member is an account of this project that is not there (yet), as IAM answers. */
  checkMember(member: string): void {
    const email = /^serviceAccount:(.*)$/.exec(member)?.[1];
    if (!email?.endsWith(`@${this.projectId}.iam.gserviceaccount.com`)) return;
    if (!this.accounts.has(email)) {
      throw new ApiError(400, `Service account ${email} does not exist.`);
    }
  }
}
