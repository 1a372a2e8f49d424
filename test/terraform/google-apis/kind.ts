/** A kind of resource: where it lies, how it is named, and what the API makes of what it is sent. */
import type { Cloud } from './cloud.ts';
import type { Json } from './json.ts';

export interface Kind {
  /** The API by the first word of its host: `pubsub`. */
  readonly api: string;
  /** The base of its paths: `v1`. */
  readonly base: string;
  /** Names of the collection, with a star in the place of an id. */
  readonly collection: string;
  /** Where the id of a new one comes from: its PUT, a parameter of the query, the server, or the body. */
  readonly id:
    'put' | 'server' | { readonly query: string } | ((body: Json, cloud: Cloud) => string);
  /** Creating, changing and deleting answer with an operation. */
  readonly isLongRunning?: boolean;
  /** The field of an update that holds the resource. */
  readonly wrapper?: string;
  /** `name` has the number of the project. */
  readonly isNamedByNumber?: boolean;
  /** An update with another etag than the stored one is refused. */
  readonly isEtagChecked?: boolean;
  /** Answers are as they are stored: this API says its defaults. */
  readonly saysDefaults?: boolean;
  /**
   * What is stored: the resource with the fields that the server adds.
   * @throws ApiError where the API refuses
   */
  readonly complete?: (resource: Json, written: Written) => Json;
  /** What else changes when one is deleted. @throws ApiError where the API refuses */
  readonly remove?: (resource: Json, written: Written) => void;
}

export interface Written {
  readonly cloud: Cloud;
  /** `projects/P/topics/T`. */
  readonly name: string;
  readonly id: string;
  readonly before: Json | undefined;
  readonly query: URLSearchParams;
}
